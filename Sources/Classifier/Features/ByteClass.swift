/// What a byte of a prompt is, for tokens and for counting.
enum ByteClass: UInt8 {
    case space, letter, upper, digit, high, period, comma, question, exclamation, quote, open, close, math, code, dollar, other

    static let count = 16

    /// The class of each byte.
    static let table: InlineArray<256, UInt8> = {
        var table = InlineArray<256, UInt8>(repeating: ByteClass.other.rawValue)
        for byte in 0..<33 { table[byte] = ByteClass.space.rawValue }
        for byte in 0x61...0x7A { table[byte] = ByteClass.letter.rawValue }
        for byte in 0x41...0x5A { table[byte] = ByteClass.upper.rawValue }
        for byte in 0x30...0x39 { table[byte] = ByteClass.digit.rawValue }
        for byte in 0x80...0xFF { table[byte] = ByteClass.high.rawValue }
        for (signs, kind) in signs { for byte in signs.utf8 { table[Int(byte)] = kind.rawValue } }
        return table
    }()

    private static let signs: [(String, ByteClass)] = [
        (".", .period), (",:", .comma), ("?", .question), ("!", .exclamation), ("\"'", .quote), ("([", .open), (")]", .close),
        ("+-*/=^%<>", .math),
        ("{};_`\\#@&|~", .code), ("$", .dollar),
    ]
}
