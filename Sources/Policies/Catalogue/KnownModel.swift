internal import Chat
public import Core

/// What the catalogue says about a model: what it costs and what it can do, where a policy does not say otherwise.
public struct KnownModel: Hashable, Sendable {
    /// The seller, by the catalogue's name: `openai`, `aws` …
    public let seller: String
    /// The seller's name of the model, without the date of a snapshot.
    public let name: String
    /// Other names of the same model that no rule of ``UpstreamName`` explains.
    public let aliases: [String]
    /// The seller's prices; batch and image prices are not in the catalogue.
    public let price: PriceList
    /// The most tokens of input and output together, positive; `nil`: not known.
    public let contextWindow: Int?
    /// The most tokens of one answer, reasoning included; positive, at most ``contextWindow``; `nil`: not known.
    public let maxOutputTokens: Int?
    /// What a request may ask of the model; `nil`: not known.
    public let capabilities: ModelCapabilities?
    let regionalPrice: RegionalPrice

    /// Whether the model may reason before it answers although the request does not ask for it, and bill tokens that it does not show.
    /// Claude does from its fifth generation on. True for a model that is not known.
    var thinksUnasked: Bool {
        guard let capabilities else { return true }
        guard capabilities.contains(.reasoning) else { return false }
        guard name.contains("claude") else { return true }
        return name.split(separator: "-").lazy.compactMap { Int($0) }.first.map { $0 >= 5 } ?? true
    }

    /// These facts, with those that are missing taken from `known`.
    func completed(by known: KnownModel) -> KnownModel {
        let window = contextWindow ?? known.contextWindow
        return KnownModel(
            seller: seller, name: name, aliases: Set(aliases + known.aliases).subtracting([name]).sorted(), price: price,
            contextWindow: window,
            maxOutputTokens: (maxOutputTokens ?? known.maxOutputTokens).map { min($0, window ?? .max) },
            capabilities: capabilities ?? known.capabilities, regionalPrice: regionalPrice == .same ? known.regionalPrice : regionalPrice)
    }

    /// The model at the price for calls that must stay within a region: a tenth more.
    func raisedByATenth() -> KnownModel {
        KnownModel(
            seller: seller, name: name, aliases: aliases, price: price.raisedByATenth, contextWindow: contextWindow,
            maxOutputTokens: maxOutputTokens, capabilities: capabilities, regionalPrice: regionalPrice)
    }
}

/// What a request may ask of a model.
public struct ModelCapabilities: OptionSet, Hashable, Sendable {
    /// The bits.
    public let rawValue: UInt8

    /// Makes a set of its bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Calls of functions that the request offers.
    public static let tools = ModelCapabilities(rawValue: 1)
    /// Images in messages.
    public static let images = ModelCapabilities(rawValue: 2)
    /// Answers that keep to a JSON schema, by the provider's own means.
    public static let structuredOutput = ModelCapabilities(rawValue: 4)
    /// Thinking before answering, on demand or always.
    public static let reasoning = ModelCapabilities(rawValue: 8)

    /// The words of catalogue files.
    static let words: [(word: String, capability: ModelCapabilities)] = [
        ("tools", .tools), ("images", .images), ("structured_output", .structuredOutput), ("reasoning", .reasoning),
    ]
}

/// How Bedrock charges a model by the part of the world that serves it: the beginning of the model's name there.
enum RegionalPrice: String, Hashable, Sendable {
    /// The same everywhere.
    case same
    /// A tenth more than the price of `global.`.
    case tenthMore = "tenth_more"
    /// The catalogue's price is that of the United States; elsewhere it differs.
    case unitedStatesOnly = "united_states_only"
}
