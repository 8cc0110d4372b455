/// A word, a number, or a run of one sign.
struct Token {
    var hash: UInt32
    /// Where it starts in the normalized text.
    var start: UInt16
    var kind: UInt8
    var flags: UInt8
    /// One bit per `WordClass`.
    var classes: UInt64
    /// One bit per language of `LanguageWords`.
    var languages: UInt32
    /// The row of the token's feature in the section `whole`.
    var row: UInt16
    /// The length in bytes, at most 255.
    var length: UInt8

    @inline(__always)
    init(hash: UInt32, start: Int, kind: UInt8, flags: UInt8, classes: UInt64 = 0, languages: UInt32 = 0, row: Int, length: Int) {
        self.hash = hash
        self.start = UInt16(truncatingIfNeeded: start)
        self.kind = kind
        self.flags = flags
        self.classes = classes
        self.languages = languages
        self.row = UInt16(truncatingIfNeeded: row)
        self.length = UInt8(truncatingIfNeeded: min(length, 255))
    }

    /// Kinds; a sign's kind is its `ByteClass`.
    static let word = ByteClass.letter.rawValue, number = ByteClass.digit.rawValue

    /// The bits of `flags`.
    static let startsLine: UInt8 = 1, startsUpper: UInt8 = 2, allUpper: UInt8 = 4, decimal: UInt8 = 8, afterSpace: UInt8 = 16,
        foreign: UInt8 = 32, pictograph: UInt8 = 64

    var isWordOrNumber: Bool { kind == Self.word || kind == Self.number }
    var isWord: Bool { kind == Self.word }
    func has(_ flag: UInt8) -> Bool { flags & flag != 0 }

    /// The flags of the token after a byte of white space.
    @inline(__always)
    static func flags(ofSpace byte: UInt8) -> UInt8 { byte == 10 || byte == 13 ? startsLine | afterSpace : afterSpace }

    /// The hash of a number: numbers of the same size are one word, years are another.
    /// - Parameter hash: that of the first two digits.
    static func numberHash(digits: Int, _ hash: UInt32, isDecimal: Bool) -> UInt32 {
        if digits == 4, !isDecimal {
            if hash == WordHash.of(UInt8(ascii: "2"), UInt8(ascii: "0")) { return 11 }
            if hash == WordHash.of(UInt8(ascii: "1"), UInt8(ascii: "9")) { return 12 }
        }
        return 20 &+ UInt32(truncatingIfNeeded: min(digits, 7)) &* 2 &+ (isDecimal ? 1 : 0)
    }
}
