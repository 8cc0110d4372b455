/// Exact decimals of policies: digits, and perhaps a point and at most nine places behind it.
enum DecimalSyntax {
    /// Why the text is not a decimal, if it is not. The size is checked on the number.
    static func unavailability(to text: String) -> String? {
        if text.utf8.first == UInt8(ascii: "-") { return "must not be negative" }
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(isDigit) }) else {
            return "must be a decimal such as 0.15, without exponent or unit"
        }
        guard parts.count == 2, let last = parts[1].lastIndex(where: { $0 != UInt8(ascii: "0") }) else { return nil }
        let places = parts[1].distance(from: parts[1].startIndex, to: last) + 1
        return places > 9 ? "has more than 9 decimal places" : nil
    }
}
