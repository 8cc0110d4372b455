internal import Chat
internal import Core
internal import Glibc

/// Mends what servers write that is nearly JSON: numbers that JSON lacks, bytes that are not UTF-8, control characters in strings, a byte order
/// mark. Everything else that is not JSON is an error.
///
/// `NaN` and `Infinity` come from log probabilities as a rule: there they become -9999.0, OpenAI's word for "very unlikely", elsewhere null.
enum JSONMending {
    /// Longest text that is mended, in bytes: what is longer holds the loop for too long.
    private static let longest = 16 << 20

    /// The mended text; `nil` when there is nothing to mend. It need not be JSON.
    static func mended(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        guard text.count <= longest else { return nil }
        let marked = text.starts(with: [0xEF, 0xBB, 0xBF])
        let rest = marked ? UnsafeRawBufferPointer(rebasing: text[3...]) : text
        guard isUTF8(text) else {
            var repaired = String(decoding: rest, as: UTF8.self)
            return repaired.withUTF8 { bytes in mendedTokens(UnsafeRawBufferPointer(bytes)) ?? Array(bytes) }
        }
        return mendedTokens(rest) ?? (marked ? Array(rest) : nil)
    }

    private static func mendedTokens(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        var mender = Mender(text: text)
        return mender.run()
    }

    private static func isUTF8(_ text: UnsafeRawBufferPointer) -> Bool { String(validating: text, as: UTF8.self) != nil }
}

/// One pass over the text. What need not change is copied in runs.
private struct Mender {
    let text: UnsafeRawBufferPointer
    private var out: [UInt8] = []
    private var position = 0
    /// Offset behind what `out` stands for.
    private var copied = 0
    private var lastString = 0..<0
    /// Whether the member that the pass is in, or the list in it, holds log probabilities.
    private var isLogProbability = false

    init(text: UnsafeRawBufferPointer) { self.text = text }

    /// - Returns: `nil` when nothing had to change.
    mutating func run() -> [UInt8]? {
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "\""): passString()
            case UInt8(ascii: ":"):
                isLogProbability = namesLogProbability(lastString)
                position += 1
            case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "N"), UInt8(ascii: "n"), UInt8(ascii: "I"), UInt8(ascii: "i"):
                passNumber()
            default: position += 1
            }
        }
        guard copied > 0 else { return nil }
        out.append(contentsOf: text[copied...])
        return out
    }

    /// Puts what `write` appends in the place of the text from `start` to `end`, and goes on there.
    private mutating func replace(_ start: Int, _ end: Int, _ write: (inout [UInt8]) -> Void) {
        out.append(contentsOf: text[copied..<start])
        write(&out)
        copied = end
        position = end
    }

    private mutating func passString() {
        let start = position
        position += 1
        while position < text.count, text[position] != UInt8(ascii: "\"") {
            let byte = text[position]
            if byte == UInt8(ascii: "\\") {
                position += 2
            } else if byte < 0x20 {
                replace(position, position + 1) {
                    $0.append("\\u00")
                    $0.append(UInt8(ascii: "0") + byte >> 4)
                    $0.append(contentsOf: String(byte & 15, radix: 16).utf8)
                }
            } else {
                position += 1
            }
        }
        // The text may have been cut off.
        position = min(position + 1, text.count)
        lastString = start..<position
    }

    private mutating func passNumber() {
        let hasSign = text[position] == UInt8(ascii: "-") || text[position] == UInt8(ascii: "+")
        let start = position + (hasSign ? 1 : 0)
        var end = start
        while end < text.count, (text[end] | 0x20) >= UInt8(ascii: "a"), (text[end] | 0x20) <= UInt8(ascii: "z") { end += 1 }
        guard Self.isNoNumber(text[start..<end]) else { return position = max(position + 1, end) }
        replace(position, end) { [isLogProbability] in $0.append(isLogProbability ? "-9999.0" : "null") }
    }

    private static func isNoNumber(_ word: Slice<UnsafeRawBufferPointer>) -> Bool {
        guard word.count == 3 || word.count == 8 else { return false }
        return ["nan", "inf", "infinity"].contains(String(decoding: word, as: UTF8.self).lowercased())
    }

    private func namesLogProbability(_ name: Range<Int>) -> Bool {
        String(decoding: text[name].prefix(64), as: UTF8.self).lowercased().contains("logprob")
    }
}
