public import Chat
internal import Core
public import Limits

extension GatewayError.Code {
    /// 402: a budget of the organization, team, key or user has nothing left for the request.
    public static let budgetExceeded = Self("budget_exceeded", 402, "insufficient_quota")
    /// 429: a rate limit, a limit on requests under way, or a budget that others hold at the moment.
    public static let rateLimitExceeded = Self("rate_limit_exceeded", 429, "rate_limit_error")
}

extension LimitRefusal {
    /// The error for the client: which limit, how much of it is left, when it resets, and what helps.
    public var gatewayError: GatewayError {
        let code: GatewayError.Code =
            switch kind {
            case .budget: .budgetExceeded
            case .rate: .rateLimitExceeded
            case .busy: .overloaded
            }
        return GatewayError(code, message, source: .gateway, retry: isFinal ? .elsewhere : retryAfter.map { .after($0) } ?? .elsewhere)
    }
}
