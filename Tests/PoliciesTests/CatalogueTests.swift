import Chat
import Core
import Testing

@testable import Policies

/// Every line of the catalogue that ships is complete and sane.
@Suite struct CatalogueRowTests {
    @Test func rowsAreComplete() {
        #expect(Catalogue.shipped.models.count > 1_000 && Catalogue.shipped.source.hasPrefix("genai-prices "))
        for model in Catalogue.shipped.models {
            let name = "\(model.seller)/\(model.name)"
            #expect(!model.name.isEmpty && model.contextWindow.map { $0 > 0 } ?? true, "\(name)")
            if let answer = model.maxOutputTokens { #expect(answer > 0 && answer <= model.contextWindow ?? .max, "\(name)") }
            let usual = model.price.standard.usual
            #expect(usual.input.nanos <= 1_000_000_000_000 && usual.output.nanos <= 2_000_000_000_000, "\(name)")
            guard let long = model.price.standard.long else { continue }
            #expect(long.above > 0 && long.prices.input >= usual.input && long.prices.output >= usual.output, "\(name)")
        }
    }

    @Test func everyNameFindsItsOwnRow() {
        for model in Catalogue.shipped.models {
            let found = ([model.name] + model.aliases).compactMap { Catalogue.shipped.find($0, of: [model.seller]) }
            #expect(found.contains(model), "\(model.seller)/\(model.name)")
        }
    }

    @Test func makersHaveTheLimitsAndAbilitiesOfTheirModels() throws {
        for name in [
            "gpt-5", "gpt-4.1-mini", "o4-mini", "claude-opus-5", "claude-haiku-4-5", "gemini-2.5-flash", "grok-4.7", "mistral-large-4",
        ] {
            let model = try #require(Catalogue.shipped.find(name), "\(name)")
            #expect(model.contextWindow != nil && model.maxOutputTokens != nil && model.capabilities != nil, "\(name)")
        }
    }

    @Test func whatItWritesItReads() throws {
        let again = try CatalogueFile.read(OwnCatalogue.text(Catalogue.shipped))
        #expect(again.models == Catalogue.shipped.models && again.hosts == Catalogue.shipped.hosts)
    }
}

/// Files of other formats, and files that are not catalogues.
@Suite struct CatalogueFileTests {
    private func read(_ text: String) throws -> Catalogue { try CatalogueFile.read(Array(text.utf8)) }

    @Test func readsGenAIPrices() throws {
        let catalogue = try read(
            """
            [{"id": "openai", "name": "OpenAI", "api_pattern": "https://api.openai.com", "models": [
              {"id": "m", "match": {"or": [{"equals": "m"}, {"starts_with": "m-2026-"}, {"regex": "^m.$"}]}, "context_window": 1000,
               "prices": [{"prices": {"input_mtok": 1, "output_mtok": 2.5}},
                          {"constraint": {"start_date": "2026-01-01"}, "prices": {"input_mtok": {"base": 0.075, "tiers": [{"start": 200, "price": 3}]}, "output_mtok": 2}}],
               "price_variants": [{"when": {"service_tier": "priority"}, "prices": {"input_mtok": 2, "output_mtok": 5}}]},
              {"id": "without-output", "match": {"equals": "x"}, "prices": {"input_mtok": 1}}]}]
            """)
        let model = try #require(catalogue.find("m", of: ["openai"]))
        #expect(model.price.version == "1/-/-/2.5>200:3/-/-/2.5" && model.contextWindow == 1000 && model.aliases == ["m-2026"])
        #expect(model.price.version(at: .priority) == "priority:2/-/-/5")
        #expect(
            catalogue.find("without-output", of: ["openai"]) == nil
                && catalogue.find("gpt-4o", of: ["openai"]) == Catalogue.shipped.find("gpt-4o"))
    }

