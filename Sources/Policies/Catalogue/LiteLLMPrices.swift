internal import Chat
internal import Core

/// Reads LiteLLM's `model_prices_and_context_window.json`: one object with a member for each model, prices in USD per token.
enum LiteLLMPrices {
    static func read(_ root: JSONValue) throws(CatalogueError) -> Catalogue {
        var models: [KnownModel] = []
        for (name, entry) in root.members {
            guard let name = name.string, entry.kind == .object else { throw CatalogueError("the file is no price map of LiteLLM's") }
            if let model = model(entry, name) { models.append(model) }
        }
        guard !models.isEmpty else { throw CatalogueError.noModels }
        return Catalogue(source: "LiteLLM", models: models, hosts: [:])
    }

    private static func model(_ entry: JSONValue, _ key: String) -> KnownModel? {
        guard let seller = entry["litellm_provider"]?.string.map({ sellers[$0] ?? $0 }), let standard = tier(entry, "") else { return nil }
        var further: [ServiceTier: TierPrices] = [:]
        for tier in [ServiceTier.flex, .priority] { further[tier] = self.tier(entry, "_" + tier.word) }
        let window = entry["max_input_tokens"]?.int64 ?? entry["max_tokens"]?.int64
        var can: ModelCapabilities = []
        for (member, capability) in abilities where entry.members.first(where: { $0.name.string == member })?.value.bool == true {
            can.insert(capability)
        }
        let name = key.split(separator: "/", maxSplits: 1).last.map(String.init) ?? key
        return KnownModel(
            seller: seller, name: name, aliases: name == key ? [] : [key], price: PriceList(standard, further: further),
            contextWindow: window.map(Int.init),
            maxOutputTokens: entry["max_output_tokens"]?.int64.map { min(Int($0), Int(window ?? .max)) },
            capabilities: can, regionalPrice: .same)
    }

    private static let abilities: [(String, ModelCapabilities)] = [
        ("supports_function_calling", .tools), ("supports_vision", .images), ("supports_response_schema", .structuredOutput),
        ("supports_reasoning", .reasoning),
    ]

    /// LiteLLM's names of sellers, where the catalogue has others.
    private static let sellers = [
        "gemini": "google", "vertex_ai-language-models": "google", "xai": "x-ai", "bedrock": "aws", "bedrock_converse": "aws",
        "cohere_chat": "cohere", "moonshot": "moonshotai", "together_ai": "together", "fireworks_ai": "fireworks",
    ]

    /// The prices of a tier: members whose names end with `suffix`, prices of long inputs before it (`…_above_200k_tokens…`).
    private static func tier(_ entry: JSONValue, _ suffix: String) -> TierPrices? {
        var prices: [String: PricePerMillion] = [:]
        var long: [String: PricePerMillion] = [:]
        var threshold: Int64?
        for (name, value) in entry.members {
            guard let member = name.string, member.hasSuffix(suffix), let price = value.perToken else { continue }
            let core = member.dropLast(suffix.count)
            if let kind = kinds[String(core)] {
                prices[kind] = price
            } else if let above = core.range(of: "_above_"), core.hasSuffix("k_tokens"),
                let kind = kinds[String(core[..<above.lowerBound])],
                let thousands = Int64(core[above.upperBound...].dropLast("k_tokens".count))
            {
                threshold = min(threshold ?? .max, thousands * 1000)
                long[kind] = max(long[kind] ?? price, price)
            }
        }
        guard let usual = TokenPrices(named: prices) else { return nil }
        guard let threshold, let dearer = TokenPrices(named: prices.merging(long) { max($0, $1) }) else { return TierPrices(usual) }
        return TierPrices(usual, long: LongContextPrices(above: threshold, dearer))
    }

    private static let kinds = [
        "input_cost_per_token": "input", "cache_read_input_token_cost": "cached_input", "cache_creation_input_token_cost": "cache_write",
        "cache_creation_input_token_cost_above_1hr": "cache_write_1h", "input_cost_per_audio_token": "audio_input",
        "output_cost_per_token": "output", "output_cost_per_audio_token": "audio_output",
    ]
}

extension JSONValue {
    /// A price in USD per token as one per million.
    fileprivate var perToken: PricePerMillion? {
        (string ?? double.map { "\($0)" }).flatMap { DecimalShift.decimal($0, by: 6) }.flatMap { PricePerMillion(decimal: $0) }
    }
}

extension Substring {
    /// Where `text` occurs first.
    fileprivate func range(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
