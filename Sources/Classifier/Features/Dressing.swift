/// Greetings, thanks and polite openings: words around a request that are not part of it.
struct Dressing: Sendable {
    static let shared = Dressing()

    private let greetings = PhraseTable(DressingPhrases.greetings, keyedBy: .firstWord)
    private let addressees = WordIndex(DressingPhrases.addressees)
    private let wishes = PhraseTable(DressingPhrases.wishes, keyedBy: .firstWord)
    private let thanks = PhraseTable(DressingPhrases.thanks, keyedBy: .lastWord)
    private let openings = PhraseTable(DressingPhrases.openings, keyedBy: .firstWord)
    /// Words after which thanks belong to the request: "how do you say thank you".
    private let quoting = WordIndex(DressingPhrases.quoting)
    /// Words before which a greeting belongs to the request: "hello world program".
    private let greeted = WordIndex(DressingPhrases.greeted)

    private init() {}

    /// The tokens of the request itself; all tokens if nothing would be left.
    func request(in tokens: UnsafeBufferPointer<Token>) -> Range<Int> {
        let first = endOfGreeting(tokens)
        let end = startOfThanks(tokens, after: first)
        return hasWord(tokens, first..<end) ? first..<end : 0..<tokens.count
    }

    private func hasWord(_ tokens: UnsafeBufferPointer<Token>, _ range: Range<Int>) -> Bool { range.contains { tokens[$0].isWordOrNumber } }

    /// Where the request begins after greetings and wishes.
    private func endOfGreeting(_ tokens: UnsafeBufferPointer<Token>) -> Int {
        var position = 0
        while true {
            var next = position
            while next < tokens.count, isSeparator(tokens[next]) { next += 1 }
            let isFirst = position == 0
            guard let end = greetings.match(tokens, at: next) ?? (isFirst ? nil : wishes.match(tokens, at: next)) else { return position }
            next = end
            if next < tokens.count, greeted.contains(tokens[next].hash) { return position }
            if next < tokens.count, tokens[next].isWord, addressees.contains(tokens[next].hash) { next += 1 }
            while next < tokens.count, isSeparator(tokens[next]) { next += 1 }
            position = next
        }
    }

    /// Where closing thanks begin.
    private func startOfThanks(_ tokens: UnsafeBufferPointer<Token>, after first: Int) -> Int {
        var end = tokens.count
        while true {
            var last = end
            while last > first, isSeparator(tokens[last - 1]) || isPictograph(tokens[last - 1]) { last -= 1 }
            if last > first, last < tokens.count, addressees.contains(tokens[last - 1].hash) { last -= 1 }
            guard let start = thanks.match(tokens, endingAt: last, after: first), start > first else { return end }
            var before = start
            if isQuoted(tokens[start], after: tokens[start - 1]) { return end }
            while before > first, tokens[before - 1].kind == ByteClass.comma.rawValue || tokens[before - 1].kind == ByteClass.math.rawValue
            { before -= 1 }
            end = before
        }
    }

    /// Whether the request is about the word of thanks; false if it starts a line.
    private func isQuoted(_ token: Token, after before: Token) -> Bool {
        if token.has(Token.startsLine) { return false }
        if before.kind == ByteClass.quote.rawValue { return !token.has(Token.afterSpace) }
        return quoting.contains(before.hash) || before.hash == Sign.colon
    }

    private func isSeparator(_ token: Token) -> Bool {
        switch token.kind {
        case ByteClass.comma.rawValue, ByteClass.period.rawValue, ByteClass.exclamation.rawValue, ByteClass.question.rawValue: true
        case ByteClass.math.rawValue: token.has(Token.afterSpace)
        default: isPictograph(token)
        }
    }

    /// Whether the token is an emoji: a four-byte sequence, which is in no word list.
    private func isPictograph(_ token: Token) -> Bool { token.has(Token.pictograph) }

    /// How many tokens of a polite opening ("could you please") begin at `position`.
    func opening(_ tokens: UnsafeBufferPointer<Token>, _ range: Range<Int>) -> Int {
        var position = range.lowerBound
        while let end = openings.match(tokens, at: position), end < range.upperBound { position = end }
        return position
    }
}
