public import Chat
public import Classifier

/// The facts about a request that a decision may use. A plain value: the gateway fills it from a request, `purser route` from flags, policy
/// tests from files.
public struct RequestFeatures: Sendable {
    /// The names that the client gave in `model` or `models`, in the order in which they are to be tried; at least one.
    public var requestedModels: [String]
    /// The client's own settings for each of ``requestedModels`` (`{model, settings}`): JSON objects, `nil` where there are none.
    /// May be shorter than the list of names.
    public var requestedSettings: [[UInt8]?] = []
    /// The classification; needed only if ``PolicySnapshot/needs(_:)`` says so.
    public var classification: Classification?
    /// The estimated tokens of the input.
    public var inputTokensEstimate = 0
    /// An upper bound of the tokens of the input.
    public var inputTokensUpperBound = 0
    /// What a translation to another provider API than OpenAI's adds to ``inputTokensUpperBound``; in rare cases the body adds more, and is
    /// then counted by its own bound.
    public var translationTokens = 0
    /// Whether tools are offered to the model.
    public var hasTools = false
    /// Whether a message holds an image.
    public var hasImages = false
    /// Whether a message holds a file or a video, whose tokens cannot be estimated.
    public var hasFiles = false
    /// Whether the model is to think before it answers; `nil` when the client does not say.
    public var asksToReason: Bool?
    /// Whether the answer has to keep to a JSON schema.
    public var wantsStructuredOutput = false
    /// Whether the answer is to be streamed.
    public var stream = false
    /// How many choices are wanted, 1 or more (`n`).
    public var choices = 1
    /// What the request may be charged for besides plain text at the standard tier.
    public var demands = PriceDemands()
    /// The client's own limit of output tokens per choice.
    public var maxOutputTokens: Int64?
    /// The request's tags.
    public var metadata: [String: String] = [:]
    /// The values of those headers that ``PolicySnapshot/headerNames`` lists, by their names in lower case.
    public var headers: [String: String] = [:]
    /// The end user as the client names it (`user`).
    public var user: String?
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
    /// The most that the whole request may cost; `nil`: no ceiling.
    public var maxCost: NanoUSD?
    /// Seconds since 1970-01-01T00:00:00Z.
    public var wallTime: Int64 = 0
    /// The source of random choices (weights, power of two choices): the same seed gives the same decision.
    public var seed: UInt64 = 0

    /// Makes the features of a request for `models`; everything else keeps its default until it is set.
    public init(requestedModels models: [String]) { requestedModels = models }

    /// The conversation, by header or metadata.
    var conversation: String? { session ?? metadata["session_id"] }
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
