import Chat
import Core
import Policies
import Testing

/// Facts that a policy does not state come from the catalogue of known models.
@Suite struct CatalogueDefaultTests {
    private func model(_ body: String, named name: String = "gpt-4o-mini") throws -> ModelEntry {
        guard
            case .model(let entry) = try snapshot(
                "providers: {p: {kind: openai, base_url: http://h}}\nmodels: {\"\(name)\": {provider: p\(body)}}\n"
            ).resolve("gpt-4o-mini")
        else { throw CancellationError() }
        return entry
    }

    @Test func fillsPricesLimitsAndAbilities() throws {
        let known = try #require(Catalogue.shipped.find("gpt-4o-mini"))
        let entry = try model("")
        #expect(entry.pricing == .listed(known.price) && entry.contextWindow == known.contextWindow)
        #expect(entry.maxOutputTokens == known.maxOutputTokens && entry.lacks.isEmpty)
        for pattern in ["gpt-*", "gpt-4o-m*", "*"] { #expect(try model("", named: pattern).pricing == .listed(known.price), "\(pattern)") }
    }

    @Test func whatThePolicySaysGoesBeforeIt() throws {
        let entry = try model(
            ", price: {input: 1, output: 2}, context_window: 9000, max_output_tokens: 10, capabilities: {tools: false, images: true}")
        #expect(entry.priceVersion == "1/-/-/2" && entry.contextWindow == 9000 && entry.maxOutputTokens == 10 && entry.lacks == .tools)
        #expect(try model(", price: free").pricing == .free)
        #expect(try model(", unpriced: allow").pricing == .unpriced)
        #expect(try model(", context_window: 1000").maxOutputTokens == 1000, "an answer is no longer than the context")
    }

    @Test func whatAModelIsKnownNotToDoCanBeOverruled() throws {
        let text = """
            providers: {p: {kind: openai, base_url: http://h}}
            models:
              gpt-4: {provider: p}
              seeing: {provider: p, upstream_model: gpt-4, capabilities: {images: true}}
              v: [gpt-4, seeing]
            """
        let decision = try snapshot(text).decide("v") { $0.facts.hasImages = true }
        #expect(decision.names == ["seeing"] && decision.trace.excluded == ["gpt-4: it does not take images"])
    }

    @Test(arguments: [
        ("a/b-*", "a/b-y", "b-y"), ("gpt-*", "gpt-9", "gpt-9"), ("claude-*", "claude-sonnet-4-5", "claude-sonnet-4-5"),
        ("a/*", "a/b/c", "b/c"),
        ("a/b-*", "a/b-/c", "b-/c"), ("*", "x/y", "x/y"), ("a/b/c*", "a/b/cd", "cd"),
    ])
    func pattern_withoutUpstreamModel_stripsOnlyItsOwnNamespace(_ pattern: String, _ name: String, _ upstream: String) throws {
        let policies = try snapshot(
            "providers: {p: {kind: openai, base_url: http://h}}\nmodels: {\"\(pattern)\": {provider: p, price: {input: 1, output: 1}}}\n")
        guard case .model(let entry) = policies.resolve(name) else { throw CancellationError() }
        #expect(entry.upstreamModel == upstream && entry.name == name)
    }
}
