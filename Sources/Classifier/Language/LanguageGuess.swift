/// Guesses a prompt's language by its script and its most frequent words.
enum LanguageGuess {
    /// Words looked at.
    private static let wordLimit = 200
    /// A word gives six votes; one alone ("y", "the") decides nothing, nor do words that another language has almost as many of.
    private static let leastVotes: Int32 = 9

    /// ISO 639-1; `nil` when too little or too much speaks for one language.
    static func language(of tokens: UnsafeBufferPointer<Token>) -> String? {
        var votes = InlineArray<32, Int32>(repeating: 0)
        var words: Int32 = 0
        for token in tokens.prefix(wordLimit) where token.isWord {
            words += 1
            var rest = token.languages
            while rest != 0 {
                // A word that several languages share says less.
                votes[rest.trailingZeroBitCount] += Int32(6 / token.languages.nonzeroBitCount)
                rest &= rest - 1
            }
        }
        return winner(votes, words)
    }

    private static func winner(_ votes: InlineArray<32, Int32>, _ words: Int32) -> String? {
        // Japanese mixes both scripts, Chinese does not.
        if votes[LanguageWords.japanese] * 5 > votes[LanguageWords.chinese] { return LanguageWords.all[LanguageWords.japanese].code }
        var best = 0
        for index in 1..<LanguageWords.all.count where votes[index] > votes[best] { best = index }
        var second: Int32 = 0
        for index in 0..<LanguageWords.all.count where index != best { second = max(second, votes[index]) }
        guard votes[best] >= (best < LanguageWords.firstScript ? leastVotes : 1), votes[best] * 2 > second * 3, votes[best] >= words else {
            return nil
        }
        return LanguageWords.all[best].code
    }
}
