import Chat
import Testing

@testable import Policies

/// Every line of the catalogue is complete and sane.
@Suite struct CatalogueRowTests {
    @Test(arguments: KnownModels.rows.map(\.name))
    func rowIsComplete(_ name: String) throws {
        let row = try #require(KnownModels.rows.first { $0.name == name })
        let model = try #require(row.model, "a price of \(name) is not a decimal")
        #expect(model.contextWindow > 0 && model.maxOutputTokens > 0 && model.maxOutputTokens <= model.contextWindow)
        let price = model.price
        #expect(price.input.nanos > 0 && price.output.nanos >= price.input.nanos)
        if let cached = price.cachedInput { #expect(cached.nanos < price.input.nanos) }
        if let write = price.cacheWrite { #expect(write.nanos > price.input.nanos) }
        guard let long = price.longContext else { return }
        #expect(long.above > 0 && long.input.nanos > price.input.nanos && long.output.nanos > price.output.nanos)
        #expect((long.cachedInput == nil) == (price.cachedInput == nil) && (long.cacheWrite == nil) == (price.cacheWrite == nil))
    }

    @Test func noNameIsGivenTwice() {
        let names = KnownModels.rows.flatMap { [$0.name] + $0.aliases }
        #expect(Set(names).count == names.count)
        #expect((60...120).contains(KnownModels.rows.count))
    }

    @Test func everyNameFindsItsOwnRow() {
        for row in KnownModels.rows {
            for name in [row.name] + row.aliases { #expect(KnownModels.find(upstreamName: name)?.name == row.name, "\(name)") }
        }
    }

    /// The cheapest and the dearest known are within what a price can be; a slip of the decimal point is not.
    @Test func pricesAreOfTheRightMagnitude() throws {
        for row in KnownModels.rows {
            let price = try #require(row.model).price
            #expect((30_000_000...150_000_000_000).contains(price.input.nanos), "\(row.name)")
            #expect((40_000_000...600_000_000_000).contains(price.output.nanos), "\(row.name)")
        }
    }
}

/// Which names find which model, and at which price.
@Suite struct CatalogueNameTests {
    @Test(arguments: [
        ("gpt-4", "gpt-4", "30/-/-/60"), ("gpt-4-0613", "gpt-4", "30/-/-/60"),
        ("gpt-4o-mini", "gpt-4o-mini", "0.15/0.075/-/0.6"), ("gpt-4o-mini-2024-07-18", "gpt-4o-mini", "0.15/0.075/-/0.6"),
        ("gpt-4o-2024-11-20", "gpt-4o", "2.5/1.25/-/10"), ("gpt-4o-2024-05-13", "gpt-4o-2024-05-13", "5/-/-/15"),
        ("gpt-4-1106-preview", "gpt-4-turbo", "10/-/-/30"), ("gpt-35-turbo", "gpt-3.5-turbo", "0.5/-/-/1.5"),
        ("gpt-5-chat-latest", "gpt-5-chat", "1.25/0.125/-/10"), ("o3-2025-04-16", "o3", "2/0.5/-/8"),
        ("claude-3-5-sonnet-20241022", "claude-3-5-sonnet", "3/0.3/3.75/15"),
        ("claude-3-5-sonnet-latest", "claude-3-5-sonnet", "3/0.3/3.75/15"),
        ("claude-3-opus-20240229", "claude-3-opus", "15/1.5/18.75/75"), ("claude-sonnet-4-20250514", "claude-sonnet-4", "3/0.3/3.75/15"),
        ("claude-haiku-4-5@20251001", "claude-haiku-4-5", "1/0.1/1.25/5"),
        ("models/gemini-2.5-flash", "gemini-2.5-flash", "0.3/0.03/-/2.5"),
        ("gemini-2.5-pro", "gemini-2.5-pro", "1.25/0.125/-/10>200000:2.5/0.25/-/15"),
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet", "3/0.3/3.75/15"),
        ("eu.anthropic.claude-3-opus-20240229-v1:0", "claude-3-opus", "15/1.5/18.75/75"),
        ("global.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5", "1/0.1/1.25/5"),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5", "1.1/0.11/1.375/5.5"),
        ("anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5", "1.1/0.11/1.375/5.5"),
        ("us.anthropic.claude-opus-4-6-v1", "claude-opus-4-6", "5.5/0.55/6.875/27.5"),
        ("jp.anthropic.claude-haiku-5-5", "claude-haiku-5-5", "0.11/0.011/0.1375/0.55>100000:0.55/0.055/0.6875/2.75"),
        ("us.amazon.nova-lite-v1:0", "amazon.nova-lite", "0.06/0.015/-/0.24"),
        ("meta.llama3-3-70b-instruct-v1:0", "meta.llama3-3-70b-instruct", "0.72/-/-/0.72"),
    ])
    func find(_ upstreamName: String, _ name: String, _ price: String) throws {
        let model = try #require(KnownModels.find(upstreamName: upstreamName))
        #expect(model.name == name)
        #expect(model.price.version == price)
    }

    @Test(arguments: [
        "", "-", "gpt", "gpt-4-", "gpt-4-latest-latest", "gpt-4o-2024-1-20", "gpt-4o-20241", "-20241022", "-latest", "us.gpt-4o",
        "anthropic.gpt-9",
        "us-gov.anthropic.claude-haiku-4-5-20251001-v1:0", "eu.amazon.nova-lite-v1:0", "global.", "anthropic.", "models/", "openai/gpt-4o",
        "claude-3-5-sonnet-20241022-v2:0-x", "gemini-flash-latest", "GPT-4o", "gpt-4o\u{0}", "🙂-20241022", "amazon.nova-lite-v",
    ])
    func unknownNamesFindNothing(_ upstreamName: String) {
        #expect(KnownModels.find(upstreamName: upstreamName) == nil)
    }

    @Test func limitsAndCapabilities() throws {
        let mini = try #require(KnownModels.find(upstreamName: "gpt-4o-mini"))
        #expect(mini.contextWindow == 128_000 && mini.maxOutputTokens == 16_384)
        #expect(mini.capabilities == [.tools, .images, .structuredOutput])
        let opus = try #require(KnownModels.find(upstreamName: "us.anthropic.claude-3-opus-20240229-v1:0"))
        #expect(opus.contextWindow == 200_000 && opus.maxOutputTokens == 4096 && !opus.capabilities.contains(.reasoning))
    }
}

/// The prices that `policies/models.yaml` spells out are those of the catalogue.
@Suite struct ShippedPricesTests {
    @Test func agreeWithTheCatalogue() throws {
        let variables = ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "AZURE_KEY"]
        let environment = Dictionary(uniqueKeysWithValues: variables.map { ($0, "key") })
        let compilation = PolicyCompiler.compile(try TestFiles.policies(in: "../../policies"), environment: environment, now: testNow)
        let snapshot = try #require(compilation.snapshot, "\(compilation.diagnostics.rendered)")
        let listed = snapshot.listing.compactMap { listed in
            if case .provider(let model) = listed.model, model.provider.name != "local" { model } else { nil }
        }
        #expect(listed.count >= 12)
        for entry in listed {
            let known = try #require(KnownModels.find(upstreamName: entry.upstreamModel), "\(entry.name) is not in the catalogue")
            #expect(entry.pricing == .listed(known.price), "\(entry.name)")
            #expect(entry.contextWindow == known.contextWindow && entry.maxOutputTokens == known.maxOutputTokens, "\(entry.name)")
        }
    }
}
