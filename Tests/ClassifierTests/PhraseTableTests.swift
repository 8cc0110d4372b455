import Testing

@testable import Classifier

@Suite("Phrases") struct PhraseTableTests {
    /// The tokens of `text`, and the table's matches in them.
    private func ask<R>(_ text: String, _ question: (UnsafeBufferPointer<Token>) -> R) -> R {
        Array(text.utf8).withUnsafeBytes { bytes in FeatureExtractor.withFeatures(of: bytes) { question($0.tokens) } }
    }

    @Test("words are found by their hashes, each under its own number") func words() {
        let words = (0..<500).map { "word\($0)" }
        let index = WordIndex(words.joined(separator: " \n"))
        #expect(index.count == words.count)
        #expect(words.map { index.index(of: WordHash.of($0)) } == Array(0..<500))
        for number in 500..<2_000 { #expect(!index.contains(WordHash.of("word\(number)"))) }
        #expect(!index.contains(0))
    }

    @Test("a word given twice has one number; no words at all") func fewWords() {
        let index = WordIndex("a b a")
        #expect(index.count == 2)
        #expect(index.index(of: WordHash.of("b")) == 1)
        #expect(!WordIndex("").contains(WordHash.of("a")))
    }

    @Test("the longest phrase that begins somewhere") func beginnings() {
        let table = PhraseTable("can you,can you please,could you,你好", keyedBy: .firstWord)
        ask("can you please help") { tokens in
            #expect(table.match(tokens, at: 0) == 3)
            #expect(table.match(tokens, at: 1) == nil)
            #expect(table.match(tokens, at: 4) == nil)
        }
        ask("can you") { #expect(table.match($0, at: 0) == 2) }
        ask("can") { #expect(table.match($0, at: 0) == nil) }
        ask("can they") { #expect(table.match($0, at: 0) == nil) }
        ask("你好") { #expect(table.match($0, at: 0) == 2) }
        ask("") { #expect(table.match($0, at: 0) == nil) }
    }

    @Test("the longest phrase that ends somewhere") func ends() {
        let table = PhraseTable("you,thank you,many thanks", keyedBy: .lastWord)
        ask("do it thank you") { tokens in
            #expect(table.match(tokens, endingAt: 4, after: 0) == 2)
            #expect(table.match(tokens, endingAt: 4, after: 3) == 3)
            #expect(table.match(tokens, endingAt: 4, after: 4) == nil)
            #expect(table.match(tokens, endingAt: 3, after: 0) == nil)
            #expect(table.match(tokens, endingAt: 0, after: 0) == nil)
        }
        ask("thanks") { #expect(table.match($0, endingAt: 1, after: 0) == nil) }
    }
}
