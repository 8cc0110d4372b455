internal import Core
internal import Glibc

/// Server-sent events as chat streams use them.
public enum SSE {
    /// Appends a comment, which clients ignore and which keeps connections open.
    public static func appendKeepAlive(to bytes: inout [UInt8]) { bytes.append(": keep-alive\n\n") }

    /// Appends the event that ends a complete answer.
    public static func appendDone(to bytes: inout [UInt8]) { bytes.append("data: [DONE]\n\n") }

    /// Appends an error in the one form that every SDK raises. The stream must then end without `[DONE]`.
    public static func appendError(_ error: GatewayError, to bytes: inout [UInt8]) {
        bytes.append("event: error\ndata: ")
        let start = bytes.count
        error.appendOpenAIBody(to: &bytes)
        replaceLineEnds(in: &bytes, from: start)
        bytes.append("\n\n")
    }

    /// Turns line ends from offset `start` on into spaces. In a JSON text they can only be white space between tokens.
    public static func replaceLineEnds(in bytes: inout [UInt8], from start: Int) {
        for index in bytes.indices[start...] where bytes[index] == UInt8(ascii: "\n") || bytes[index] == UInt8(ascii: "\r") {
            bytes[index] = UInt8(ascii: " ")
        }
    }
}

/// Finds the ends of server-sent events in bytes that arrive in arbitrary pieces. Lines may end with LF, CRLF or CR.
///
/// A pure state machine over one growing buffer; each byte is read once. A final CR waits for the LF that may follow.
public struct SSEEventFinder: Sendable {
    /// One event: everything up to and including its blank line.
    public struct Event: Sendable {
        /// Offset behind the blank line.
        public let end: Int
        /// Offset of the first line's end, without its terminator.
        public let firstLineEnd: Int
        /// Number of lines, the blank one included.
        public let lineCount: Int
    }

    private var lineStart = 0
    private var scanned = 0
    private var firstLineEnd: Int?
    private var lineCount = 0
    /// Whether a CR was ever seen. Without one, which is the rule, looking for LF alone is enough.
    private var seesCarriageReturns = false

    /// Makes a finder for an empty buffer.
    public init() {}

    /// Must be called for all bytes that are added to the buffer, before they are searched.
    public mutating func willSearch(_ added: UnsafeRawBufferPointer) {
        if !seesCarriageReturns, let start = added.baseAddress { seesCarriageReturns = memchr(start, 0x0D, added.count) != nil }
    }

    /// The next complete event of `buffer`, or `nil` when more bytes are needed. Blank lines without anything between them are one event.
    public mutating func next(in buffer: UnsafeRawBufferPointer) -> Event? {
        while let line = lineEnd(in: buffer) {
            let isBlank = line.end == lineStart
            let first = firstLineEnd ?? line.end
            lineStart = line.next
            scanned = line.next
            if isBlank {
                if lineCount == 0 { skipBlankLines(of: buffer) }
                defer { (firstLineEnd, lineCount) = (nil, 0) }
                return Event(end: lineStart, firstLineEnd: first, lineCount: lineCount + 1)
            }
            firstLineEnd = first
            lineCount += 1
        }
        return nil
    }

    private mutating func skipBlankLines(of buffer: UnsafeRawBufferPointer) {
        let bytes = buffer.bytes
        while scanned < buffer.count {
            let byte = bytes.unsafeLoad(fromByteOffset: scanned, as: UInt8.self)
            guard byte == 0x0A || byte == 0x0D else { break }
            scanned += 1
        }
        lineStart = scanned
    }

    /// Must be called when the first `count` bytes of the buffer, which end with an event, are removed.
    public mutating func didConsume(_ count: Int) {
        lineStart -= count
        scanned -= count
        if let end = firstLineEnd { firstLineEnd = end - count }
    }

    /// The end of the current line without its terminator, and the start of the one behind it.
    private mutating func lineEnd(in buffer: UnsafeRawBufferPointer) -> (end: Int, next: Int)? {
        guard scanned < buffer.count, let base = buffer.baseAddress else { return nil }
        if seesCarriageReturns { return lineEndWithCarriageReturns(in: buffer) }
        guard let found = memchr(base + scanned, 0x0A, buffer.count - scanned) else {
            scanned = buffer.count
            return nil
        }
        let end = base.distance(to: UnsafeRawPointer(found))
        return (end, end + 1)
    }

    private mutating func lineEndWithCarriageReturns(in buffer: UnsafeRawBufferPointer) -> (end: Int, next: Int)? {
        let bytes = buffer.bytes
        for index in scanned..<buffer.count {
            switch bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self) {
            case 0x0A: return (index, index + 1)
            case 0x0D:
                guard index + 1 < buffer.count else {
                    scanned = index
                    return nil
                }
                let isPair = bytes.unsafeLoad(fromByteOffset: index + 1, as: UInt8.self) == 0x0A
                return (index, index + (isPair ? 2 : 1))
            default: continue
            }
        }
        scanned = buffer.count
        return nil
    }
}
