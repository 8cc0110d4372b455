/// Appending JSON to bytes.
extension [UInt8] {
    /// Appends the bytes of a literal as they are.
    public mutating func append(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends what `write` appends for each of `items`, with commas between them, between `open` and `close`.
    @inlinable
    public mutating func appendList<Items: Sequence>(
        _ items: Items, open: StaticString = "[", close: StaticString = "]", _ write: (inout [UInt8], Items.Element) -> Void
    ) {
        append(open)
        var isFirst = true
        for item in items {
            if !isFirst { append(",") }
            isFirst = false
            write(&self, item)
        }
        append(close)
    }

    /// Appends `text` as a JSON string with its quotes.
    public mutating func appendJSONString(_ text: String) {
        var text = text
        text.withUTF8 { appendJSONString(UnsafeRawBufferPointer($0)) }
    }

    /// Appends `text` as a JSON string, or `null`.
    public mutating func appendJSONString(_ text: String?) {
        if let text { appendJSONString(text) } else { append("null") }
    }

    /// Appends UTF-8 as a JSON string with its quotes; runs without anything to escape are copied at once.
    public mutating func appendJSONString(_ utf8: UnsafeRawBufferPointer) {
        append(UInt8(ascii: "\""))
        var runStart = 0
        var index = 0
        while index < utf8.count {
            // Nearly always there is nothing to escape, so eight bytes are checked together.
            if index + 8 <= utf8.count, !Self.hasEscapes(utf8.loadUnaligned(fromByteOffset: index, as: UInt64.self)) {
                index += 8
                continue
            }
            let byte = utf8[index]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                append(contentsOf: UnsafeRawBufferPointer(rebasing: utf8[runStart..<index]))
                appendEscape(of: byte)
                runStart = index + 1
            }
            index += 1
        }
        append(contentsOf: UnsafeRawBufferPointer(rebasing: utf8[runStart...]))
        append(UInt8(ascii: "\""))
    }

    /// Whether one of the eight bytes must be escaped: below 0x20, `"` or `\`. The usual arithmetic on bytes within a word, see
    /// https://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord.
    private static func hasEscapes(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ (ones &* 0x22)
        let backslashes = word ^ (ones &* 0x5C)
        let found = (word &- ones &* 0x20) & ~word | (quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes
        return found & (ones &* 0x80) != 0
    }

    private mutating func appendEscape(of byte: UInt8) {
        append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): append(byte)
        case UInt8(ascii: "\n"): append(UInt8(ascii: "n"))
        case UInt8(ascii: "\r"): append(UInt8(ascii: "r"))
        case UInt8(ascii: "\t"): append(UInt8(ascii: "t"))
        default:
            append("u00")
            append(UInt8(ascii: "0") + byte >> 4)
            append(Self.hexDigit(byte & 15))
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    /// Appends an integer.
    public mutating func appendJSONNumber(_ value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        appendDigits(value.magnitude, atLeast: 1)
    }

    /// Appends an amount in USD as an exact decimal number without trailing zeros, e.g. `0.00015`.
    public mutating func appendJSONNumber(_ amount: NanoUSD) {
        if amount.nanos < 0 { append(UInt8(ascii: "-")) }
        let (whole, fraction) = amount.nanos.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
        appendDigits(whole, atLeast: 1)
        guard fraction != 0 else { return }
        append(UInt8(ascii: "."))
        appendDigits(fraction, atLeast: 9)
        while last == UInt8(ascii: "0") { removeLast() }
    }

    package mutating func appendDigits(_ value: UInt64, atLeast places: Int) {
        // The largest UInt64 has 20 digits; they come out lowest first.
        var digits: InlineArray<20, UInt8> = .init(repeating: UInt8(ascii: "0"))
        var rest = value
        var first = digits.count
        while rest > 0 || digits.count - first < places {
            first -= 1
            digits[first] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
        for index in first..<digits.count { append(digits[index]) }
    }
}
