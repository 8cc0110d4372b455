/// Cuts a prompt into tokens and writes it down in normalized form: lower case, one blank for any run of white space.
///
/// Both outputs are borrowed buffers of fixed size; what does not fit is left out.
struct Tokenizer {
    /// Bytes looked at from the front and from the end of a prompt.
    static let headBytes = 3_000, tailBytes = 1_000
    /// How far blanks around a prompt are skipped.
    private static let trimmedBytes = 16_384
    /// Enough for every prompt: the normalized text is never longer than what was looked at plus the seam.
    static let capacity = headBytes + tailBytes + 8

    private let text: UnsafeMutablePointer<UInt8>
    private let tokens: UnsafeMutablePointer<Token>
    private let lookup: Lexicon.LexiconLookup
    private let classes = ByteClass.table
    private(set) var textCount = 0
    private(set) var tokenCount = 0

    // The token being read.
    private var kind: UInt8 = 0
    private var hash: UInt32 = 0
    private var start = 0
    private var flags: UInt8 = 0
    private var uppers = 0
    private var scripts: UInt32 = 0
    /// The hash of the ideograph before; two of them often are one word.
    private var lastIdeograph = WordHash.seed
    private var digits = 0
    private var pendingLine = true
    private var pendingSpace = false

    /// - Parameters:
    ///   - text, tokens: room for `capacity` elements each.
    init(text: UnsafeMutablePointer<UInt8>, tokens: UnsafeMutablePointer<Token>, lookup: Lexicon.LexiconLookup) {
        self.text = text
        self.tokens = tokens
        self.lookup = lookup
    }

    /// Reads a whole prompt.
    mutating func read(_ prompt: UnsafeRawBufferPointer) {
        let trimmed = Self.trim(prompt)
        if trimmed.count <= Self.headBytes + Self.tailBytes {
            readPiece(trimmed)
        } else {
            readPiece(UnsafeRawBufferPointer(rebasing: trimmed.prefix(Self.headBytes)))
            pendingLine = true
            readPiece(UnsafeRawBufferPointer(rebasing: trimmed.suffix(Self.tailBytes)))
        }
    }

    private static func trim(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var first = 0
        var end = bytes.count
        while first < end, first < trimmedBytes, bytes[first] <= 32 { first += 1 }
        while end > first, bytes.count - end < trimmedBytes, bytes[end - 1] <= 32 { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[first..<end])
    }

