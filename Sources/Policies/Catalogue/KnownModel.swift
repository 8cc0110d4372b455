public import Chat

/// What the catalogue says about a model: what it costs and what it can do, where a policy does not say otherwise.
public struct KnownModel: Hashable, Sendable {
    /// The provider's own name, without the date of a snapshot.
    public let name: String
    /// The provider's standard prices for text; batch, priority, audio and image prices are not in the catalogue.
    public let price: PriceList
    /// The most tokens of input and output together; positive.
    public let contextWindow: Int
    /// The most tokens of one answer, reasoning included; positive, at most ``contextWindow``.
    public let maxOutputTokens: Int
    /// What a request may ask of the model.
    public let capabilities: ModelCapabilities
    let regionalPrice: RegionalPrice

    /// Whether it may think before it answers without being asked to, and shows little or nothing of that. Claude does from its fifth
    /// generation on.
    var thinksUnasked: Bool {
        guard capabilities.contains(.reasoning) else { return false }
        guard name.contains("claude") else { return true }
        return name.split(separator: "-").lazy.compactMap { Int($0) }.first.map { $0 >= 5 } ?? true
    }

    /// What the model costs when a call has to stay within a region, as far as that is known.
    func raisedByATenth() -> KnownModel {
        KnownModel(
            name: name, price: price.raisedByATenth, contextWindow: contextWindow, maxOutputTokens: maxOutputTokens,
            capabilities: capabilities, regionalPrice: regionalPrice)
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
}

/// How Bedrock charges a model by the part of the world that serves it: the beginning of the model's name there.
enum RegionalPrice: Hashable, Sendable {
    /// The same everywhere.
    case same
    /// A tenth more than the price of `global.`.
    case tenthMore
    /// The catalogue's price is that of the United States; elsewhere it differs.
    case unitedStatesOnly
}

extension PriceList {
    fileprivate var raisedByATenth: PriceList {
        PriceList(
            input: input.raisedByATenth, cachedInput: cachedInput?.raisedByATenth, cacheWrite: cacheWrite?.raisedByATenth,
            output: output.raisedByATenth,
            longContext: longContext.map {
                LongContextPrices(
                    above: $0.above, input: $0.input.raisedByATenth, cachedInput: $0.cachedInput?.raisedByATenth,
                    cacheWrite: $0.cacheWrite?.raisedByATenth, output: $0.output.raisedByATenth)
            })
    }
}
