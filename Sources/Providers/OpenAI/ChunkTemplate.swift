internal import Chat
internal import Glibc

/// The last chunk that was parsed and passed on as it was, as a pattern for those that follow: nearly all chunks of a stream differ in one or two
/// strings only. What has the same bytes around its strings is as good as what was parsed, and costs a comparison.
struct ChunkTemplate: Sendable {
    /// A string that differs from chunk to chunk.
    struct Hole: Sendable {
        /// Offsets between its quotes.
        let range: Range<Int>
        /// Whether it is text of the answer, or padding.
        let isText: Bool
    }

    private var text: [UInt8] = []
    private var holes: [Hole] = []

    /// Takes a chunk for a pattern.
    mutating func take(_ chunk: UnsafeRawBufferPointer, _ holes: [Hole]) {
        text.removeAll(keepingCapacity: true)
        text.append(contentsOf: chunk)
        self.holes = holes.sorted { $0.range.lowerBound < $1.range.lowerBound }
    }

    /// How many bytes of text a chunk of this pattern carries; `nil` when it is not one, has no text, or must be looked at more closely.
    func textBytes(_ chunk: UnsafeRawBufferPointer) -> Int? {
        guard !holes.isEmpty, let base = chunk.baseAddress else { return nil }
        var (position, start, bytes) = (0, 0, 0)
        for hole in holes {
            let length = hole.range.lowerBound - start
            guard equals(start, length, base, position, chunk.count) else { return nil }
            position += length
            guard let end = Self.stringEnd(chunk, position) else { return nil }
            if hole.isText { bytes += end - position }
            (position, start) = (end, hole.range.upperBound)
        }
        guard text.count - start == chunk.count - position, equals(start, text.count - start, base, position, chunk.count) else {
            return nil
        }
        return bytes > 0 ? bytes : nil
    }

    private func equals(_ start: Int, _ length: Int, _ chunk: UnsafeRawPointer, _ position: Int, _ count: Int) -> Bool {
        guard position + length <= count else { return false }
        return text.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return false }
            return memcmp(base + start, chunk + position, length) == 0
        }
    }

    /// The closing quote of the string that begins at `start`; `nil` where the parser must decide: characters beyond ASCII, `\u`, and text
    /// that is not JSON.
    private static func stringEnd(_ chunk: UnsafeRawBufferPointer, _ start: Int) -> Int? {
        var index = start
        while index < chunk.count {
            let byte = chunk[index]
            if byte == UInt8(ascii: "\"") { return index }
            if byte == UInt8(ascii: "\\") {
                guard index + 1 < chunk.count, isEscape(chunk[index + 1]) else { return nil }
                index += 2
            } else {
                guard byte >= 0x20, byte < 0x80 else { return nil }
                index += 1
            }
        }
        return nil
    }

    private static func isEscape(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "n"), UInt8(ascii: "t"), UInt8(ascii: "r"),
            UInt8(ascii: "b"),
            UInt8(ascii: "f"):
            true
        default: false
        }
    }
}