    private mutating func readPiece(_ bytes: UnsafeRawBufferPointer) {
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            let next = index + 1 < bytes.count ? bytes[index + 1] : 32
            switch classes[Int(byte)] {
            case ByteClass.letter.rawValue: take(byte)
            case ByteClass.upper.rawValue: takeUpper(byte)
            case ByteClass.digit.rawValue: takeDigit(byte)
            case ByteClass.space.rawValue: takeSpace(byte)
            case ByteClass.high.rawValue: index += takeHigh(byte, next, index + 2 < bytes.count ? bytes[index + 2] : 32)
            case let sign: takeSign(byte, sign, next)
            }
            index += 1
        }
        finish()
    }

    // MARK: Bytes

    @inline(__always)
    private mutating func take(_ byte: UInt8) {
        if kind != Token.word { begin(Token.word) }
        hash = WordHash.step(hash, byte)
        put(byte)
    }

    @inline(__always)
    private mutating func takeUpper(_ byte: UInt8) {
        if kind != Token.word {
            begin(Token.word)
            flags |= Token.startsUpper
        }
        uppers += 1
        hash = WordHash.step(hash, byte | 32)
        put(byte | 32)
    }

    private mutating func takeDigit(_ byte: UInt8) {
        if kind == Token.word {
            hash = WordHash.step(hash, byte)
            return put(byte)
        }
        if kind != Token.number {
            begin(Token.number)
            digits = 0
        }
        digits += 1
        // The value itself says little, a year says something.
        if digits <= 2 { hash = WordHash.step(hash, byte) }
        put(UInt8(ascii: "0"))
    }

    private mutating func takeSpace(_ byte: UInt8) {
        finish()
        pendingSpace = true
        if byte == 10 || byte == 13 { pendingLine = true }
    }

    /// A sign ends the word, except an apostrophe or a hyphen within a word and a separator within a number.
    private mutating func takeSign(_ byte: UInt8, _ sign: UInt8, _ next: UInt8) {
        let nextClass = classes[Int(next)]
        let nextIsLetter =
            nextClass == ByteClass.letter.rawValue || nextClass == ByteClass.upper.rawValue || nextClass == ByteClass.high.rawValue
        if kind == Token.word, byte == UInt8(ascii: "'"), nextIsLetter { return put(byte) }
        if kind == Token.number, byte == UInt8(ascii: ".") || byte == UInt8(ascii: ","), nextClass == ByteClass.digit.rawValue {
            if byte == UInt8(ascii: ".") { flags |= Token.decimal }
            return put(byte)
        }
        if kind == sign, hash == UInt32(byte) {
            return put(byte)
        }
        begin(sign)
        hash = UInt32(byte)
        put(byte)
    }

    /// Folds what is common outside ASCII; gives the number of further bytes it used up.
    private mutating func takeHigh(_ byte: UInt8, _ next: UInt8, _ third: UInt8) -> Int {
        switch (byte, next) {
        case (0xC3, 0x80...0x9E) where next != 0x97: return takePair(byte, next + 0x20, isUpper: true)
        case (0xD0, 0x90...0x9F): return takePair(byte, next + 0x20, isUpper: true)
        case (0xD0, 0xA0...0xAF): return takePair(0xD1, next - 0x20, isUpper: true)
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
            // Emoji, mostly; the fourth byte is dropped as a stray one.
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

    private mutating func takePair(_ first: UInt8, _ second: UInt8, isUpper: Bool) -> Int {
        if kind != Token.word {
            begin(Token.word)
            flags |= Token.startsUpper
        }
        take(first)
        take(second)
        flags |= Token.foreign
        return 1
    }

    /// General punctuation, U+2000 to U+203F: quotes as ASCII quotes, dashes as hyphens, the rest as blanks.
    private mutating func takePunctuation(_ third: UInt8) -> Int {
        switch third {
        case 0x98, 0x99: takeSign(UInt8(ascii: "'"), ByteClass.quote.rawValue, kind == Token.word ? UInt8(ascii: "s") : 32)
        case 0x9C, 0x9D: takeSign(UInt8(ascii: "\""), ByteClass.quote.rawValue, 32)
        case 0x93, 0x94: takeSign(UInt8(ascii: "-"), ByteClass.math.rawValue, 32)
        default: takeSpace(32)
        }
        return third >= 0x80 ? 2 : 1
    }

    /// Full-width signs, U+FF01 to U+FF5E, as the ASCII signs they stand for.
    private mutating func takeWide(_ next: UInt8, _ third: UInt8) -> Int {
        guard third >= 0x80 else { return 1 }
        let ascii = next == 0xBC ? third - 0x60 : third - 0x20
        if ascii < 127 { takeSign(ascii, classes[Int(ascii)], 32) } else { finish() }
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
        if tokenCount > 0 { tokens[tokenCount - 1].classes |= lookup(pair).classes }
        return 2
    }

    /// Signs and emoji: each is a token.
    private mutating func takePictograph(_ byte: UInt8, _ next: UInt8, _ third: UInt8) -> Int {
        let used = takeIdeograph(byte, next, third)
        if tokenCount > 0 { tokens[tokenCount - 1].flags |= Token.pictograph }
        return used
    }

    // MARK: Tokens

    private mutating func begin(_ newKind: UInt8) {
        finish()
        if pendingLine || pendingSpace, textCount > 0 { put(pendingLine ? 10 : 32) }
        flags = (pendingLine ? Token.startsLine : 0) | (pendingSpace || pendingLine ? Token.afterSpace : 0)
        pendingLine = false
        pendingSpace = false
        kind = newKind
        hash = WordHash.seed
        start = textCount
        uppers = 0
        scripts = 0
    }

    private mutating func finish() {
        guard kind != 0 else { return }
        defer { kind = 0 }
        guard tokenCount < Self.capacity else { return }
        let length = textCount - start
        var token = Token(hash: hash, start: UInt16(truncatingIfNeeded: start), kind: kind, flags: flags)
        token.length = UInt8(min(length, 255))
        switch kind {
        case Token.word:
            let entry = lookup(hash)
            token.classes = entry.classes
            token.languages = entry.languages | scripts
            if uppers > 1, uppers == length { token.flags |= Token.allUpper }
        case Token.number: token.hash = numberHash()
        default: token.hash = Sign.hash(UInt8(truncatingIfNeeded: hash), times: UInt8(min(length, 3)))
        }
        tokens[tokenCount] = token
        tokenCount += 1
    }

    /// Numbers of the same size are one word; years are another.
    private func numberHash() -> UInt32 {
        if digits == 4, flags & Token.decimal == 0 {
            if hash == WordHash.of("20") { return 11 }
            if hash == WordHash.of("19") { return 12 }
        }
        return 20 &+ UInt32(min(digits, 7)) &* 2 &+ (flags & Token.decimal != 0 ? 1 : 0)
    }

    @inline(__always)
    private mutating func put(_ byte: UInt8) {
        guard textCount < Self.capacity else { return }
        text[textCount] = byte
        textCount += 1
    }
}
