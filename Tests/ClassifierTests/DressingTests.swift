import Testing

@testable import Classifier

@Suite("Dressing") struct DressingTests {
    static let greetings = [
        "Hi! ", "Hello there, ", "hey ", "Good morning!\n\n", "Dear ChatGPT, ", "Hi Claude, how are you? ",
        "Hello! I hope you're doing well. ", "Guten Tag, ", "Bonjour ! ",
        "Hola, ", "Buongiorno, ", "Olá! ", "Привет! ", "Здравствуйте, ", "你好,", "こんにちは。", "안녕하세요! ", "Merhaba, ", "👋 Hi! ",
    ]
    static let thanks = [
        " Thanks!", "\n\nThank you in advance.", " thanks", ", thanks a lot", " Thank you so much!", " Cheers", " thx", " Danke!",
        " Vielen Dank im Voraus.", " Merci beaucoup !",
        " ¡Muchas gracias!", " Grazie mille", " Obrigado!", " Спасибо!", " 谢谢", " ありがとうございます。", " 감사합니다!", " Thank you 🙏",
    ]
    static let prompts = [
        "Write a Python function that reverses a list.", "what is the capital of peru?", "Translate this into French: I am tired.",
        "Erkläre mir den Unterschied zwischen Strom und Spannung.", "Summarize:\n\nThe meeting began at nine. Nobody came.",
        "How many legs do six spiders have",
    ]

    @Test("greetings do not change a single feature", arguments: greetings) func isIgnored(greeting: String) {
        for prompt in Self.prompts { #expect(features(greeting + prompt) == features(prompt), "\(greeting + prompt)") }
    }

    @Test("thanks do not change a single feature", arguments: thanks) func isIgnored(thanks: String) {
        for prompt in Self.prompts { #expect(features(prompt + thanks) == features(prompt), "\(prompt + thanks)") }
    }

    @Test("white space does not change a single feature") func whiteSpace() {
        for prompt in Self.prompts {
            let spaced = " \n\t" + prompt.replacingBlanks(with: "  ").replacingLineEnds(with: "\n\n\n") + "\n\n  "
            #expect(features(spaced) == features(prompt), "\(prompt)")
        }
    }

    @Test("what only looks like dressing stays")
    func content() {
        #expect(features("How do you say thank you") != features("How do you say"))
        #expect(features("Translate into Spanish: thank you") != features("Translate into Spanish:"))
        #expect(features("Translate \"many thanks\"") != features("Translate \""))
        #expect(features("hello world program in C") != features("world program in C"))
    }

    @Test("a prompt that is all dressing stays whole", arguments: ["hi", "Hello!", "thanks", "Good morning, thank you!", "你好"])
    func onlyDressing(prompt: String) {
        #expect(features(prompt).numbers[PromptNumber.words.rawValue] > 0)
        #expect(classify(prompt).task == .simple)
    }

    @Test("the task of at least 98 of 100 realistic prompts stays under dressing") func realistic() throws {
        let prompts = try realisticPrompts()
        let kept = prompts.indices.filter { index in
            let prompt = prompts[index].prompt
            let dressed = [Self.greetings[index % Self.greetings.count] + prompt, prompt + Self.thanks[index % Self.thanks.count]]
            return dressed.allSatisfy { classify($0).task == classify(prompt).task }
        }
        #expect(Double(kept.count) >= 0.98 * Double(prompts.count), "\(kept.count) of \(prompts.count)")
    }
}

extension String {
    func replacingBlanks(with text: String) -> String { split(separator: " ", omittingEmptySubsequences: false).joined(separator: text) }
    func replacingLineEnds(with text: String) -> String { split(separator: "\n", omittingEmptySubsequences: false).joined(separator: text) }
}
