public import Chat
internal import Core

/// The highest cost of one call.
///
/// input × price of input + choices × allowed output × price of output, where
/// - input is the upper bound of the input's tokens, at the dearest of the prices that input can have (plain, or written to the cache); files
///   count as the model's `context_window`, else ``fallbackWindow``, besides;
/// - allowed output is the smallest of the client's own limit, the policy's limit at this place and the model's `max_output_tokens`, else
///   its `context_window`; where all of them are missing, ``fallbackOutput``.
///
/// Where the request has a ceiling, or a limit on money or tokens counts the call, the allowed output is sent upstream as the limit, even
/// where the client set none: otherwise the bound would not hold.
struct WorstCase {
    /// The output tokens that are assumed when neither the model nor the request limits them.
    static let fallbackOutput: Int64 = 4096
    /// The context window that is assumed of an unknown model: about the largest that exist.
    static let fallbackWindow = 1_050_000

    /// Tokens per choice.
    let allowedOutput: Int64
    /// The limit to send upstream; `nil`: what the client sent stays.
    let limitToSend: Int64?
    /// The limit to send where a limit on money or tokens applies. It leaves space for the input: providers refuse a request that could
    /// exceed the context window.
    let boundedOutput: Int64
    /// `nil` when the price is not known.
    let cost: NanoUSD?
    /// Whether ``allowedOutput`` is ``fallbackOutput``.
    let isAssumed: Bool

    init(of model: ModelEntry, _ features: RequestFeatures, limit: Int64?) {
        let own = min(features.facts.maxOutputTokens ?? .max, limit ?? .max)
        let longest = (model.maxOutputTokens ?? model.contextWindow).map(Int64.init)
        isAssumed = own == .max && longest == nil
        var allowed = isAssumed ? Self.fallbackOutput : min(own, longest ?? .max)
        var send: Int64? = own < features.facts.maxOutputTokens ?? .max ? allowed : nil
        if features.facts.maxCost != nil, case .listed? = model.pricing {
            // A limit that is sent must leave space for the input: providers refuse a request that could exceed the context window.
            if features.facts.maxOutputTokens == nil { allowed = min(allowed, Self.room(in: model, features)) }
            send = allowed
        }
        boundedOutput = features.facts.maxOutputTokens == nil ? min(allowed, Self.likelyRoom(in: model, features)) : allowed
        allowedOutput = allowed
        limitToSend = send
        cost = Self.cost(model, features, output: allowed)
    }

    private init(allowedOutput: Int64, cost: NanoUSD?) {
        self.allowedOutput = allowedOutput
        limitToSend = allowedOutput
        boundedOutput = allowedOutput
        self.cost = cost
        isAssumed = false
    }

    /// The same call with a limit of output low enough that it costs at most `ceiling`; `nil` when fewer than `least` tokens would be left.
    func clamped(to ceiling: NanoUSD, _ model: ModelEntry, _ features: RequestFeatures, least: Int64 = 16) -> WorstCase? {
        guard let output = extent(model, features).affordableOutput(ceiling, at: model.pricing), output >= least else { return nil }
        return WorstCase(allowedOutput: output, cost: Self.cost(model, features, output: output))
    }

    private static func room(in model: ModelEntry, _ features: RequestFeatures) -> Int64 {
        guard let window = model.contextWindow else { return .max }
        let room = window.subtractingReportingOverflow(features.facts.inputTokens.upperBound).partialValue
        return Int64(room >= 1 ? room : max(1, window.subtractingReportingOverflow(features.facts.inputTokens.estimate).partialValue))
    }

    /// The output tokens that fit beside the input: half of what the estimate leaves, or all that the upper bound leaves.
    private static func likelyRoom(in model: ModelEntry, _ features: RequestFeatures) -> Int64 {
        guard let window = model.contextWindow else { return .max }
        let rest = window.subtractingReportingOverflow(features.facts.inputTokens.estimate).partialValue
        return max(1, Int64(rest / 2), Int64(window.subtractingReportingOverflow(features.facts.inputTokens.upperBound).partialValue))
    }

    private static func cost(_ model: ModelEntry, _ features: RequestFeatures, output: Int64) -> NanoUSD? {
        extent(model, features, output: output).cost(at: model.pricing)
    }

    private static func extent(_ model: ModelEntry, _ features: RequestFeatures, output: Int64) -> CallExtent {
        CallExtent(
            input: model.inputTokens(features), output: output, choices: Int64(max(1, features.facts.choices)),
            demands: model.priced(features.facts.demands))
    }

    /// The tokens that the cost is made of.
    func extent(_ model: ModelEntry, _ features: RequestFeatures) -> CallExtent { Self.extent(model, features, output: allowedOutput) }
}

extension ModelEntry {
    /// The input tokens that a call can be billed, as far as the features tell. A body that turns out larger is counted by its own bound.
    func inputTokens(_ features: RequestFeatures) -> Int64 {
        let isPassedOn = provider.kind == .openai || provider.kind == .azure
        return window(features.facts.hasFiles)
            + Int64(features.facts.inputTokens.upperBound + (isPassedOn ? 0 : features.facts.translationTokens))
    }

    /// The input tokens that a call with a body of that bound can be billed.
    public func inputTokens(_ bound: InputBound) -> Int64 { window(bound.hasFiles) + Int64(bound.tokens) }

    /// The tokens that media of unknown size count as.
    private func window(_ hasFiles: Bool) -> Int64 { hasFiles ? Int64(contextWindow ?? WorstCase.fallbackWindow) : 0 }
}
