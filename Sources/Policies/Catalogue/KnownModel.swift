public import Chat

/// What the catalogue says about a model.
public struct KnownModel: Hashable, Sendable {
    /// The provider's standard prices.
    public let price: PriceList
    /// The most tokens of input and output together.
    public let contextWindow: Int
    /// The most tokens of one answer.
    public let maxOutputTokens: Int
    /// What a request may ask of the model.
    public let capabilities: ModelCapabilities
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
}

/// The catalogue. Empty until the room that fills it is merged.
public enum KnownModels {
    /// The model that providers know by `upstreamName`.
    public static func find(upstreamName: String) -> KnownModel? { nil }
}