    @Test func readsLiteLLMsPriceMap() throws {
        let catalogue = try read(
            """
            {"sample_spec": {"mode": "chat"}, "claude-x": {"litellm_provider": "anthropic", "input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05,
              "cache_creation_input_token_cost": 3.75e-06, "cache_creation_input_token_cost_above_1hr": 6e-06, "cache_read_input_token_cost": 3e-07,
              "input_cost_per_token_above_200k_tokens": 6e-06, "max_input_tokens": 200000, "max_output_tokens": 64000, "supports_vision": true},
             "groq/l": {"litellm_provider": "groq", "input_cost_per_token": 5.9e-07, "output_cost_per_token": "7.9e-07", "input_cost_per_token_flex": 1e-07, "output_cost_per_token_flex": 1e-07}}
            """)
        let claude = try #require(catalogue.find("claude-x", of: ["anthropic"]))
        #expect(claude.price.version == "3/0.3/3.75/15+1h=6>200000:6/0.3/3.75/15+1h=6" && claude.maxOutputTokens == 64_000)
        #expect(claude.capabilities == .images)
        let groq = try #require(catalogue.find("l", of: ["groq"]))
        #expect(groq.price.version == "0.59/-/-/0.79" && groq.price.version(at: .flex) == "flex:0.1/-/-/0.1")
    }

    @Test func whatAFileDoesNotSayIsTakenFromTheShippedOne() throws {
        let catalogue = try read(
            "[{\"id\": \"openai\", \"models\": [{\"id\": \"gpt-4o\", \"match\": {\"equals\": \"gpt-4o\"}, \"prices\": {\"input_mtok\": 0.2, \"output_mtok\": 300}}]}]"
        )
        let (model, shipped) = (try #require(catalogue.find("gpt-4o")), try #require(Catalogue.shipped.find("gpt-4o")))
        #expect(
            model.price.version == "0.2/-/-/300" && model.maxOutputTokens == shipped.maxOutputTokens
                && model.capabilities == shipped.capabilities)
        let changes = CatalogueDiff(from: .shipped, to: catalogue)
        #expect(changes.summary.hasPrefix("0 new, 1 changed, 0 gone; 1 prices change more than tenfold"), "\(changes.summary)")
        #expect(changes.text.contains("openai/gpt-4o") && CatalogueDiff(from: .shipped, to: .shipped).isEmpty)
    }

    @Test func aPolicyPutsAFileInForce() throws {
        let file = Array(
            "{\"m\": {\"litellm_provider\": \"openai\", \"input_cost_per_token\": 1e-06, \"output_cost_per_token\": 2e-06}}".utf8)
        let text =
            "catalogue: prices.json\nproviders: {p: {kind: openai, base_url: http://h}}\nmodels: {m: {provider: p}, gpt-4o: {provider: p}}\n"
        func compile(_ bytes: [UInt8]?) -> PolicyCompilation {
            PolicyCompiler.compile([PolicyFile(path: "main.yaml", text: text)], environment: [:]) {
                $0 == .catalogue(path: "prices.json") ? bytes : nil
            }
        }
        let snapshot = try #require(compile(file).snapshot)
        for (name, price) in [("m", "1/-/-/2"), ("gpt-4o", "2.5/1.25/-/10")] {
            guard case .model(let entry) = snapshot.resolve(name) else { throw CancellationError() }
            #expect(entry.priceVersion.hasPrefix(price))
        }
        #expect(compile(nil).diagnostics.rendered.contains("the catalogue \"prices.json\" cannot be read"))
        #expect(compile([1, 2]).diagnostics.rendered.contains("main.yaml:1:12: error: \"prices.json\": Not valid JSON"))
    }

