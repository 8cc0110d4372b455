internal import Chat
internal import Core

/// The program's own format of catalogue files: a head, and one line for each model with prices as policies write them.
enum OwnCatalogue {
    static func read(_ root: JSONValue) throws(CatalogueError) -> Catalogue {
        guard root["version"]?.int64 == 1 else { throw CatalogueError("the catalogue is of a version that this program does not know") }
        var hosts: [String: String] = [:]
        if let members = root["hosts"]?.members { for (host, seller) in members { hosts[host.string ?? ""] = seller.string } }
        guard let entries = root["models"]?.elements else { throw CatalogueError("the catalogue has no models") }
        var models: [KnownModel] = []
        for (index, entry) in entries.enumerated() {
            guard let model = model(entry) else {
                throw CatalogueError("models[\(index)] has no provider, no name, or a price that is none")
            }
            models.append(model)
        }
        guard !models.isEmpty else { throw CatalogueError.noModels }
        let source = [root["source"]?.string, root["date"]?.string].compactMap(\.self).joined(separator: ", ")
        return Catalogue(source: source, models: models, hosts: hosts)
    }

    private static func model(_ entry: JSONValue) -> KnownModel? {
        guard let seller = entry["provider"]?.string, let name = entry["name"]?.string, let price = entry["price"].flatMap(priceList) else {
            return nil
        }
        let window = entry["context_window"]?.int64.map(Int.init)
        let words = entry["can"]?.elements.compactMap(\.string)
        return KnownModel(
            seller: seller, name: name, aliases: entry["also"]?.elements.compactMap(\.string) ?? [], price: price, contextWindow: window,
            maxOutputTokens: entry["max_output_tokens"]?.int64.map { min(Int($0), window ?? .max) },
            capabilities: words.map { words in
                ModelCapabilities.words.reduce(into: []) { if words.contains($1.word) { $0.insert($1.capability) } }
            }, regionalPrice: entry["regional"]?.string.flatMap(RegionalPrice.init(rawValue:)) ?? .same)
    }

    private static func priceList(_ value: JSONValue) -> PriceList? {
        guard let standard = tier(value) else { return nil }
        var further: [ServiceTier: TierPrices] = [:]
        for tier in ServiceTier.allCases where tier != .standard {
            guard let listed = value.members.first(where: { $0.name.string == tier.word })?.value else { continue }
            guard let prices = self.tier(listed) else { return nil }
            further[tier] = prices
        }
        return PriceList(standard, further: further)
    }

    private static func tier(_ value: JSONValue) -> TierPrices? {
        guard let usual = tokens(value) else { return nil }
        guard let long = value["long_context"] else { return TierPrices(usual) }
        guard let above = long["above"]?.int64, let prices = tokens(long) else { return nil }
        return TierPrices(usual, long: LongContextPrices(above: above, prices))
    }

    private static func tokens(_ value: JSONValue) -> TokenPrices? {
        guard let input = value["input"]?.decimalPrice, let output = value["output"]?.decimalPrice else { return nil }
        return TokenPrices(
            input: input, cachedInput: value["cached_input"]?.decimalPrice, cacheWrite: value["cache_write"]?.decimalPrice,
            cacheWriteHour: value["cache_write_1h"]?.decimalPrice, audioInput: value["audio_input"]?.decimalPrice, output: output,
            audioOutput: value["audio_output"]?.decimalPrice)
    }

    // MARK: Writing

    /// The text of a catalogue in this format.
    static func text(_ catalogue: Catalogue) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append("{\"format\":\"purser-catalogue\",\"version\":1,\"source\":")
        bytes.appendJSONString(catalogue.source)
        bytes.append(",\"hosts\":{")
        for (index, host) in catalogue.hosts.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { bytes.append(",") }
            bytes.appendJSONString(host.key)
            bytes.append(":")
            bytes.appendJSONString(host.value)
        }
        bytes.append("},\"models\":[\n")
        for (index, model) in catalogue.models.enumerated() {
            if index > 0 { bytes.append(",\n") }
            append(model, to: &bytes)
        }
        bytes.append("\n]}\n")
        return bytes
    }

    private static func append(_ model: KnownModel, to bytes: inout [UInt8]) {
        bytes.append("{\"provider\":")
        bytes.appendJSONString(model.seller)
        bytes.append(",\"name\":")
        bytes.appendJSONString(model.name)
        if !model.aliases.isEmpty { append(",\"also\":", model.aliases, to: &bytes) }
        if let window = model.contextWindow {
            bytes.append(",\"context_window\":")
            bytes.appendJSONNumber(Int64(window))
        }
        if let answer = model.maxOutputTokens {
            bytes.append(",\"max_output_tokens\":")
            bytes.appendJSONNumber(Int64(answer))
        }
        if let can = model.capabilities {
            append(",\"can\":", ModelCapabilities.words.filter { can.contains($0.capability) }.map(\.word), to: &bytes)
        }
        if model.regionalPrice != .same {
            bytes.append(",\"regional\":")
            bytes.appendJSONString(model.regionalPrice.rawValue)
        }
        bytes.append(",\"price\":{")
        append(model.price.standard, to: &bytes)
        for tier in ServiceTier.allCases where tier != .standard {
            guard let prices = model.price.listed(tier) else { continue }
            bytes.append(contentsOf: ",\"\(tier.word)\":{".utf8)
            append(prices, to: &bytes)
            bytes.append("}")
        }
        bytes.append("}}")
    }

    private static func append(_ name: StaticString, _ texts: [String], to bytes: inout [UInt8]) {
        bytes.append(name)
        bytes.append("[")
        for (index, text) in texts.enumerated() {
            if index > 0 { bytes.append(",") }
            bytes.appendJSONString(text)
        }
        bytes.append("]")
    }

    private static func append(_ prices: TierPrices, to bytes: inout [UInt8]) {
        append(prices.usual, to: &bytes)
        guard let long = prices.long else { return }
        bytes.append(contentsOf: ",\"long_context\":{\"above\":\(long.above),".utf8)
        append(long.prices, to: &bytes)
        bytes.append("}")
    }

    private static func append(_ prices: TokenPrices, to bytes: inout [UInt8]) {
        for (index, entry) in prices.named.enumerated() {
            bytes.append(contentsOf: "\(index > 0 ? "," : "")\"\(entry.name)\":\"\(entry.price.decimalString)\"".utf8)
        }
    }
}

extension JSONValue {
    /// A price that is written as a text with a decimal.
    fileprivate var decimalPrice: PricePerMillion? { string.flatMap { PricePerMillion(decimal: $0) } }
}
