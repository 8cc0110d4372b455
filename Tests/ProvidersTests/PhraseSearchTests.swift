import Testing

@testable import Providers

@Suite struct PhraseSearchTests {
    @Test(arguments: [
        ("too large", "too large"), ("request too large for", "too large"), ("ends too large", "too large"),
        ("too large begins", "too large"),
        ("ttoo large", "too large"), ("too too large", "too large"), ("größe: zu groß", "zu groß"), ("a", "a"), ("a", ""), ("", ""),
        ("aaab", "aab"),
    ])
    func phrase_inText_isFound(text: String, phrase: String) { #expect(text.hasPhrase(phrase)) }

    @Test(arguments: [
        ("too larg", "too large"), ("", "a"), ("too  large", "too large"), ("Too large", "too large"), ("aaaa", "aab"),
        ("oo large", "too large"),
    ])
    func phrase_notInText_isNotFound(text: String, phrase: String) { #expect(!text.hasPhrase(phrase)) }

    @Test func phrase_atRandom_agreesWithContains() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let text = String((0..<Int.random(in: 0...12, using: &generator)).map { _ in "ab ".randomElement(using: &generator) ?? "a" })
            let phrase = String((0..<Int.random(in: 1...4, using: &generator)).map { _ in "ab ".randomElement(using: &generator) ?? "a" })
            #expect(text.hasPhrase(phrase) == text.contains(phrase), "\(text) · \(phrase)")
        }
    }
}
