internal import Chat
internal import Core

/// Reads `data.json` of genai-prices (https://github.com/pydantic/genai-prices): a list of sellers with their models.
///
/// Only names that the file spells out are read. Its regular expressions are ignored: the catalogue strips the dates of snapshots itself.
/// Of several prices, the highest that holds today or later is taken, as in `scripts/update-catalogue`.
enum GenAIPrices {
    static func read(_ root: JSONValue) throws(CatalogueError) -> Catalogue {
        var models: [KnownModel] = []
        for provider in root.elements {
            guard let seller = provider["id"]?.string else { throw CatalogueError("a provider of the file has no id") }
            guard let entries = provider["models"]?.elements else { continue }
            for entry in entries { if let model = model(entry, seller) { models.append(model) } }
        }
        guard !models.isEmpty else { throw CatalogueError.noModels }
        return Catalogue(source: "genai-prices", models: models, hosts: [:])
    }

    private static func model(_ entry: JSONValue, _ seller: String) -> KnownModel? {
        guard let id = entry["id"]?.string, let listed = entry["prices"] else { return nil }
        let lists = listed.kind == .array ? listed.elements.compactMap { $0["prices"] } : [listed]
        guard let standard = dearest(lists) else { return nil }
        var further: [ServiceTier: TierPrices] = [:]
        for variant in entry["price_variants"].map({ Array($0.elements) }) ?? [] {
            let word = variant["when"]?["service_tier"]?.string ?? variant["when"]?["speed"]?.string
            guard let tier = word.flatMap({ word in ServiceTier.allCases.first { $0.word == word && $0 != .standard } }),
                let prices = variant["prices"].flatMap({ dearest([$0]) })
            else { continue }
            further[tier] = prices
        }
        let names = names(entry["match"]).filter { $0 != id }
        return KnownModel(
            seller: seller, name: id, aliases: names, price: PriceList(standard, further: further),
            contextWindow: entry["context_window"]?.int64.map(Int.init), maxOutputTokens: nil, capabilities: nil, regionalPrice: .same)
    }

    private static func names(_ clause: JSONValue?) -> [String] {
        guard let clause, clause.kind == .object else { return [] }
        var names: [String] = []
        for (name, value) in clause.members {
            if name.isString("or") {
                for part in value.elements { names += Self.names(part) }
            } else if !name.isString("regex"), !name.isString("and"), let text = value.string {
                names.append(String(text.reversed().drop { "-@:/".contains($0) }.reversed()))
            }
        }
        return names
    }

    /// The highest price of each kind of token in `lists`; `nil` without prices of input and output.
    private static func dearest(_ lists: [JSONValue]) -> TierPrices? {
        var usual: [String: PricePerMillion] = [:]
        var long: [String: PricePerMillion] = [:]
        var threshold: Int64?
        for list in lists {
            for (name, value) in list.members {
                guard let kind = kinds[name.string ?? ""] else { continue }
                guard value.kind == .object else {
                    raise(&usual, kind, value.price)
                    continue
                }
                raise(&usual, kind, value["base"]?.price)
                for step in value["tiers"].map({ Array($0.elements) }) ?? [] {
                    threshold = min(threshold ?? .max, step["start"]?.int64 ?? .max)
                    raise(&long, kind, step["price"]?.price)
                }
            }
        }
        guard let prices = TokenPrices(named: usual) else { return nil }
        guard let threshold, let dearer = TokenPrices(named: usual.merging(long) { max($0, $1) }) else { return TierPrices(prices) }
        return TierPrices(prices, long: LongContextPrices(above: threshold, dearer))
    }

    private static func raise(_ prices: inout [String: PricePerMillion], _ kind: String, _ price: PricePerMillion?) {
        if let price { prices[kind] = max(prices[kind] ?? price, price) }
    }

    private static let kinds = [
        "input_mtok": "input", "cache_read_mtok": "cached_input", "cache_write_mtok": "cache_write",
        "cache_write_1h_mtok": "cache_write_1h",
        "input_audio_mtok": "audio_input", "output_mtok": "output", "output_audio_mtok": "audio_output",
    ]
}

extension TokenPrices {
    /// Prices by the names that policies have for them; `nil` without input or output.
    init?(named prices: [String: PricePerMillion]) {
        guard let input = prices["input"], let output = prices["output"] else { return nil }
        self.init(
            input: input, cachedInput: prices["cached_input"], cacheWrite: prices["cache_write"], cacheWriteHour: prices["cache_write_1h"],
            audioInput: prices["audio_input"], output: output, audioOutput: prices["audio_output"])
    }
}

extension JSONValue {
    /// A price in USD per million tokens; numbers of a file are exact to more places than prices have.
    fileprivate var price: PricePerMillion? {
        (string ?? double.map { "\($0)" }).flatMap { DecimalShift.decimal($0, by: 0) }.flatMap { PricePerMillion(decimal: $0) }
    }
}
