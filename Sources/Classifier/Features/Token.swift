/// A word, a number, or a run of one sign.
struct Token {
    var hash: UInt32 = 0
    /// Where it starts in the normalized text.
    var start: UInt16 = 0
    var kind: UInt8 = 0
    var flags: UInt8 = 0
    /// One bit per `WordClass`.
    var classes: UInt64 = 0
    /// One bit per language of `LanguageWords`.
    var languages: UInt32 = 0
    /// Bytes, at most 255.
    var length: UInt8 = 0

    /// Kinds; a sign's kind is its `ByteClass`.
    static let word = ByteClass.letter.rawValue, number = ByteClass.digit.rawValue

    /// Flags.
    static let startsLine: UInt8 = 1, startsUpper: UInt8 = 2, allUpper: UInt8 = 4, decimal: UInt8 = 8, afterSpace: UInt8 = 16,
        foreign: UInt8 = 32, pictograph: UInt8 = 64

    var isWordOrNumber: Bool { kind == Self.word || kind == Self.number }
    var isWord: Bool { kind == Self.word }
    func has(_ flag: UInt8) -> Bool { flags & flag != 0 }
}
