public import Chat

/// What is to be done for a request: a value that the executor carries out.
public enum Plan: Sendable {
    /// One call.
    case call(PlannedCall)
    /// One after the other, until one has begun to answer. At least two.
    case firstOf([Plan])
    /// The first at once, the next whenever so much time has passed without an answer's beginning or all before it have failed; the first
    /// that begins to answer wins, and the others are cancelled. At least two.
    case race([Plan], after: Duration)
}

/// One call to a provider model.
public struct PlannedCall: Sendable {
    /// Whom to call.
    public let model: ModelEntry
    /// How long the call may take in all, where the policy says so; the provider's own timeouts stay in force.
    public let timeout: Duration?
    /// The limit of output tokens per choice to send upstream; `nil`: as the client said.
    public let maxOutputTokens: Int64?
    /// The most that the call can cost; `nil` when the model's price is not known.
    public let worstCase: NanoUSD?
    /// Members to set in the request's body: a JSON object; `nil` when there are none.
    public let settings: [UInt8]?
}

extension Plan {
    /// Every call that may be made, in the order of trying.
    public var calls: [PlannedCall] {
        switch self {
        case .call(let call): [call]
        case .firstOf(let plans), .race(let plans, _): plans.flatMap(\.calls)
        }
    }

    /// The call that is made first.
    public var firstCall: PlannedCall? {
        switch self {
        case .call(let call): call
        case .firstOf(let plans), .race(let plans, _): plans.first?.firstCall
        }
    }

    /// The most that the plan can cost: the sum over its calls, because a provider may bill an attempt that failed, and bills the losers of a
    /// race. A retry of one target is not in it: it is made only when what the failed attempt left unspent covers it. `nil` when the price of a
    /// call is not known.
    public var worstCase: NanoUSD? {
        switch self {
        case .call(let call): return call.worstCase
        case .firstOf(let plans), .race(let plans, _):
            var sum = NanoUSD.zero
            for plan in plans {
                guard let cost = plan.worstCase else { return nil }
                sum = sum + cost
            }
            return sum
        }
    }
}
