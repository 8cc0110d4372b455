internal import Glibc

/// What a glance at the raw bytes of a stream chunk tells. Nearly all chunks need no more, so that they are forwarded without being parsed.
struct ChunkGlance {
    /// The chunk may hold a usage, an error or a finish reason: it must be parsed.
    private(set) var needsParsing = false
    /// The chunk carries text, reasoning or tool arguments.
    var hasContent: Bool { textBytes > 0 }
    /// Bytes of that text, as it stands in the JSON.
    private(set) var textBytes = 0

    /// Looks at each name in `payload`. Quotes inside JSON strings are escaped, so a name that is found is a name.
    init(_ payload: UnsafeRawBufferPointer) {
        guard let start = payload.baseAddress else { return }
        var position = 0
        while position < payload.count, let found = memchr(start + position, Int32(UInt8(ascii: ":")), payload.count - position) {
            let colon = start.distance(to: UnsafeRawPointer(found))
            position = colon + 1
            if colon >= 8 { look(at: colon, payload) }
        }
    }

    private mutating func look(at colon: Int, _ payload: UnsafeRawBufferPointer) {
        let word = UInt64(littleEndian: payload.loadUnaligned(fromByteOffset: colon - 8, as: UInt64.self))
        switch word >> 56 {
        case UInt64(UInt8(ascii: "\"")): lookAtValue(of: word, from: colon + 1, payload)
        // White space before a colon is legal and never seen: such a chunk is left to the parser.
        case 0x20, 0x09, 0x0A, 0x0D: needsParsing = true
        default: break
        }
    }

    private mutating func lookAtValue(of word: UInt64, from offset: Int, _ payload: UnsafeRawBufferPointer) {
        if word >> 8 == Name.usage || word >> 8 == Name.error || word == Name.finishReason {
            var value = offset
            while value < payload.count, payload[value] <= 0x20 { value += 1 }
            if value >= payload.count || payload[value] != UInt8(ascii: "n") { needsParsing = true }
        } else if Name.isText(word) {
            var value = offset
            while value < payload.count, payload[value] <= 0x20 { value += 1 }
            guard value + 1 < payload.count, payload[value] == UInt8(ascii: "\"") else { return }
            let start = value + 1
            value = start
            while value < payload.count, payload[value] != UInt8(ascii: "\"") { value += payload[value] == UInt8(ascii: "\\") ? 2 : 1 }
            textBytes += value - start
        }
    }

    /// The last eight bytes of names, closing quote included, as the words they make when loaded.
    private enum Name {
        /// `"usage"`, seven bytes.
        static let usage: UInt64 = 0x22_6567_6173_7522
        /// `"error"`, seven bytes.
        static let error: UInt64 = 0x22_726F_7272_6522
        /// The end of `finish_reason`.
        static let finishReason: UInt64 = 0x226E_6F73_6165_725F

        /// `content` and `reasoning_content`, `reasoning`, `arguments`, `refusal`.
        static func isText(_ word: UInt64) -> Bool {
            word == 0x2274_6E65_746E_6F63 || word == 0x2267_6E69_6E6F_7361 || word == 0x2273_746E_656D_7567 || word == 0x226C_6173_7566_6572
        }
    }
}
