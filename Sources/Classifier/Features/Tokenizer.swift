/// Splits a prompt into tokens and writes its normalized form: lower case, one blank for each run of white space.
///
/// `PlainReader` reads plain ASCII. Everything else changes the state byte by byte: a token is open while `kind` is not 0.
struct Tokenizer {
    /// The bytes that are read at the beginning and at the end of a prompt.
    static let headBytes = 3_000, tailBytes = 1_000
    /// The most bytes of blanks that are skipped around a prompt.
    private static let trimmedBytes = 16_384
    /// Enough for every prompt: each byte of the text, and each token, comes from at least one byte that was read, or from the seam between
    /// both parts.
    static let capacity = headBytes + tailBytes + 8

    private let scratch: Scratch
    let lexicon = Lexicon.shared
    let classes = ByteClass.table
    /// The length of the text. It begins at -1: the blank before the first token is written before the text.
    var textCount = -1
    var tokenCount = 0

    // The token being read.
    var kind: UInt8 = 0
    var hash: UInt32 = 0
    private var start = 0
    var flags: UInt8 = 0
    private var uppers = 0
    var scripts: UInt32 = 0
    /// The hash of the previous ideograph: two of them are often one word.
    var lastIdeograph = WordHash.seed
    private var digits = 0
    /// The flags that the next token gets from the white space before it.
    private var pending = Token.flags(ofSpace: 10)

    init(_ scratch: Scratch) { self.scratch = scratch }

    var tokens: UnsafeMutablePointer<Token> { scratch.tokens }

    /// Reads a whole prompt.
    mutating func read(_ prompt: UnsafeRawBufferPointer) {
        let trimmed = Self.trim(prompt)
        if trimmed.count <= Self.headBytes + Self.tailBytes {
            readPiece(trimmed)
        } else {
            readPiece(UnsafeRawBufferPointer(rebasing: trimmed.prefix(Self.headBytes)))
            pending |= Token.flags(ofSpace: 10)
            readPiece(UnsafeRawBufferPointer(rebasing: trimmed.suffix(Self.tailBytes)))
        }
        assert(textCount < Self.capacity && tokenCount < Self.capacity)
    }

    private static func trim(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var first = 0
        var end = bytes.count
        while first < end, first < trimmedBytes, bytes[first] <= 32 { first += 1 }
        while end > first, bytes.count - end < trimmedBytes, bytes[end - 1] <= 32 { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[first..<end])
    }

    private mutating func readPiece(_ piece: UnsafeRawBufferPointer) {
        let source = scratch.copy(piece)
        var position = 0
        while true {
            if kind == 0 { position = readPlain(source, position..<piece.count) }
            guard position < piece.count else { break }
            position &+= takeByte(source + position)
        }
        finish()
    }

    /// Reads plain ASCII from the beginning of `range`. Returns the position of the first byte that is not.
    private mutating func readPlain(_ source: UnsafePointer<UInt8>, _ range: Range<Int>) -> Int {
        var reader = PlainReader(
            lexicon: lexicon, classes: classes, folded: ByteClass.folded, textStart: scratch.text, source: source + range.lowerBound,
            text: scratch.text + textCount, token: tokens + tokenCount, pending: pending, hash: hash, digits: digits)
        reader.read(until: source + range.upperBound)
        textCount = reader.text - scratch.text
        tokenCount = reader.token - tokens
        (pending, hash, digits) = (reader.pending, reader.hash, reader.digits)
        return min(reader.source - source, range.upperBound)
    }

    // MARK: Bytes

    /// Handles the byte at `source`. Returns the number of bytes consumed.
    private mutating func takeByte(_ source: UnsafePointer<UInt8>) -> Int {
        let byte = source[0]
        let byteClass = classes[byte]
        switch byteClass {
        case ByteClass.high.rawValue: return 1 &+ takeHigh(byte, source[1], source[2])
        case ByteClass.space.rawValue: takeSpace(byte)
        case ByteClass.digit.rawValue: takeDigit(byte)
        case ByteClass.letter.rawValue, ByteClass.upper.rawValue:
            // After a number or a sign, this may be a plain word.
            if kind != 0, kind != Token.word {
                finish()
                return 0
            }
            takeLetter(byte, isUpper: byteClass == ByteClass.upper.rawValue)
        default: takeSign(byte, byteClass, source[1])
        }
        return 1
    }

