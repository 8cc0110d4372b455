/// Cuts a prompt into tokens and writes it down in normalized form: lower case, one blank for any run of white space.
///
/// `PlainReader` takes what is plain ASCII. Everything else changes the state byte by byte: a token is open while `kind` is not 0.
struct Tokenizer {
    /// Bytes looked at from the front and from the end of a prompt.
    static let headBytes = 3_000, tailBytes = 1_000
    /// How far blanks around a prompt are skipped.
    private static let trimmedBytes = 16_384
    /// Enough for every prompt: each byte of the text, and each token, stands for at least one byte that was looked at, or for the seam.
    static let capacity = headBytes + tailBytes + 8

    private let scratch: Scratch
    let lexicon = Lexicon.shared
    let classes = ByteClass.table
    /// The blank before the first token stands in front of the text.
    var textCount = -1
    var tokenCount = 0

    // The token being read.
    var kind: UInt8 = 0
    var hash: UInt32 = 0
    private var start = 0
    var flags: UInt8 = 0
    private var uppers = 0
    var scripts: UInt32 = 0
    /// The hash of the ideograph before; two of them often are one word.
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

    /// Reads what is plain from the beginning of `range`; gives the position of what is not.
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

    /// Takes the byte at `source`; gives how many bytes are done with.
    private mutating func takeByte(_ source: UnsafePointer<UInt8>) -> Int {
        let byte = source[0]
        let byteClass = classes[byte]
        switch byteClass {
        case ByteClass.high.rawValue: return 1 &+ takeHigh(byte, source[1], source[2])
        case ByteClass.space.rawValue: takeSpace(byte)
        case ByteClass.digit.rawValue: takeDigit(byte)
        case ByteClass.letter.rawValue, ByteClass.upper.rawValue:
            // Behind a number or a sign, it may be a plain word.
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

    /// A byte of a word.
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
        // The value itself says little, a year says something.
        if digits <= 2 { hash = WordHash.step(hash, byte) }
        put(UInt8(ascii: "0"))
    }

    mutating func takeSpace(_ byte: UInt8) {
        finish()
        pending |= Token.flags(ofSpace: byte)
    }

    /// A sign ends the word, except an apostrophe or a hyphen within a word and a separator within a number.
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

    /// Writes the blank before a token; gives the flags that come of it.
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
