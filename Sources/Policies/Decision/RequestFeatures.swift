public import Chat
public import Classifier
public import Core

/// The facts about a request that a decision may use. A plain value: the gateway fills it from a request, `purser route` from flags, policy
/// tests from files.
public struct RequestFeatures: Sendable {
    /// What the request says about itself. Its ceiling is the lower of body and header.
    public var facts: RequestFacts
    /// The classification; needed only if ``PolicySnapshot/needs(_:)`` says so.
    public var classification: Classification?
    /// The values of those headers that ``PolicySnapshot/headerNames`` lists, by their names in lower case.
    public var headers: [String: String] = [:]
    /// The path of the team that pays, e.g. `acme/research`.
    public var team: String?
    /// Names the key in records, e.g. `acme/research#ci`.
    public var keyID: String?
    /// What the key is called within its team.
    public var keyName: String?
    /// The conversation that the request belongs to: the header `x-session-id`. Without it `metadata.session_id` counts.
    public var session: String?
    /// What is left of the tightest limit on money; `nil` without one.
    public var budgetLeft: NanoUSD?
    /// Seconds since 1970-01-01T00:00:00Z.
    public var wallTime: Int64 = 0
    /// The source of random choices (weights, power of two choices): the same seed gives the same decision.
    public var seed: UInt64 = 0

    /// Makes the features of a request with these facts; everything else keeps its default until it is set.
    public init(_ facts: RequestFacts) { self.facts = facts }

    /// Makes the features of a request for `models`.
    public init(requestedModels models: [String]) { facts = RequestFacts(models: models.map { RequestedModel(name: $0, settings: nil) }) }

    /// The conversation, by header or metadata.
    var conversation: String? { session ?? facts.metadata["session_id"] }
}

/// Features that are costly to find and that only some policies need.
public struct FeatureNeeds: OptionSet, Sendable {
    /// The raw bits.
    public let rawValue: UInt8
    /// From the raw bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// ``RequestFeatures/classification``.
    public static let classification = FeatureNeeds(rawValue: 1)
    /// ``RequestFeatures/budgetLeft``.
    public static let budgetLeft = FeatureNeeds(rawValue: 2)
}
