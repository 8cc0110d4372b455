internal import Chat
internal import Glibc

/// Mends what servers write that is nearly JSON: numbers that JSON lacks, bytes that are not UTF-8, control characters in strings, a byte order
/// mark. Everything else that is not JSON is an error.
///
/// `NaN` and `Infinity` come from log probabilities as a rule: there they become -9999.0, OpenAI's word for "very unlikely", elsewhere null.
enum JSONMending {
    /// The mended text; `nil` when there is nothing to mend. It need not be JSON.
    static func mended(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        var mender = Mender(text: Array(text.starts(with: [0xEF, 0xBB, 0xBF]) ? UnsafeRawBufferPointer(rebasing: text[3...]) : text))
        mender.isChanged = mender.text.count != text.count
        if !isUTF8(text) {
            mender.text = Array(String(decoding: mender.text, as: UTF8.self).utf8)
            mender.isChanged = true
        }
        mender.run()
        return mender.isChanged ? mender.out : nil
    }

    private static func isUTF8(_ text: UnsafeRawBufferPointer) -> Bool { String(validating: text, as: UTF8.self) != nil }
}

/// One pass over the text.
private struct Mender {
    var text: [UInt8]
    var out: [UInt8] = []
    var isChanged = false
    private var position = 0
    private var lastString = 0..<0
    /// Whether the member that the pass is in, or the list in it, holds log probabilities.
    private var isLogProbability = false

    init(text: [UInt8]) { self.text = text }

    mutating func run() {
        out.reserveCapacity(text.count + 16)
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "\""): copyString()
            case UInt8(ascii: ":"):
                isLogProbability = Self.namesLogProbability(text[lastString])
                copy(1)
            case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "N"), UInt8(ascii: "n"), UInt8(ascii: "I"), UInt8(ascii: "i"):
                copyNumber()
            default: copy(1)
            }
        }
    }

    /// Copies so many bytes, or what there still is of a text that was cut off.
    private mutating func copy(_ count: Int) {
        let end = min(position + count, text.count)
        out.append(contentsOf: text[position..<end])
        position = end
    }

    private mutating func copyString() {
        let start = position
        copy(1)
        while position < text.count, text[position] != UInt8(ascii: "\"") {
            if text[position] == UInt8(ascii: "\\") {
                copy(2)
            } else if text[position] < 0x20 {
                out.append("\\u00")
                out.append(UInt8(ascii: "0") + text[position] >> 4)
                out.append(contentsOf: String(text[position] & 15, radix: 16).utf8)
                position += 1
                isChanged = true
            } else {
                copy(1)
            }
        }
        copy(1)
        lastString = start..<position
    }

    private mutating func copyNumber() {
        let hasSign = text[position] == UInt8(ascii: "-") || text[position] == UInt8(ascii: "+")
        let start = position + (hasSign ? 1 : 0)
        var end = start
        while end < text.count, (text[end] | 0x20) >= UInt8(ascii: "a"), (text[end] | 0x20) <= UInt8(ascii: "z") { end += 1 }
        let word = String(decoding: text[start..<end], as: UTF8.self).lowercased()
        guard word == "nan" || word == "inf" || word == "infinity" else { return copy(max(1, end - position)) }
        out.append(isLogProbability ? "-9999.0" : "null")
        position = end
        isChanged = true
    }

    private static func namesLogProbability(_ name: ArraySlice<UInt8>) -> Bool {
        String(decoding: name.prefix(64), as: UTF8.self).lowercased().contains("logprob")
    }
}