    @Test(arguments: [
        "", "7", "{}", "[]", "[{}]", "{\"a\": 1}", "{\"format\": \"purser-catalogue\", \"version\": 2}",
        "{\"format\": \"purser-catalogue\", \"version\": 1, \"models\": [{\"provider\": \"a\", \"name\": \"b\", \"price\": {\"input\": \"-1\", \"output\": \"1\"}}]}",
        "{\"a\": {\"litellm_provider\": \"x\", \"input_cost_per_token\": -1, \"output_cost_per_token\": 1}}",
    ])
    func refusesWhatIsNoCatalogue(_ text: String) {
        #expect(throws: CatalogueError.self) { try read(text) }
    }

    @Test(arguments: [
        ("3e-06", 6, "3"), ("1.25e-07", 6, "0.125000000"), ("0.15", 0, "0.15"), ("7", 0, "7"), ("5e-7", 6, "0.5"),
        ("1e-17", 6, "0.000000001"),
        ("9.9999999999", 0, "10.000000000"), ("2e1", 0, "20"),
    ])
    func movesDecimalPointsExactly(_ text: String, _ places: Int, _ decimal: String) throws {
        let found = try #require(DecimalShift.decimal(text, by: places).flatMap { PricePerMillion(decimal: $0) })
        #expect(found == PricePerMillion(decimal: decimal))
    }

    @Test(arguments: ["", "-1", "1e", "1e99", ".5", "0x1", "1.2.3", "NaN", "1e-06e1"])
    func refusesWhatIsNoDecimal(_ text: String) { #expect(DecimalShift.decimal(text, by: 6) == nil) }
}

/// The model and price that each name finds.
@Suite struct CatalogueNameTests {
    @Test(arguments: [
        ("gpt-4", "gpt-4", "30/-/-/60"), ("gpt-4-0613", "gpt-4", "30/-/-/60"),
        ("gpt-4o-mini", "gpt-4o-mini", "0.15/0.075/-/0.6"), ("gpt-4o-mini-2024-07-18", "gpt-4o-mini", "0.15/0.075/-/0.6"),
        ("gpt-4o-2024-11-20", "gpt-4o", "2.5/1.25/-/10"), ("gpt-4o-2024-05-13", "gpt-4o-2024-05-13", "5/-/-/15"),
        ("gpt-4-1106-preview", "gpt-4-turbo", "10/-/-/30"), ("gpt-35-turbo", "gpt-3.5-turbo", "0.5/-/-/1.5"),
        ("gpt-5-chat-latest", "gpt-5-chat", "1.25/0.125/-/10"), ("o3-2025-04-16", "o3", "2/0.5/-/8"),
        ("claude-3-5-sonnet-20241022", "claude-3-5-sonnet", "3/0.3/3.75/15+1h=6"),
        ("claude-3-5-sonnet-latest", "claude-3-5-sonnet", "3/0.3/3.75/15+1h=6"),
        ("claude-3-opus-20240229", "claude-3-opus", "15/1.5/18.75/75+1h=30"),
        ("claude-sonnet-4-20250514", "claude-sonnet-4", "3/0.3/3.75/15+1h=6"),
        ("claude-haiku-4-5@20251001", "claude-haiku-4-5", "1/0.1/1.25/5+1h=2"),
        ("models/gemini-2.5-flash", "gemini-2.5-flash", "0.3/0.03/-/2.5+audio_in=1"),
        ("gemini-2.5-pro", "gemini-2.5-pro", "1.25/0.125/-/10>200000:2.5/0.25/-/15"),
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet", "3/0.3/3.75/15+1h=6"),
        ("eu.anthropic.claude-3-opus-20240229-v1:0", "claude-3-opus", "15/1.5/18.75/75+1h=30"),
        ("global.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5", "1/0.1/1.25/5+1h=2"),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5", "1.1/0.11/1.375/5.5+1h=2.2"),
        ("anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5", "1.1/0.11/1.375/5.5+1h=2.2"),
        ("us.anthropic.claude-opus-4-6-v1", "claude-opus-4-6", "5.5/0.55/6.875/27.5+1h=11"),
        ("jp.anthropic.claude-haiku-5-5", "claude-haiku-5-5", "0.11/0.011/0.1375/0.55+1h=0.22>100000:0.55/0.055/0.6875/2.75+1h=1.1"),
        ("us.amazon.nova-lite-v1:0", "amazon.nova-lite", "0.06/0.015/-/0.24"),
        ("meta.llama3-3-70b-instruct-v1:0", "meta.llama3-3-70b-instruct", "0.72/-/-/0.72"),
    ])
    func find(_ upstreamName: String, _ name: String, _ price: String) throws {
        let model = try #require(Catalogue.shipped.find(upstreamName))
        #expect(model.name == name)
        #expect(model.price.version == price)
    }

