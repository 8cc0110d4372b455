/// Bytes beyond ASCII.
extension Tokenizer {
    /// Folds common characters beyond ASCII. Returns the number of further bytes consumed.
    mutating func takeHigh(_ byte: UInt8, _ next: UInt8, _ third: UInt8) -> Int {
        switch (byte, next) {
        case (0xC3, 0x80...0x9E) where next != 0x97: return takeCapital(byte, next + 0x20)
        case (0xD0, 0x90...0x9F): return takeCapital(byte, next + 0x20)
        case (0xD0, 0xA0...0xAF): return takeCapital(0xD1, next - 0x20)
        case (0xC2, 0xA0):
            takeSpace(32)
            return 1
        case (0xC2, 0xBF), (0xC2, 0xA1):
            return 1
        case (0xE2, 0x80):
            return takePunctuation(third)
        case (0xE3, 0x80):
            finish()
            if third == 0x80 { takeSpace(32) }
            return min(2, third >= 0x80 ? 2 : 1)
        case (0xEF, 0xBC), (0xEF, 0xBD): return takeWide(next, third)
        case (0xE3...0xED, _):
            return takeIdeograph(byte, next, third)
        case (0xF0...0xF4, _):
            // Mostly emoji; the fourth byte is dropped later as a stray one.
            return takePictograph(byte, next, third)
        case (0xE2, _):
            return takePictograph(byte, next, third)
        case (0xEF, 0xB8):
            return third >= 0x80 ? 2 : 1
        case (0x80...0xBF, _) where kind != Token.word:
            return 0
        default:
            take(byte)
            flags |= Token.foreign
            scripts |= LanguageWords.bit(lead: byte, next: next)
            return 0
        }
    }

    /// Folds a capital letter of two bytes to lower case.
    private mutating func takeCapital(_ first: UInt8, _ second: UInt8) -> Int {
        if kind != Token.word {
            begin(Token.word)
            flags |= Token.startsUpper
        }
        take(first)
        take(second)
        flags |= Token.foreign
        return 1
    }

    /// Folds general punctuation, U+2000 to U+203F: quotes to ASCII quotes, dashes to hyphens, the rest to blanks.
    private mutating func takePunctuation(_ third: UInt8) -> Int {
        switch third {
        case 0x98, 0x99: takeSign(UInt8(ascii: "'"), ByteClass.quote.rawValue, kind == Token.word ? UInt8(ascii: "s") : 32)
        case 0x9C, 0x9D: takeSign(UInt8(ascii: "\""), ByteClass.quote.rawValue, 32)
        case 0x93, 0x94: takeSign(UInt8(ascii: "-"), ByteClass.math.rawValue, 32)
        default: takeSpace(32)
        }
        return third >= 0x80 ? 2 : 1
    }

    /// Folds full-width signs, U+FF01 to U+FF5E, to their ASCII signs.
    private mutating func takeWide(_ next: UInt8, _ third: UInt8) -> Int {
        guard third >= 0x80 else { return 1 }
        let ascii = next == 0xBC ? third - 0x60 : third - 0x20
        if ascii < 127 { takeSign(ascii, classes[ascii], 32) } else { finish() }
        return 2
    }

    /// Scripts without blanks between words: every character is a token.
    private mutating func takeIdeograph(_ byte: UInt8, _ next: UInt8, _ third: UInt8) -> Int {
        begin(Token.word)
        flags |= Token.foreign
        scripts |= LanguageWords.bit(lead: byte, next: next)
        take(byte)
        guard next >= 0x80 else { return 0 }
        take(next)
        guard third >= 0x80 else { return 1 }
        take(third)
        let pair = WordHash.step(WordHash.step(WordHash.step(lastIdeograph, byte), next), third)
        lastIdeograph = hash
        finish()
        if tokenCount > 0 {
            tokens[tokenCount - 1].classes |= lexicon.entry(of: pair, row: FeatureSpace.row(FeatureSpace.Salt.word, pair)).classes
        }
        return 2
    }

    /// Signs and emoji: each is a token.
    private mutating func takePictograph(_ byte: UInt8, _ next: UInt8, _ third: UInt8) -> Int {
        let used = takeIdeograph(byte, next, third)
        if tokenCount > 0 { tokens[tokenCount - 1].flags |= Token.pictograph }
        return used
    }
}
