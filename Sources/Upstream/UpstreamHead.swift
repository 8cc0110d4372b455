/// What is known of an answer when its head has arrived.
public struct UpstreamHead: Sendable {
    /// The HTTP status.
    public internal(set) var status = 0
    /// The media type in lower case without parameters, e.g. `text/event-stream`.
    public internal(set) var contentType = ""
    /// The field lines, as sent.
    private(set) var lines: [UInt8]

    /// Makes a head that nothing has come of yet.
    /// - Parameter buffer: memory to keep the lines in; what it holds is lost.
    init(in buffer: [UInt8] = []) {
        lines = buffer
        lines.removeAll(keepingCapacity: true)
    }

    /// Begins anew: what came before was the head of an interim answer.
    mutating func begin(status: Int) {
        self.status = status
        contentType = ""
        lines.removeAll(keepingCapacity: true)
    }

    /// Takes in a field line.
    mutating func append(_ line: UnsafeRawBufferPointer) {
        if lines.capacity == 0 { lines.reserveCapacity(Self.firstCapacity) }
        lines.append(contentsOf: line)
    }

    /// Holds most heads in one allocation.
    private static let firstCapacity = 512

    /// The value of the field called `name`, without the blanks around it; where several have that name, of the last. Bytes that are not UTF-8
    /// become U+FFFD.
    /// - Parameter name: in lower case.
    public func field(_ name: StaticString) -> String? {
        let wanted = name.description.utf8
        var value: String?
        for line in lines.split(separator: UInt8(ascii: "\n")) {
            guard line.count > wanted.count, line[line.startIndex + wanted.count] == UInt8(ascii: ":"),
                zip(line, wanted).allSatisfy({ Self.lowercased($0) == $1 })
            else { continue }
            value = String(decoding: Self.trimmed(line.dropFirst(wanted.count + 1)), as: UTF8.self)
        }
        return value
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte }

    private static func trimmed(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let isBlank: (UInt8) -> Bool = { [0x20, 0x09, 0x0D].contains($0) }
        guard let first = value.firstIndex(where: { !isBlank($0) }), let last = value.lastIndex(where: { !isBlank($0) }) else { return [] }
        return value[first...last]
    }
}
