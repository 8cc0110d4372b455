/// Greetings, thanks and polite openings: what surrounds a request without being part of it.
struct Dressing: Sendable {
    static let shared = Dressing()

    /// A phrase as the hashes of its words.
    private typealias Phrase = [UInt32]

    private let greetings: [Phrase]
    private let addressees: Set<UInt32>
    private let wishes: [Phrase]
    private let thanks: [Phrase]
    private let openings: [Phrase]
    /// Words after which thanks belong to the request: "how do you say thank you".
    private let quoting: Set<UInt32>
    /// Words before which a greeting belongs to the request: "hello world program".
    private let greeted: Set<UInt32>

    private init() {
        greetings = Self.phrases(DressingPhrases.greetings)
        wishes = Self.phrases(DressingPhrases.wishes)
        thanks = Self.phrases(DressingPhrases.thanks)
        openings = Self.phrases(DressingPhrases.openings)
        addressees = Set(DressingPhrases.addressees.split(separator: " ").map { WordHash.of($0) })
        quoting = Set(DressingPhrases.quoting.split(separator: " ").map { WordHash.of($0) })
        greeted = Set(DressingPhrases.greeted.split(separator: " ").map { WordHash.of($0) })
    }

    /// Longest first, so that a phrase is not cut in two by its own beginning.
    private static func phrases(_ text: String) -> [Phrase] {
        text.split(separator: ",").map { phrase in words(of: phrase) }.sorted { $0.count > $1.count }
    }

    /// The words as the tokenizer cuts them: ideographs one by one.
    private static func words(of phrase: Substring) -> Phrase {
        phrase.split(whereSeparator: { $0 == " " || $0 == "\n" }).flatMap { word -> Phrase in
            guard word.unicodeScalars.contains(where: { $0.value >= 0x3000 }) else { return [WordHash.of(word)] }
            return word.unicodeScalars.map { WordHash.of(String($0)) }
        }
    }

    /// The part of the tokens that is the request; all of them if nothing would be left.
    func request(in tokens: UnsafeBufferPointer<Token>) -> Range<Int> {
        let first = endOfGreeting(tokens)
        let end = startOfThanks(tokens, after: first)
        return hasWord(tokens, first..<end) ? first..<end : 0..<tokens.count
    }

    private func hasWord(_ tokens: UnsafeBufferPointer<Token>, _ range: Range<Int>) -> Bool { range.contains { tokens[$0].isWordOrNumber } }

    /// Where the request begins behind any number of greetings and wishes.
    private func endOfGreeting(_ tokens: UnsafeBufferPointer<Token>) -> Int {
        var position = 0
        while true {
            var next = position
            while next < tokens.count, isSeparator(tokens[next]) { next += 1 }
            let isFirst = position == 0
            guard let end = match(greetings, tokens, at: next) ?? (isFirst ? nil : match(wishes, tokens, at: next)) else { return position }
            next = end
            if next < tokens.count, greeted.contains(tokens[next].hash) { return position }
            if next < tokens.count, tokens[next].isWord, addressees.contains(tokens[next].hash) { next += 1 }
            while next < tokens.count, isSeparator(tokens[next]) { next += 1 }
            position = next
        }
    }

    /// Where thanks begin that end the text.
    private func startOfThanks(_ tokens: UnsafeBufferPointer<Token>, after first: Int) -> Int {
        var end = tokens.count
        while true {
            var last = end
            while last > first, isSeparator(tokens[last - 1]) || isPictograph(tokens[last - 1]) { last -= 1 }
            if last > first, last < tokens.count, addressees.contains(tokens[last - 1].hash) { last -= 1 }
            guard let start = matchBackwards(thanks, tokens, endingAt: last, after: first), start > first else { return end }
            var before = start
            if isQuoted(tokens[start], after: tokens[start - 1]) { return end }
            while before > first, tokens[before - 1].kind == ByteClass.comma.rawValue || tokens[before - 1].kind == ByteClass.math.rawValue
            { before -= 1 }
            end = before
        }
    }

    /// Whether thanks are what the request is about; a line of their own never is.
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

    /// Emoji: four-byte sequences, which no word list knows.
    private func isPictograph(_ token: Token) -> Bool { token.has(Token.pictograph) }

    /// How many tokens of a polite opening ("could you please") begin at `position`.
    func opening(_ tokens: UnsafeBufferPointer<Token>, _ range: Range<Int>) -> Int {
        var position = range.lowerBound
        while let end = match(openings, tokens, at: position), end < range.upperBound { position = end }
        return position
    }

    private func match(_ phrases: [Phrase], _ tokens: UnsafeBufferPointer<Token>, at position: Int) -> Int? {
        for phrase in phrases where position + phrase.count <= tokens.count {
            if phrase.indices.allSatisfy({ tokens[position + $0].hash == phrase[$0] }) { return position + phrase.count }
        }
        return nil
    }

    private func matchBackwards(_ phrases: [Phrase], _ tokens: UnsafeBufferPointer<Token>, endingAt end: Int, after first: Int) -> Int? {
        for phrase in phrases where end - phrase.count >= first {
            let start = end - phrase.count
            if phrase.indices.allSatisfy({ tokens[start + $0].hash == phrase[$0] }) { return start }
        }
        return nil
    }
}