    @Test(arguments: [
        "", "-", "gpt", "gpt-4-", "gpt-4-latest-latest", "gpt-4o-2024-1-20", "gpt-4o-20241", "-20241022", "-latest", "us.gpt-4o",
        "anthropic.gpt-9",
        "us-gov.anthropic.claude-haiku-4-5-20251001-v1:0", "eu.amazon.nova-lite-v1:0", "global.", "anthropic.", "models/", "openai/gpt-4o",
        "claude-3-5-sonnet-20241022-v2:0-x", "GPT-4o", "gpt-4o\u{0}", "🙂-20241022", "amazon.nova-lite-v",
    ])
    func unknownNamesFindNothing(_ upstreamName: String) {
        #expect(Catalogue.shipped.find(upstreamName) == nil)
    }

    @Test func limitsAndCapabilities() throws {
        let mini = try #require(Catalogue.shipped.find("gpt-4o-mini"))
        #expect(mini.contextWindow == 128_000 && mini.maxOutputTokens == 16_384)
        #expect(mini.capabilities == [.tools, .images, .structuredOutput])
        let opus = try #require(Catalogue.shipped.find("us.anthropic.claude-3-opus-20240229-v1:0"))
        #expect(opus.contextWindow == 200_000 && opus.maxOutputTokens == 4096 && opus.capabilities?.contains(.reasoning) == false)
    }
}

/// The provider decides whose prices apply.
@Suite struct CatalogueSellerTests {
    private func model(_ provider: String, _ name: String) throws -> ModelEntry {
        let text = "providers: {p: {\(provider)}}\nmodels: {\"*\": {provider: p, upstream_model: \"*\"}}\n"
        guard case .model(let entry) = try snapshot(text).resolve(name) else { throw CancellationError() }
        return entry
    }

    @Test func aKnownHostHasItsOwnPrices() throws {
        let groq = try model("kind: openai, base_url: \"https://api.groq.com/openai/v1\"", "llama-3.3-70b-versatile")
        #expect(groq.priceVersion == "0.59/-/-/0.79")
        #expect(try model("kind: openai, base_url: \"https://api.groq.com/openai/v1\"", "gpt-4o").unservedReason != nil)
        #expect(
            try model("kind: openai, base_url: \"https://openrouter.ai/api/v1\"", "deepseek/deepseek-v4-pro").priceVersion
                == "1.416/0.118/-/2.832")
    }

    @Test func anUnknownHostIsTakenForOneInFrontOfTheMakers() throws {
        for name in ["gpt-4o", "claude-opus-5", "gemini-2.5-pro", "grok-4.7"] {
            #expect(
                try model("kind: openai, base_url: \"https://llm.house.example/v1\"", name).pricing
                    == .listed(#require(Catalogue.shipped.find(name)).price))
        }
    }

    @Test func eachKindHasTheNamesOfItsSeller() throws {
        #expect(try model("kind: anthropic, base_url: \"http://h\"", "claude-sonnet-4-5").unservedReason == nil)
        #expect(try model("kind: anthropic, base_url: \"http://h\"", "gpt-4o").unservedReason != nil)
        #expect(try model("kind: gemini, base_url: \"http://h\"", "gemini-2.5-flash").unservedReason == nil)
    }
}
