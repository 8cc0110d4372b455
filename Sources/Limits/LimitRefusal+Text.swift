internal import Core

extension LimitRefusal {
    /// The kind of refusal, as the client is told.
    public enum Kind: Hashable, Sendable {
        /// A limit on money has nothing left.
        case budget
        /// Another limit has nothing left, or others hold the rest at the moment.
        case rate
        /// The limits cannot say at the moment.
        case busy
    }

    /// What kind of refusal it is.
    public var kind: Kind {
        switch reason {
        case .spent: state?.identity.kind == .usd ? .budget : .rate
        case .held, .tooManyScopes: .rate
        case .needsLease, .unread, .tooManyWaiting: .busy
        }
    }

    /// Whether the same request fails again until an operator raises the limit or its window ends. Clients would repeat it at once, so they
    /// are told not to (`x-should-retry: false`).
    public var isFinal: Bool { reason == .spent && (state?.identity.kind == .usd || retryAfter == nil) }

    /// Which limit, how much of it is left, when it resets, and what helps.
    public var message: String {
        if case .tooManyScopes(let crowd) = reason {
            return "Too many \(crowd.isOfKeys ? "keys" : "users"): \(crowd.team) has \(LimitBounds.ownScopes) with limits of their own "
                + "(\(crowd.isOfKeys ? "each_key" : "each_user")) in windows that are not over. Use a known one, or try again when a window has ended."
        }
        guard let state else { return "Too many requests wait already. Try again shortly." }
        let limit = "\(state.identity.scope) has a limit of \(state.text(state.limit))\(state.span)"
        let facts = "\(state.text(state.spent)) spent, \(state.text(state.held)) held by requests under way, \(state.text(state.left)) left"
        let need = "this request needs up to \(state.text(needed))"
        return "\(opening): \(limit); \(facts); \(need). \(advice(state))"
    }

    private var opening: String {
        switch reason {
        case .spent: state?.identity.kind == .usd ? "Budget exceeded" : "Rate limit exceeded"
        case .held: "No room at the moment"
        case .needsLease: "This gateway's share of a limit is used up"
        case .unread: "What was spent in this window is being read from the ledger"
        case .tooManyScopes, .tooManyWaiting: "Too many requests wait already"
        }
    }

    private func advice(_ state: LimitState) -> String {
        guard reason == .spent else { return "Try again shortly." }
        guard needed <= state.limit else {
            return "It can never fit: ask for fewer output tokens or a cheaper model, or have the limit raised."
        }
        guard let resets = state.resets else { return "Ask for fewer output tokens or a cheaper model, or have the limit raised." }
        return "It resets at \(resets.rfc3339); until then ask for less, or have the limit raised."
    }
}

extension LimitState {
    /// An amount of the limit's kind as people read it.
    fileprivate func text(_ units: Int64) -> String {
        switch identity.kind {
        case .usd: "$" + NanoUSD(nanos: units).decimalString
        case .tokens: "\(units) tokens"
        case .requests: "\(units) requests"
        case .concurrent: "\(units) requests at a time"
        }
    }

    fileprivate var span: String {
        let models = identity.models.map { " on \($0.patterns.joined(separator: ", "))" } ?? ""
        switch identity.period {
        case nil: return models
        case .total: return " in total" + models
        case let period?: return " per \(period.name)" + models
        }
    }
}
