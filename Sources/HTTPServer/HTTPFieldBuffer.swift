/// The names and values of fields that are on their way out, one behind the other in one buffer.
///
/// Behind each name stand two bytes with the length of its value, behind each value two with the length of the next name. HTTP/1 has its
/// separators there, ": " and CR LF: its head is this buffer, copied once, with the separators put in.
struct HTTPFieldBuffer: Sendable {
    private var bytes: [UInt8] = []
    private var firstNameLength = 0

    /// The longest value in bytes.
    static let longestValue = Int(UInt16.max)

    private static let lengthSize = 2

    /// Appends a field. The value has been checked, and is not longer than ``longestValue``.
    mutating func append(_ name: StaticString, _ value: Span<UInt8>) {
        let start = begin(name)
        bytes.append(value, 0..<value.count)
        end(valueStart: start)
    }

    /// Appends a field whose value is a number.
    mutating func append(_ name: StaticString, decimal number: Int) {
        let start = begin(name)
        bytes.append(decimal: number)
        end(valueStart: start)
    }

    /// Appends all fields of `other`.
    mutating func append(_ other: HTTPFieldBuffer) {
        guard !other.bytes.isEmpty else { return }
        announceName(of: other.firstNameLength)
        bytes.append(contentsOf: other.bytes)
    }

    /// Calls `body` with the places of every name and value in ``bytes``, in the order in which they were appended.
    func forEach(_ body: (_ name: Range<Int>, _ value: Range<Int>) -> Void) {
        let span = bytes.span
        var (start, length) = (0, firstNameLength)
        while length > 0 {
            let name = start..<start + length
            let valueStart = name.upperBound + Self.lengthSize
            let value = valueStart..<valueStart + span.length(at: name.upperBound)
            body(name, value)
            start = value.upperBound + Self.lengthSize
            length = span.length(at: value.upperBound)
        }
    }

    /// Writes every field as a line of HTTP/1.
    func appendLines(to output: inout [UInt8]) {
        let start = output.count
        output.append(contentsOf: bytes)
        var lines = output.mutableSpan
        forEach { name, value in
            lines[start + name.upperBound] = UInt8(ascii: ":")
            lines[start + name.upperBound + 1] = UInt8(ascii: " ")
            lines[start + value.upperBound] = UInt8(ascii: "\r")
            lines[start + value.upperBound + 1] = UInt8(ascii: "\n")
        }
    }

    // MARK: Lengths

    private mutating func begin(_ name: StaticString) -> Int {
        // Enough for nearly every answer of the gateway: growing would cost a second allocation.
        if bytes.isEmpty { bytes.reserveCapacity(Self.firstCapacity) }
        announceName(of: name.utf8CodeUnitCount)
        bytes.append(name)
        bytes.append("\0\0")
        return bytes.count
    }

    private static let firstCapacity = 480

    private mutating func end(valueStart: Int) {
        setLength(bytes.count - valueStart, at: valueStart - Self.lengthSize)
        bytes.append("\0\0")
    }

    /// A length of zero ends the list, for no name is empty.
    private mutating func announceName(of length: Int) {
        if bytes.isEmpty { firstNameLength = length } else { setLength(length, at: bytes.count - Self.lengthSize) }
    }

    private mutating func setLength(_ length: Int, at index: Int) {
        bytes[index] = UInt8(truncatingIfNeeded: length)
        bytes[index + 1] = UInt8(truncatingIfNeeded: length >> 8)
    }
}

extension Span<UInt8> {
    @inline(__always)
    fileprivate func length(at index: Int) -> Int { Int(self[index]) | Int(self[index + 1]) << 8 }
}
