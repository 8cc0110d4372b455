internal import Chat
public import Core

/// Which calls to make for a request, and how they combine: a value that a run carries out.
public enum Plan: Sendable {
    /// One call.
    case call(PlannedCall)
    /// One after the other, until one begins to answer. At least two.
    case firstOf([Plan])
    /// Hedged: the first is started at once, each next one when this time has passed without the beginning of an answer, or when all before
    /// it have failed. The first that begins to answer wins, and the others are cancelled. At least two.
    case race([Plan], after: Duration)
    /// The plan with tools at hand: it is carried out again with what the tools have answered, until the model answers or its turns are over.
    indirect case tools(Plan, ToolUse)
}

/// One call to a provider model. A class, because it is handed from step to step of a request and never changed.
public final class PlannedCall: Sendable {
    /// The model to call.
    public let model: ModelEntry
    /// How long the call may take in all, if the policy says so; `nil`: no bound besides the provider's timeouts, which always apply.
    public let timeout: Duration?
    /// The limit of output tokens per choice to send upstream; `nil`: what the client sent stays.
    public let maxOutputTokens: Int64?
    /// The most that the call can cost; `nil` when the model's price is not known.
    public let worstCase: NanoUSD?
    /// Members to set in the request's body: a JSON object; `nil` when there are none.
    public let settings: [UInt8]?
    /// What ``worstCase`` is made of.
    public let extent: CallExtent
    /// Whether neither the client nor the model sets a limit of output: ``extent`` is then true only if a limit is sent.
    public let isOutputAssumed: Bool
    /// Whether a stream may bill output tokens that do not appear in it.
    public let thinksUnseen: Bool
    /// The output tokens of each choice to reserve, and to send as the limit, where a limit on money or tokens applies: at most those of
    /// ``extent``.
    private let boundedOutput: Int64

    init(_ model: ModelEntry, _ terms: CallTerms, _ bound: WorstCase, _ features: RequestFeatures) {
        self.model = model
        timeout = terms.timeout
        maxOutputTokens = bound.limitToSend
        worstCase = bound.cost
        settings = terms.settings
        extent = bound.extent(model, features)
        isOutputAssumed = bound.isAssumed
        boundedOutput = min(bound.boundedOutput, bound.allowedOutput)
        thinksUnseen = features.facts.asksToReason ?? model.thinksUnasked || terms.settings.map(Self.mayAskToReason) ?? false
    }

    /// Whether the settings have a member about reasoning (`reasoning_effort`, `reasoning`, `thinking`). Their JSON has no needless
    /// escapes, so that a search for the names suffices.
    private static func mayAskToReason(_ settings: [UInt8]) -> Bool {
        let text = String(decoding: settings, as: UTF8.self)
        return text.contains("\"reasoning") || text.contains("\"thinking")
    }

    /// The same call with another input and other demands.
    private init(_ call: PlannedCall, input tokens: Int64, _ demands: PriceDemands) {
        model = call.model
        timeout = call.timeout
        settings = call.settings
        thinksUnseen = call.thinksUnseen
        maxOutputTokens = call.maxOutputTokens
        isOutputAssumed = call.isOutputAssumed
        boundedOutput = call.boundedOutput
        var extent = call.extent
        extent.input = tokens
        extent.demands = demands
        self.extent = extent
        worstCase = extent.cost(at: call.model.pricing)
    }

    /// The same call with a limit of output tokens, at most that of its extent.
    private init(_ call: PlannedCall, limitedToOutput tokens: Int64) {
        model = call.model
        timeout = call.timeout
        settings = call.settings
        thinksUnseen = call.thinksUnseen
        var extent = call.extent
        extent.output = min(tokens, extent.output)
        self.extent = extent
        maxOutputTokens = extent.output
        boundedOutput = extent.output
        worstCase = extent.cost(at: call.model.pricing)
        isOutputAssumed = false
    }
}

extension PlannedCall {
    /// The same call with an input of at least `tokens`, and with `demands` added: for a body that turned out larger than the decision
    /// assumed.
    public func covering(input tokens: Int64, _ demands: PriceDemands) -> PlannedCall {
        let all = extent.demands.union(demands)
        return tokens > extent.input || all != extent.demands ? PlannedCall(self, input: max(tokens, extent.input), all) : self
    }

