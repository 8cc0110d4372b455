/// What is known of an answer when its head has arrived.
public struct UpstreamHead: Sendable {
    /// The HTTP status.
    public internal(set) var status = 0
    /// The media type in lower case without parameters, e.g. `text/event-stream`.
    public internal(set) var contentType = ""
    /// The field lines, as sent.
    private(set) var lines: [UInt8]

    /// Makes an empty head.
    /// - Parameter buffer: memory to keep the lines in; what it holds is lost with the status line.
    init(in buffer: [UInt8] = []) { lines = buffer }

    /// Begins a new head: the earlier one was that of an interim answer.
    mutating func begin(status: Int) {
        self.status = status
        contentType = ""
        if !lines.isEmpty { lines.removeAll(keepingCapacity: true) }
    }

    /// Takes in a field line.
    mutating func append(_ line: UnsafeRawBufferPointer) {
        if lines.capacity == 0 { lines.reserveCapacity(Self.firstCapacity) }
        lines.append(contentsOf: line)
    }

    /// Holds a short head in one allocation; it stays as long as its stream.
    private static let firstCapacity = 224

    /// The value of the field called `name`, without the blanks around it; where several have that name, of the last. Bytes that are not UTF-8
    /// become U+FFFD.
    /// - Parameter name: in lower case.
    public func field(_ name: StaticString) -> String? {
        lines.withUnsafeBytes { bytes in
            var rest = bytes[...]
            var value: String?
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let line = HeaderLine(UnsafeRawBufferPointer(rebasing: rest[...end]))
                rest = rest[(end + 1)...]
                if line.isNamed(name) { value = line.value }
            }
            return value
        }
    }
}
