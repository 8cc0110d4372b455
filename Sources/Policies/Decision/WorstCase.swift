public import Chat

/// The most that one call can cost.
///
/// input × price of input + choices × allowed output × price of output, where
/// - input is the upper bound of the input's tokens, at the dearest of the prices that input can have (plain, or written to the cache); files
///   count as the model's `context_window`, else ``fallbackWindow``, besides;
/// - allowed output is the smallest of the client's own limit, the policy's limit at this place and the model's `max_output_tokens`, else its
///   `context_window`; where there is none of them, ``fallbackOutput``.
///
/// Where the request has a ceiling, or a limit on money or tokens counts the call, the allowed output is sent as its limit, whoever set it, so that
/// the bound is true.
struct WorstCase {
    /// The output that is assumed of a model of which nothing is known, where the request sets no limit either.
    static let fallbackOutput: Int64 = 4096
    /// The context that is assumed of a model of which nothing is known: about the largest that there are.
    static let fallbackWindow = 1_050_000

    /// Tokens per choice.
    let allowedOutput: Int64
    /// The limit to send upstream; `nil`: as the client said.
    let limitToSend: Int64?
    /// The limit to send wherever a bound on money or tokens holds. It leaves room for the input: providers refuse what could exceed the context.
    let boundedOutput: Int64
    /// `nil` when the price is not known.
    let cost: NanoUSD?
    /// Whether ``allowedOutput`` is ``fallbackOutput``.
    let isAssumed: Bool

    init(of model: ModelEntry, _ features: RequestFeatures, limit: Int64?) {
        let own = min(features.maxOutputTokens ?? .max, limit ?? .max)
        let longest = (model.maxOutputTokens ?? model.contextWindow).map(Int64.init)
        isAssumed = own == .max && longest == nil
        var allowed = isAssumed ? Self.fallbackOutput : min(own, longest ?? .max)
        var send: Int64? = own < features.maxOutputTokens ?? .max ? allowed : nil
        if features.maxCost != nil, case .listed? = model.pricing {
            // A limit that is sent must leave room for the input: providers refuse what could exceed the context.
            if features.maxOutputTokens == nil { allowed = min(allowed, Self.room(in: model, features)) }
            send = allowed
        }
        boundedOutput = features.maxOutputTokens == nil ? min(allowed, Self.likelyRoom(in: model, features)) : allowed
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

    /// The same call with so small a limit of output that it costs at most `ceiling`; `nil` when that leaves fewer than `least` tokens.
    func clamped(to ceiling: NanoUSD, _ model: ModelEntry, _ features: RequestFeatures, least: Int64 = 16) -> WorstCase? {
        guard let input = Self.cost(model, features, output: 0), let cost, ceiling > input, cost > input else { return nil }
        // Costs grow evenly with the output, so the share of the money is the share of the tokens; rounding may cost one more.
        let share = Int128(allowedOutput) * Int128((ceiling - input).nanos) / Int128((cost - input).nanos)
        var output = Int64(clamping: share)
        if let cost = Self.cost(model, features, output: output), cost > ceiling { output -= 1 }
        guard output >= least else { return nil }
        return WorstCase(allowedOutput: output, cost: Self.cost(model, features, output: output))
    }

    private static func room(in model: ModelEntry, _ features: RequestFeatures) -> Int64 {
        guard let window = model.contextWindow else { return .max }
        let room = window.subtractingReportingOverflow(features.inputTokensUpperBound).partialValue
        return Int64(room >= 1 ? room : max(1, window.subtractingReportingOverflow(features.inputTokensEstimate).partialValue))
    }

    /// Room for output beside an input that is likely: half of what the estimate leaves, or all that the upper bound does.
    private static func likelyRoom(in model: ModelEntry, _ features: RequestFeatures) -> Int64 {
        guard let window = model.contextWindow else { return .max }
        let rest = window.subtractingReportingOverflow(features.inputTokensEstimate).partialValue
        return max(1, Int64(rest / 2), Int64(window.subtractingReportingOverflow(features.inputTokensUpperBound).partialValue))
    }

    private static func cost(_ model: ModelEntry, _ features: RequestFeatures, output: Int64) -> NanoUSD? {
        extent(model, features, output: output).cost(at: model.pricing)
    }

    private static func extent(_ model: ModelEntry, _ features: RequestFeatures, output: Int64) -> CallExtent {
        CallExtent(
            input: model.inputTokens(features), output: output, choices: Int64(max(1, features.choices)),
            demands: model.priced(features.demands))
    }

    /// What the cost is made of.
    func extent(_ model: ModelEntry, _ features: RequestFeatures) -> CallExtent { Self.extent(model, features, output: allowedOutput) }
}

extension ModelEntry {
    /// The input tokens that a call can be billed, as far as the features tell: what is sent may turn out larger, and is then counted by its own
    /// bound.
    func inputTokens(_ features: RequestFeatures) -> Int64 {
        let isPassedOn = provider.kind == .openai || provider.kind == .azure
        return window(features.hasFiles) + Int64(features.inputTokensUpperBound + (isPassedOn ? 0 : features.translationTokens))
    }

    /// The input tokens that a call with a body of that bound can be billed.
    public func inputTokens(_ bound: InputBound) -> Int64 { window(bound.hasFiles) + Int64(bound.tokens) }

    /// What media of unknown size count as.
    private func window(_ hasFiles: Bool) -> Int64 { hasFiles ? Int64(contextWindow ?? WorstCase.fallbackWindow) : 0 }
}
