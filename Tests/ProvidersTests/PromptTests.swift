import Chat
import Testing

@testable import Providers

/// The modules that make a prompt fit a provider, one by one; the golden files show them together.
@Suite struct PromptTests {
    private func raw<R>(_ text: String, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try Array(text.utf8).withUnsafeBytes(body)
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    // MARK: Media

    @Test(arguments: [
        ("image/jpg", "", "image/jpeg"), ("image/JPEG", "", "image/jpeg"), ("image/pjpeg", "", "image/jpeg"),
        ("image/x-png", "", "image/png"),
        (" Image/GIF ", "", "image/gif"), ("image/png", "/9j/4AAQSkZJRgAB", "image/jpeg"), ("", "iVBORw0KGgoAAAAN", "image/png"),
        ("image/png", "R0lGODlhAQABAAAA", "image/gif"), ("image/png", "UklGRiQAAABXRUJQ", "image/webp"),
        // RIFF alone may be sound.
        ("audio/wav", "UklGRiQAAABXQVZF", "audio/wav"), ("image/svg+xml", "PHN2Zy8+", "image/svg+xml"), ("image/png", "iVBO", "image/png"),
        ("text/plain", "JVBERi0xLjQK", "application/pdf"), ("image/png", "JVBERi0xLjQK", "image/png"),
        ("application/x-pdf", "AAAA", "application/pdf"),
        ("", "AAAA", "text/plain"), ("application/octet-stream", "AAAA", "application/octet-stream"),
    ])
    func mediaType_ofLabelAndBytes_isNormalized(label: String, base64: String, type: String) {
        let start = raw(base64) { Base64Text($0)?.start } ?? []
        #expect(raw(label) { MediaType.of($0, start: start) } == type)
    }

    @Test func mediaType_withoutUsefulLabel_isToldByTheFileName() {
        for (name, type) in [("a.CSV", "text/csv"), ("a.b.pdf", "application/pdf"), ("a", "application/octet-stream")] {
            #expect(raw(name) { name in raw("application/octet-stream") { MediaType.of($0, start: [], fileName: name) } } == type)
        }
    }

    @Test(
        arguments: [
            ("AAAA", "AAAA"), ("AAA=", "AAA="), ("AA==", "AA=="), ("AAA", "AAA="), ("AA", "AA=="), ("A\r\nA A\tA\n", "AAAA"),
            ("-_-_", "+/+/"),
            ("AA==\n", "AA=="), ("AAAAA", "AAAAA"), ("AA=", "AA=="), ("", nil), ("==", nil), (" ", nil), ("A!AA", nil), ("A=AA", nil),
            ("Aä", nil),
        ] as [(String, String?)])
    func base64_inOtherForms_isMended(given: String, expected: String?) {
        let mended = raw(given) { given -> String? in
            guard let base64 = Base64Text(given) else { return nil }
            var bytes: [UInt8] = []
            base64.append(to: &bytes)
            return text(bytes)
        }
        #expect(mended == expected.map { "\"\($0)\"" })
    }

    // MARK: Names

    private static let rules = [
        NameRule(longest: 128), NameRule(longest: 64), NameRule(longest: 64, others: ".:", beginsWithLetter: true),
    ]

    /// Whatever names come in whatever order: those that go out are allowed, distinct, and the client's own where that can be.
    @Test(arguments: rules.indices) func distinctNames_ofAnyNames_areValidAndDistinct(rule index: Int) {
        let rule = Self.rules[index]
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let names = Set(
                (0..<30).map { _ in
                    String((0..<Int.random(in: 0...70, using: &random)).map { _ in "ab_-.:/1 ä".randomElement(using: &random) ?? "a" })
                } + ["a.b", "a_b", "a/b", "a_b_2", "", "1", "_"])
            var distinct = DistinctNames(rule)
            let kept = names.filter { raw($0) { distinct.take($0) } }
            #expect(kept == names.filter { raw($0) { rule.isValid($0) } })
            let made = names.subtracting(kept).map { raw($0) { distinct.make(from: $0) } }
            for name in made { #expect(name.withUnsafeBytes { rule.isValid($0) }, "\(text(name))") }
            #expect(Set(made.map(text)).union(kept).count == names.count)
        }
    }

    @Test func distinctNames_ofOneStem_takeLinearTime() {
        var distinct = DistinctNames(NameRule(longest: 64))
        let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
        let stem = String(repeating: "x", count: 61)
        var plain: [String] = []
        for first in letters { for second in letters { plain.append(stem + String([first, second])) } }
        for name in plain { _ = raw(name) { distinct.take($0) } }
        let start = ContinuousClock.now
        for name in plain { _ = raw(name + "too long") { distinct.make(from: $0) } }
        // Quadratic, this would be some seven million steps.
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    // MARK: White space and stops

    @Test(arguments: [
        ("", false, ""), (" \n\t", false, ""), ("\u{A0}\u{3000}\u{2003}\u{85}", false, ""), ("a", true, "a"), (" a \u{A0}\n", true, " a"),
        ("ä", true, "ä"), ("\u{200B}", true, "\u{200B}"), ("à ", true, "à"),
    ])
    func whiteSpace_ofUnicode_isNoInk(given: String, hasInk: Bool, trimmed: String) {
        #expect(raw(given) { $0.hasInk } == hasInk)
        #expect(raw(given) { String(decoding: $0.trimmedAtEnd, as: UTF8.self) } == trimmed)
    }

    // MARK: Prefill and caches

    @Test(arguments: [
        ("gemini-2.5-flash", true), ("gemini-3-flash-preview", true), ("gemini-3.1-pro-preview", true), ("gemini-3.5-flash", true),
        ("gemini-3.5-flash-lite", false), ("gemini-3.6-flash", false), ("models/gemini-4-pro", false), ("gemini-flash-latest", false),
        ("gemini-pro-latest", true), ("gemma-3-27b-it", true), ("tunedModels/x", true), ("gemini-", false), ("gemini-1.5-pro", true),
    ])
    func prefill_ofGoogleModels_isToldByTheirNames(model: String, isTaken: Bool) {
        #expect(GeminiPrefill.isTaken(by: model) == isTaken)
    }

    @Test(arguments: [
        ("claude-sonnet-4-5", true), ("claude-opus-4-6", false), ("us.anthropic.claude-opus-4-6-v1", false), ("claude-sonnet-5", false),
        ("claude-3-haiku-20240307", true), ("claude", false), ("some-other-model", true),
    ])
    func prefill_ofClaudeModels_endsWith46(model: String, isTaken: Bool) {
        #expect(ClaudeModel(model).takesPrefill == isTaken)
    }

    @Test(arguments: [
        ("anthropic.claude-3-haiku-20240307-v1:0", false, false), ("anthropic.claude-3-5-sonnet-20240620-v1:0", false, false),
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", true, true), ("us.anthropic.claude-3-7-sonnet-20250219-v1:0", true, true),
        ("us.anthropic.claude-opus-4-6-v1", true, true), ("amazon.nova-pro-v1:0", true, false),
        ("meta.llama3-3-70b-instruct-v1:0", false, false),
    ])
    func caches_ofBedrockModels_areToldByTheirNames(model: String, hasCache: Bool, forTools: Bool) {
        let cache = BedrockModel(model).cache
        #expect((cache != nil) == hasCache && (cache?.takesTools ?? false) == forTools)
    }
}
