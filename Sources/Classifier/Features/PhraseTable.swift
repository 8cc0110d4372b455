/// Phrases, indexed by one of their words, so that most positions of a prompt are rejected at once.
struct PhraseTable: Sendable {
    /// A phrase as the hashes of its words.
    private typealias Phrase = [UInt32]

    enum Key { case firstWord, lastWord }

    private let keys: WordIndex
    /// The phrases of each key, longest first, so that a phrase is not cut in two by its own beginning.
    private let phrases: [[Phrase]]

    /// - Parameter text: phrases in lower case, separated by commas.
    init(_ text: String, keyedBy key: Key) {
        func word(_ phrase: Phrase) -> UInt32? { key == .firstWord ? phrase.first : phrase.last }
        let all = text.split(separator: ",").map { Self.words(of: $0) }.sorted { $0.count > $1.count }
        let keys = WordIndex(all.compactMap(word))
        var phrases = [[Phrase]](repeating: [], count: keys.count)
        for phrase in all { if let key = word(phrase).flatMap({ keys.index(of: $0) }) { phrases[key].append(phrase) } }
        self.keys = keys
        self.phrases = phrases
    }

    /// The words of a phrase as the tokenizer splits them: ideographs one by one.
    private static func words(of phrase: Substring) -> Phrase {
        phrase.split(whereSeparator: { $0 == " " || $0 == "\n" }).flatMap { word -> Phrase in
            guard word.unicodeScalars.contains(where: { $0.value >= 0x3000 }) else { return [WordHash.of(word)] }
            return word.unicodeScalars.map { WordHash.of(String($0)) }
        }
    }

    /// The end of the longest phrase that begins at `position`; for tables by the first word.
    func match(_ tokens: UnsafeBufferPointer<Token>, at position: Int) -> Int? {
        guard position < tokens.count, let key = keys.index(of: tokens[position].hash) else { return nil }
        let phrase = phrases[key].first { position + $0.count <= tokens.count && Self.stands($0, tokens, at: position) }
        return phrase.map { position + $0.count }
    }

    /// The start, not before `first`, of the longest phrase that ends before `end`; for tables by the last word.
    func match(_ tokens: UnsafeBufferPointer<Token>, endingAt end: Int, after first: Int) -> Int? {
        guard end > first, let key = keys.index(of: tokens[end - 1].hash) else { return nil }
        let phrase = phrases[key].first { end - $0.count >= first && Self.stands($0, tokens, at: end - $0.count) }
        return phrase.map { end - $0.count }
    }

    private static func stands(_ phrase: Phrase, _ tokens: UnsafeBufferPointer<Token>, at start: Int) -> Bool {
        phrase.indices.allSatisfy { tokens[start + $0].hash == phrase[$0] }
    }
}
