import Chat
import Core
import Policies
import Testing

@Suite struct ResolutionTests {
    private static let text = """
        providers:
          openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: k}
          other: {kind: openai, base_url: https://other.example, api_key: "${ABSENT}"}
        models:
          openai/gpt-4: {provider: openai, price: {input: 30, cached_input: 0.1234567890, output: 60}, context_window: 8192, max_output_tokens: 4096}
          openai/gpt-4o: {provider: openai, upstream_model: 'gpt-4o-"2024"', price: free, aliases: [four-o, omni]}
          openai/deep/own: {provider: openai, unpriced: allow}
          openai/both: {provider: openai, price: free}
          other/both: {provider: other, price: free}
          other/alone: {provider: other, price: free}
          openai/unpriced: {provider: openai}
          "openai/*": {provider: openai, price: {input: 1, output: 2}, context_window: 100}
          "openai/ft-*": {provider: openai, upstream_model: "ft:*:org:*", price: free}
          "openai/fixed-*": {provider: openai, upstream_model: same, price: free}
          "other/*": {provider: other, price: free}
        """

    private func snapshot() throws -> PolicySnapshot { try #require(compile(Self.text).snapshot) }

    private func model(_ name: String) throws -> ModelEntry {
        guard case .model(let entry) = try snapshot().resolve(name) else {
            Issue.record("\(name) is no model")
            throw CancellationError()
        }
        return entry
    }

    @Test func exactNameHasEverythingWorkedOut() throws {
        let entry = try model("openai/gpt-4")
        #expect(entry.name == "openai/gpt-4" && entry.provider.name == "openai" && entry.upstreamModel == "gpt-4")
        #expect(entry.priceVersion == "30/0.123456789/-/60")
        #expect(entry.pricing?.cost(of: TokenUsage(input: 1_000_000, output: 1_000_000)) == NanoUSD(decimal: "90"))
        #expect(entry.contextWindow == 8192 && entry.maxOutputTokens == 4096 && entry.unservedReason == nil)
    }

    @Test(arguments: [
        ("openai/gpt-4o", "openai/gpt-4o"), ("omni", "openai/gpt-4o"), ("four-o", "openai/gpt-4o"), ("gpt-4o", "openai/gpt-4o"),
        ("own", "openai/deep/own"), ("openai/gpt-5", "openai/gpt-5"), ("openai/omni", "openai/omni"),
    ])
    func namesAreTriedInOrder(_ requested: String, _ name: String) throws {
        #expect(try model(requested).name == name)
    }

    @Test func upstreamModelIsAsThePolicyWritesIt() throws {
        #expect(try model("omni").upstreamModel == #"gpt-4o-"2024""#)
    }

    @Test func longestPatternWinsAndStarIsFilledIn() throws {
        let tuned = try model("openai/ft-mine")
        #expect(tuned.upstreamModel == "ft:mine:org:mine" && tuned.pricing == .free && tuned.name == "openai/ft-mine")
        #expect(try model("openai/fixed-x").upstreamModel == "same")
        let plain = try model("openai/new/model")
        #expect(plain.upstreamModel == "new/model" && plain.priceVersion == "1/-/-/2" && plain.contextWindow == 100)
        #expect(try model("openai/ft-").upstreamModel == "ft-", "a star stands for at least one character")
    }

    @Test func offIsSaidWithItsReason() throws {
        for name in ["other/both", "other/alone", "alone", "other/any"] {
            guard case .off(_, "provider other is off: ABSENT is not set") = try snapshot().resolve(name) else {
                Issue.record("\(name) is not off")
                continue
            }
        }
    }

    @Test(
        arguments: [
            ("both", "openai/both"), ("gpt-4p", "gpt-4"), ("opnai/gpt-4", "openai/gpt-4"), ("omnj", "omni"), ("completely-different", nil),
            ("", nil),
            ("openai/", "openai/both"), ("openai/ä", nil), ("openai/*\u{0}", nil),
        ] as [(String, String?)])
    func unknownComesWithTheNearestName(_ requested: String, _ nearest: String?) throws {
        guard case .unknown(let found) = try snapshot().resolve(requested) else {
            Issue.record("\(requested) is known")
            return
        }
        #expect(found == nearest)
    }

    @Test func endlessNamesAreUnknown() throws {
        guard case .unknown(nil) = try snapshot().resolve("openai/" + String(repeating: "x", count: 1_000_000)) else {
            Issue.record("taken")
            return
        }
    }

    @Test func modelWithoutPriceIsResolvedButNotServed() throws {
        let entry = try model("openai/unpriced")
        #expect(entry.pricing == nil && entry.priceVersion.isEmpty)
        #expect(entry.unservedReason == "The model 'openai/unpriced' has no price in the gateway's policy, so it is not served.")
        #expect(try snapshot().unservedModels.map(\.name) == ["openai/unpriced"])
        #expect(try model("own").pricing == .unpriced)
    }

    @Test func listingHasNamesAndAliasesOfServedModels() throws {
        let snapshot = try snapshot()
        #expect(snapshot.listing.map(\.id) == ["openai/gpt-4", "openai/gpt-4o", "four-o", "omni", "openai/deep/own", "openai/both"])
        #expect(snapshot.listing.map(\.isAlias) == [false, false, true, true, false, false])
        #expect(snapshot.offModels.map(\.name) == ["other/both", "other/alone"])
    }

    @Test func bareStarTakesEveryName() throws {
        let text = "providers: {p: {kind: openai, base_url: http://h}}\nmodels: {\"*\": {provider: p, price: free}}\n"
        guard case .model(let entry) = try #require(compile(text).snapshot).resolve("any/thing") else {
            Issue.record("not taken")
            return
        }
        #expect(entry.upstreamModel == "any/thing")
    }
}