    /// The same call with a limit of output low enough that it costs at most `usd` and takes at most `tokens`. The limit stays as it is
    /// when it is low enough, or when fewer than `least` tokens would be left. It is sent upstream even where the client had set none.
    /// Without bounds: this call.
    public func clamped(usd: NanoUSD?, tokens: Int64?, least: Int64 = 16) -> PlannedCall {
        if usd == nil, tokens == nil { return self }
        var output = boundedOutput
        if let tokens { output = min(output, max(0, tokens - extent.input) / extent.choices) }
        if let usd, let most = extent.affordableOutput(usd, at: model.pricing) { output = min(output, most) }
        output = output >= least ? output : boundedOutput
        return output == maxOutputTokens && output == extent.output ? self : PlannedCall(self, limitedToOutput: output)
    }
}

/// How many tokens a call may take.
public struct CallExtent: Hashable, Sendable {
    /// Input tokens, at most.
    public internal(set) var input: Int64
    /// Output tokens of each choice, at most.
    public var output: Int64
    /// Choices, 1 or more.
    public let choices: Int64
    /// What the call may be charged for besides plain text at the standard tier.
    public var demands = PriceDemands()

    /// Input and output together, at most.
    public var tokens: Int64 { tokens(output: output) }

    /// Input and `output` tokens of each choice together; saturates.
    public func tokens(output: Int64) -> Int64 {
        let (all, overflow) = output.multipliedReportingOverflow(by: choices)
        let (sum, carry) = input.addingReportingOverflow(overflow ? .max : all)
        return carry ? .max : sum
    }

    /// The highest cost; `nil` when the price is not known. Input counts at the highest of the prices that it can have.
    func cost(at pricing: Pricing?) -> NanoUSD? { cost(output: output, at: pricing) }

    /// The output tokens of each choice that `usd` covers; `nil` when it covers all, or the price is not known.
    func affordableOutput(_ usd: NanoUSD, at pricing: Pricing?) -> Int64? {
        guard let all = cost(at: pricing), all > usd, let input = cost(output: 0, at: pricing) else { return nil }
        guard usd > input else { return 0 }
        // The cost is linear in the output, so the share of the money is the share of the tokens; rounding may take one more token.
        let share = Int64(clamping: Int128(output) * Int128((usd - input).nanos) / Int128((all - input).nanos))
        return cost(output: share, at: pricing).map { $0 > usd ? share - 1 : share }
    }

    /// The highest cost with `output` tokens of each choice; `nil` when the price is not known.
    public func cost(output: Int64, at pricing: Pricing?) -> NanoUSD? {
        switch pricing {
        case .free: return .zero
        case .unpriced, nil: return nil
        case .listed(let prices):
            return prices.mostCost(input: input, output: max(0, tokens(output: output) - input), demands)
        }
    }
}

extension Plan {
    /// The plans that it is made of, in the order of attempts.
    public var children: [Plan] {
        switch self {
        case .call: []
        case .firstOf(let plans), .race(let plans, _): plans
        case .tools(let plan, _): [plan]
        }
    }

    /// Folds all calls that may be made, in the order of attempts, each with the number of times that it may be made.
    func fold<R>(into result: R, _ next: (inout R, PlannedCall, Int64) -> Void) -> R {
        var result = result
        visit(1) { next(&result, $0, $1) }
        return result
    }

    private func visit(_ times: Int64, _ body: (PlannedCall, Int64) -> Void) {
        switch self {
        case .call(let call): body(call, times)
        case .tools(let plan, let use): plan.visit(times * Int64(use.mostTurns), body)
        case .firstOf(let plans), .race(let plans, _): for plan in plans { plan.visit(times, body) }
        }
    }

    /// Every call that may be made, in the order of attempts.
    public var calls: [PlannedCall] { fold(into: []) { calls, call, _ in calls.append(call) } }

    /// The call that is made first.
    public var firstCall: PlannedCall? {
        if case .call(let call) = self { return call }
        return children.first?.firstCall
    }

    /// The highest cost of the plan: the sum over its calls, because a provider may bill a failed attempt, and bills the losers of a race.
    /// Retries are not counted: one is made only if what the failed attempt did not spend covers it. `nil` when the price of a call is not
    /// known.
    public var worstCase: NanoUSD? {
        fold(into: NanoUSD.zero as NanoUSD?) { sum, call, times in
            sum = if let known = sum, let cost = call.worstCase { known + cost.multiplied(by: times) } else { nil }
        }
    }
}
