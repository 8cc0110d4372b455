import Testing

@testable import Classifier

@Suite("Features") struct FeatureTests {
    private func number(_ number: PromptNumber, _ prompt: String) -> Int32 { features(prompt).numbers[number.rawValue] }
    private func count(_ kind: WordClass, _ prompt: String) -> Int32 { features(prompt).numbers[PromptNumbers.classBase + kind.rawValue] }

    @Test func counts() {
        #expect(number(.words, "It's 3.14 o'clock, isn't it?") == 4)
        #expect(number(.numbers, "1,000 and 3.14 and 2019") == 3)
        #expect(number(.decimals, "1,000 and 3.14 and 2019") == 1)
        #expect(number(.years, "1,000 and 3.14 and 2019 or 1987") == 2)
        #expect(number(.lines, "one\n\n\ntwo\nthree") == 3)
        #expect(number(.options, "Which?\nA) one\nB. two\n(c) three\nD: four") == 4)
        #expect(number(.listLines, "Buy:\n- milk\n* eggs\n3. flour") == 3)
        #expect(number(.fences, "```swift\nlet a = 1\n```") == 2)
        #expect(number(.codeLines, "int f() {\nreturn 1;\n}") == 3)
        #expect(number(.fractions, "3/4 of 1 / 2 and a/b") == 2)
        #expect(number(.percents, "20% of 5 %") == 2)
        #expect(number(.shouted, "WHY is HTTP so slow A") == 2)
        #expect(number(.endsWithQuestion, "Really?") == 1)
        #expect(number(.lastLineWords, "one two three\nfour five") == 2)
        #expect(number(.firstLineWords, "one two three\nfour five") == 3)
    }

    @Test func wordClasses() {
        #expect(count(.creativeNoun, "a poem, A POEM and a Gedicht") == 3)
        #expect(count(.translateVerb, "请把这句话翻译成英文") >= 1)
        #expect(count(.humanLanguage, "Переведи на английский") == 1)
        #expect(count(.codeLanguage, "in Python and Rust") == 2)
    }

    @Test("the table of words is less than half full, so that look-ups stay short") func lexiconLoad() {
        let words = Set(
            WordClass.allCases.flatMap { ($0.words + " " + (ForeignWords.lists[$0] ?? "")).split(separator: " ") }
                + LanguageWords.all.flatMap { $0.words.split(separator: " ") })
        #expect(words.count > 3_000)
        #expect(words.count < 1 << 13)
        #expect(WordClass.allCases.count <= 64)
        #expect(LanguageWords.all.count == LanguageWords.count)
        #expect(LanguageWords.count <= 32)
    }

    @Test("letters are folded, white space and typographic signs too")
    func folding() {
        // The features that count capitals follow those of words and characters.
        let upper = features("ÜBERSETZE ÄPFEL ДЛЯ"), lower = features("übersetze äpfel для")
        #expect(upper.rows.prefix(upper.sectionEnds[3]) == lower.rows.prefix(lower.sectionEnds[3]))
        #expect(features("it’s “so”") == features("it's \"so\""))
        #expect(features("one\u{A0}two\u{3000}three") == features("one two three"))
        #expect(features("真的?") == features("真的？"))
    }

    @Test("rows stand once, in their sections, within the table") func rows() {
        let found = features("Write a function that adds two numbers, and write a test for the function.\n\nUse Python.")
        #expect(Set(found.rows).count == found.rows.count)
        #expect(found.sectionEnds.last == found.rows.count)
        #expect(zip(found.sectionEnds, found.sectionEnds.dropFirst()).allSatisfy { $0 < $1 })
        #expect(found.rows.allSatisfy { Int($0) < FeatureSpace.rowCount })
    }

    /// Detects a change of features without a newly trained model. After such a change, raise `FeatureSpace.version` and train again.
    @Test("are those that the shipped model was trained on") func unchanged() {
        let prompt = "Hi! Schreib a SQL query: total 3.5% of sales in 2024?\nA) 1\nB) 2\n```x = {y}```\n翻译 это. Thanks!"
        let found = features(prompt)
        let sum = found.rows.reduce(WordHash.seed) { WordHash.step(WordHash.step($0, UInt8($1 >> 8)), UInt8($1 & 255)) }
        let numbers = found.numbers.reduce(WordHash.seed) { WordHash.step($0, UInt8(truncatingIfNeeded: $1)) }
        #expect((FeatureSpace.version, sum, numbers) == (1, 530_430_955, 536_800_913))
    }

    @Test("any bytes at all") func anyBytes() {
        var random = FixedRandom(state: 5)
        for length in [0, 1, 2, 3, 5, 17, 64, 300, 3_999, 4_000, 4_001, 9_000, 70_000] {
            for alphabet in [0...255, 0x80...0xFF, 0xE2...0xF4, 0x20...0x40, 0x0A...0x20] as [ClosedRange<UInt8>] {
                let bytes = (0..<length).map { _ in UInt8.random(in: alphabet, using: &random) }
                let found = features(bytes)
                #expect(Set(found.rows).count == found.rows.count)
                _ = bytes.withUnsafeBytes { Classifier.builtIn.classify(ClassifierInput(system: $0, lastUser: $0, userTurns: 3)) }
            }
        }
    }

    @Test("UTF-8 cut within a character") func cutCharacters() {
        let text = Array("Grüße 你好 👋🏽 «à» ’“ αβ ％？ ﷽".utf8)
        for start in text.indices {
            for end in start...text.count { #expect(features(Array(text[start..<end])).sectionEnds.count == 5) }
        }
    }

    @Test("of a long prompt the beginning and the end count")
    func longPrompts() {
        let filler = String(repeating: "lorem ipsum dolor sit amet ", count: 4_000)
        #expect(features("Translate this: " + filler) != features("Summarize this: " + filler))
        #expect(features(filler + "\nTranslate the text into French.") != features(filler + "\nSummarize the text."))
        #expect(classify(filler + "\n\nTranslate the text above into French.").task == .translate)
        #expect(classify("Summarize the following text in one sentence:\n\n" + filler).task == .summarize)
    }

    @Test("no words at all") func empty() {
        for prompt in ["", " ", "\n\n", "?!", "…"] {
            let result = classify(prompt)
            #expect(result.complexityScore > 0 && result.complexityScore < 1)
        }
    }
}
