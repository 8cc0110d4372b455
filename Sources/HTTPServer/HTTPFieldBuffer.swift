/// The names and values of fields that are on their way out, one behind the other in one buffer.
///
/// Behind each name and each value stand two bytes with its length, by which the fields are found from the last to the first. HTTP/1 has its
/// separators there, ": " and CR LF: its head is this buffer, copied once, with the separators put in.
struct HTTPFieldBuffer: Sendable {
    private var bytes: [UInt8] = []

    /// The longest value in bytes.
    static let longestValue = Int(UInt16.max)

    private static let lengthSize = 2

    /// Appends a field. The value has been checked, and is not longer than ``longestValue``.
    mutating func append(_ name: StaticString, _ value: Span<UInt8>) {
        append(name: name)
        bytes.append(value, 0..<value.count)
        append(length: value.count)
    }

    /// Appends a field whose value is a number.
    mutating func append(_ name: StaticString, decimal number: Int) {
        append(name: name)
        let start = bytes.count
        bytes.append(decimal: number)
        append(length: bytes.count - start)
    }

    /// Appends all fields of `other`.
    mutating func append(_ other: HTTPFieldBuffer) { bytes.append(contentsOf: other.bytes) }

    private mutating func append(name: StaticString) {
        // Enough for nearly every answer of the gateway: growing would cost a second allocation.
        if bytes.isEmpty { bytes.reserveCapacity(Self.firstCapacity) }
        bytes.append(name)
        append(length: name.utf8CodeUnitCount)
    }

    @inline(__always)
    private mutating func append(length: Int) {
        withUnsafeBytes(of: UInt16(truncatingIfNeeded: length)) { bytes.append(contentsOf: $0) }
    }

    private static let firstCapacity = 480

    /// Calls `body` with the places of every name and value, the last field first.
    @inline(__always)
    func forEachReversed(_ body: (_ name: Range<Int>, _ value: Range<Int>) -> Void) {
        bytes.withUnsafeBytes { bytes in
            var end = bytes.count
            while end > 0 {
                let valueEnd = end - Self.lengthSize
                let valueStart = valueEnd - Int(bytes.loadUnaligned(fromByteOffset: valueEnd, as: UInt16.self))
                let nameEnd = valueStart - Self.lengthSize
                let nameStart = nameEnd - Int(bytes.loadUnaligned(fromByteOffset: nameEnd, as: UInt16.self))
                body(nameStart..<nameEnd, valueStart..<valueEnd)
                end = nameStart
            }
        }
    }

    /// Writes every field as a line of HTTP/1, in the order in which they were appended.
    func appendLines(to output: inout [UInt8]) {
        let start = output.count
        output.append(contentsOf: bytes)
        output.withUnsafeMutableBytes { output in
            forEachReversed { name, value in
                output.storeBytes(of: Self.colonSpace, toByteOffset: start + name.upperBound, as: UInt16.self)
                output.storeBytes(of: Self.lineEnd, toByteOffset: start + value.upperBound, as: UInt16.self)
            }
        }
    }

    /// ": " and CR LF as they lie in memory.
    private static var colonSpace: UInt16 { UInt16(littleEndian: 0x203A) }
    private static var lineEnd: UInt16 { UInt16(littleEndian: 0x0A0D) }
}
