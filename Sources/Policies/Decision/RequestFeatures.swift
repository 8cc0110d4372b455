public import Chat
public import Classifier

/// What a decision knows of a request. A plain value: the gateway fills it from a call, `purser route` from flags, policy tests from files.
public struct RequestFeatures: Sendable {
    /// The names that the client gave in `model` or `models`, in the order in which they are to be tried; at least one.
    public var requestedModels: [String]
    /// The client's own settings for each of ``requestedModels`` (`{model, settings}`): JSON objects, `nil` where there are none.
    /// May be shorter than the list of names.
    public var requestedSettings: [[UInt8]?] = []
    /// What the classifier says; needed only where ``PolicySnapshot/needs(_:)`` says so.
    public var classification: Classification?
    /// The tokens that the input probably has.
    public var inputTokensEstimate = 0
    /// The tokens that the input cannot exceed.
    public var inputTokensUpperBound = 0
    /// What comes to ``inputTokensUpperBound`` where the request is translated to another dialect than OpenAI's, as a rule at most.
    public var translationTokens = 0
    /// Whether tools are offered to the model.
    public var hasTools = false
    /// Whether a message holds an image.
    public var hasImages = false
    /// Whether a message holds a file or a film, of whose tokens nothing is known.
    public var hasFiles = false
    /// Whether the model is to think before it answers; `nil` when the client does not say.
    public var asksToReason: Bool?
    /// Whether the answer has to keep to a JSON schema.
    public var wantsStructuredOutput = false
    /// Whether the answer is to be streamed.
    public var stream = false
    /// How many choices are wanted, 1 or more (`n`).
    public var choices = 1
    /// What else than plain text at the standard tier the request may be charged for.
    public var demands = PriceDemands()
    /// The client's own limit of output tokens per choice.
    public var maxOutputTokens: Int64?
    /// The request's tags.
    public var metadata: [String: String] = [:]
    /// The values of those headers that ``PolicySnapshot/headerNames`` lists, by their names in lower case.
    public var headers: [String: String] = [:]
    /// The end user that the client names.
    public var user: String?
    /// The path of the team that pays, e.g. `acme/research`.
    public var team: String?
    /// Names the key in records, e.g. `acme/research#ci`.
    public var keyID: String?
    /// What the key is called within its team.
    public var keyName: String?
    /// The conversation that the request belongs to: the header `x-session-id`. Without it `metadata.session_id` counts.
    public var session: String?
    /// What is left of the tightest budget; `nil` without one.
    public var budgetLeft: NanoUSD?
    /// What the whole request may cost at most; `nil` without a ceiling.
    public var maxCost: NanoUSD?
    /// Seconds since 1970-01-01T00:00:00Z.
    public var wallTime: Int64 = 0
    /// Decides wherever chance is wanted (weights, power of two choices): the same seed gives the same decision.
    public var seed: UInt64 = 0

    /// Makes the features of a request for `models`; everything else keeps its default until it is set.
    public init(requestedModels models: [String]) { requestedModels = models }

    /// The conversation, by header or metadata.
    var conversation: String? { session ?? metadata["session_id"] }
}

/// Features that take work to find out, and that only some policies ask for.
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
