import Chat
import Policies
import Testing

/// Where a policy says nothing, the catalogue of known models does.
@Suite struct CatalogueDefaultTests {
    private func model(_ body: String, named name: String = "gpt-4o-mini") throws -> ModelEntry {
        guard case .model(let entry) = try snapshot("providers: {p: {kind: openai, base_url: http://h}}\nmodels: {\"\(name)\": {provider: p\(body)}}\n").resolve("gpt-4o-mini")
        else { throw CancellationError() }
        return entry
    }

    @Test func fillsPricesLimitsAndAbilities() throws {
        let known = try #require(KnownModels.find(upstreamName: "gpt-4o-mini"))
        let entry = try model("")
        #expect(entry.pricing == .listed(known.price) && entry.contextWindow == known.contextWindow)
        #expect(entry.maxOutputTokens == known.maxOutputTokens && entry.lacks.isEmpty)
        #expect(try model("", named: "gpt-*").unservedReason != nil, "what the pattern's * stands for is the provider's name: 4o-mini")
        #expect(try model("", named: "*").pricing == .listed(known.price))
    }

    @Test func whatThePolicySaysGoesBeforeIt() throws {
        let entry = try model(", price: {input: 1, output: 2}, context_window: 9000, max_output_tokens: 10, capabilities: {tools: false, images: true}")
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
        let decision = try snapshot(text).decide("v") { $0.hasImages = true }
        #expect(decision.names == ["seeing"] && decision.trace.excluded == ["gpt-4: it does not take images"])
    }
}