    private mutating func takeLetter(_ byte: UInt8, isUpper: Bool) {
        if kind != Token.word {
            begin(Token.word)
            if isUpper { flags |= Token.startsUpper }
        }
        if isUpper { uppers &+= 1 }
        take(byte | 32)
    }

    /// Handles a byte of a word.
    mutating func take(_ byte: UInt8) {
        if kind != Token.word { begin(Token.word) }
        hash = WordHash.step(hash, byte)
        put(byte)
    }

    private mutating func takeDigit(_ byte: UInt8) {
        if kind == Token.word { return take(byte) }
        if kind != Token.number {
            begin(Token.number)
            digits = 0
        }
        digits &+= 1
        // The value of a number says little, except for a year.
        if digits <= 2 { hash = WordHash.step(hash, byte) }
        put(UInt8(ascii: "0"))
    }

    mutating func takeSpace(_ byte: UInt8) {
        finish()
        pending |= Token.flags(ofSpace: byte)
    }

    /// Handles a sign. It ends the word, except an apostrophe or a hyphen within a word and a separator within a number.
    mutating func takeSign(_ byte: UInt8, _ sign: UInt8, _ next: UInt8) {
        if goesOn(byte, sign, next) { return put(byte) }
        begin(sign)
        hash = UInt32(byte)
        put(byte)
    }

    /// Whether a sign belongs to the token being read.
    private mutating func goesOn(_ byte: UInt8, _ sign: UInt8, _ next: UInt8) -> Bool {
        let nextClass = classes[next]
        let isLetterNext = nextClass == ByteClass.high.rawValue || ByteClass.isLetter(nextClass)
        if kind == Token.word, byte == UInt8(ascii: "'"), isLetterNext { return true }
        if kind == Token.number, byte == UInt8(ascii: ".") || byte == UInt8(ascii: ","), nextClass == ByteClass.digit.rawValue {
            if byte == UInt8(ascii: ".") { flags |= Token.decimal }
            return true
        }
        return kind == sign && hash == UInt32(byte)
    }

    // MARK: Tokens

    mutating func begin(_ newKind: UInt8) {
        finish()
        flags = takePending()
        kind = newKind
        hash = WordHash.seed
        start = textCount
        uppers = 0
        scripts = 0
    }

    /// Writes the blank before a token. Returns the flags that follow from it.
    @inline(__always)
    private mutating func takePending() -> UInt8 {
        guard pending != 0 else { return 0 }
        defer { pending = 0 }
        scratch.text[textCount] = 32
        textCount &+= 1
        return pending
    }

    mutating func finish() {
        guard kind != 0 else { return }
        defer { kind = 0 }
        guard tokenCount < Self.capacity else { return }
        tokens[tokenCount] = kind == Token.word ? word() : numberOrSign()
        tokenCount &+= 1
    }

    private func word() -> Token {
        let row = FeatureSpace.row(FeatureSpace.Salt.word, hash)
        let entry = lexicon.entry(of: hash, row: row)
        let length = textCount &- start
        let isShouted = uppers > 1 && uppers == length
        return Token(
            hash: hash, start: start, kind: kind, flags: isShouted ? flags | Token.allUpper : flags, classes: entry.classes,
            languages: entry.languages | scripts, row: row, length: length)
    }

    private func numberOrSign() -> Token {
        let length = textCount &- start
        let hash =
            kind == Token.number
            ? Token.numberHash(digits: digits, hash, isDecimal: flags & Token.decimal != 0)
            : Sign.hash(UInt8(truncatingIfNeeded: hash), times: UInt8(truncatingIfNeeded: min(length, 3)))
        return Token(
            hash: hash, start: start, kind: kind, flags: flags, row: FeatureSpace.row(FeatureSpace.Salt.word, hash), length: length)
    }

    @inline(__always)
    private mutating func put(_ byte: UInt8) {
        guard textCount < Self.capacity else { return }
        scratch.text[textCount] = byte
        textCount &+= 1
    }
}
