public import Core

/// What a request says about itself, as far as decisions, limits and records look at it: read once from the body, or set by hand where there is none
/// (`purser route`, policy tests).
public struct RequestFacts: Sendable {
    /// The models the client named, in the order of fallback.
    public var models: [RequestedModel]
    /// Whether the answer is to be streamed.
    public var stream = false
    /// Whether tools or functions are offered to the model.
    public var hasTools = false
    /// Whether a message holds an image.
    public var hasImages = false
    /// Whether a message holds a file, audio, video or a reference to such things, whose tokens cannot be estimated.
    public var hasFiles = false
    /// The client's limit of output tokens per choice, 1 or more; `nil` when there is none.
    public var maxOutputTokens: Int64?
    /// How many choices are wanted, 1 to 128.
    public var choices = 1
    /// The end user as the client names it, at most 256 bytes.
    public var user: String?
    /// The client's tags: at most 16, names at most 64 bytes, values at most 512.
    public var metadata: [String: String] = [:]
    /// The most that the whole request may cost; `nil`: no ceiling.
    public var maxCost: NanoUSD?
    /// Whether the answer is to have a given structure (`response_format` other than text).
    public var wantsStructuredOutput = false
    /// What a call may be charged for besides plain text at the standard tier, at prices that a list may have.
    public var demands = PriceDemands()
    /// Whether the model is to reason before it answers; `nil` when the client does not say.
    public var asksToReason: Bool?
    /// The MCP servers that the client attaches, by name.
    public var mcpServers: [String] = []
    /// The most turns of the model that the client wants, where tools are used; 1 to 100.
    public var maxTurns: Int?
    /// Estimate and bound of the input's tokens before a body for the upstream is made, for a provider with OpenAI's API.
    public var inputTokens = InputTokens(estimate: 0, upperBound: 0)
    /// What a translation to another provider API usually adds, at most, to the upper bound of ``inputTokens``; in rare cases the body adds more, and
    /// is then counted by its own bound.
    public var translationTokens = 0

    /// The facts of a request for `models`; everything else keeps its default until it is set.
    public init(models: [RequestedModel] = []) { self.models = models }

    /// The first model the client named.
    public var model: String { models.first?.name ?? "" }
}
