public import Chat

extension GatewayError.Code {
    /// 402: a budget of the organization, team, key or user has nothing left for the request.
    public static let budgetExceeded = Self("budget_exceeded", 402, "insufficient_quota")
    /// 429: a rate limit, a limit on requests under way, or a budget that others hold at the moment.
    public static let rateLimitExceeded = Self("rate_limit_exceeded", 429, "rate_limit_error")
}

extension LimitRefusal {
    /// What a client is told: which limit, how much of it is left, when it resets, and what helps.
    public var gatewayError: GatewayError {
        GatewayError(code, message, source: .gateway, retry: isFinal ? .elsewhere : retryAfter.map { .after($0) } ?? .elsewhere)
    }

    /// Whether the same request fails again until somebody raises the limit or its window ends. Clients would repeat it at once, so they
    /// are told not to (`x-should-retry: false`).
    public var isFinal: Bool { reason == .spent && (state?.identity.kind == .usd || retryAfter == nil) }

    private var code: GatewayError.Code {
        switch reason {
        case .spent: state?.identity.kind == .usd ? .budgetExceeded : .rateLimitExceeded
        case .held, .tooManyScopes: .rateLimitExceeded
        case .needsLease, .unread, .tooManyWaiting: .overloaded
        }
    }

    private var message: String {
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
