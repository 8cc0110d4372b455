/// Guesses a prompt's language by its script and its most frequent words.
enum LanguageGuess {
    /// The most words that are read.
    private static let wordLimit = 200
    /// The fewest votes for a decision. A word has six votes: one word ("y", "the") is not enough, nor is a small lead over another
    /// language.
    private static let leastVotes: Int32 = 9

    /// The language as an ISO 639-1 code; `nil` when the votes are too few or too close.
    static func language(of tokens: UnsafeBufferPointer<Token>) -> String? {
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: LanguageWords.count) { votes in
            votes.initialize(repeating: 0)
            let words = count(tokens, votes)
            return winner(UnsafeBufferPointer(votes), words).map { LanguageWords.all[$0].code }
        }
    }

    /// Counts the votes of the first words. Returns the number of words.
    private static func count(_ tokens: UnsafeBufferPointer<Token>, _ votes: UnsafeMutableBufferPointer<Int32>) -> Int32 {
        var words: Int32 = 0
        for index in 0..<min(wordLimit, tokens.count) where tokens[index].isWord {
            words &+= 1
            let languages = tokens[index].languages & LanguageWords.mask
            guard languages != 0 else { continue }
            // A word that several languages share has fewer votes for each.
            let share = languages & (languages &- 1) == 0 ? 6 : Int32(6 / languages.nonzeroBitCount)
            var rest = languages
            while rest != 0 {
                votes[rest.trailingZeroBitCount] &+= share
                rest &= rest &- 1
            }
        }
        return words
    }

    private static func winner(_ votes: UnsafeBufferPointer<Int32>, _ words: Int32) -> Int? {
        // Japanese uses both scripts, Chinese one.
        if votes[LanguageWords.japanese] * 5 > votes[LanguageWords.chinese] { return LanguageWords.japanese }
        var best = 0
        var second: Int32 = 0
        for index in 1..<LanguageWords.count {
            if votes[index] > votes[best] {
                second = votes[best]
                best = index
            } else {
                second = max(second, votes[index])
            }
        }
        let least = best < LanguageWords.firstScript ? leastVotes : 1
        return votes[best] >= least && votes[best] * 2 > second * 3 && votes[best] >= words ? best : nil
    }
}
