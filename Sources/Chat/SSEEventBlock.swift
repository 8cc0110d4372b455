/// The lines of one server-sent event, its blank line included, as `SSEEventFinder` found them.
public struct SSEEventBlock {
    /// The event's bytes.
    public let bytes: UnsafeRawBufferPointer
    private let firstLineEnd: Int
    private let lineCount: Int

    /// The event that begins at `start` in the buffer that `event` was found in.
    public init(_ event: SSEEventFinder.Event, startingAt start: Int, in buffer: UnsafeRawBufferPointer) {
        bytes = UnsafeRawBufferPointer(rebasing: buffer[start..<event.end])
        firstLineEnd = event.firstLineEnd - start
        lineCount = event.lineCount
    }

    /// Whether it has only blank lines.
    public var isBlank: Bool { lineCount == 1 }

    /// The range of the data, without white space around it, if the event is a single `data` line, as nearly all are; else `nil`.
    public var onlyData: Range<Int>? {
        guard lineCount == 2, firstLineEnd >= 5, bytes.loadUnaligned(as: UInt32.self) == Self.data, bytes[4] == UInt8(ascii: ":") else {
            return nil
        }
        var range = 5..<firstLineEnd
        while !range.isEmpty, bytes[range.lowerBound] == 0x20 { range = range.dropFirst() }
        while !range.isEmpty, bytes[range.upperBound - 1] == 0x20 { range = range.dropLast() }
        return range
    }

    private static let data = UInt32(littleEndian: 0x6174_6164)

    /// The event's name and its `data` lines joined by LF, by the rules of the standard; `data` is `nil` without such a line.
    public func fields() -> (name: [UInt8], data: [UInt8]?) {
        var name: [UInt8] = []
        var data: [UInt8]?
        for line in bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
            var value = line[colon...].dropFirst()
            if value.first == 0x20 { value.removeFirst() }
            if line[..<colon].elementsEqual("event".utf8) {
                name = [UInt8](value)
            } else if line[..<colon].elementsEqual("data".utf8) {
                if data == nil { data = [] } else { data?.append(0x0A) }
                data?.append(contentsOf: value)
            }
        }
        return (name, data)
    }
}
