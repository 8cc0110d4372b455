public import Chat
public import Core

/// The result of a decision: what to do for a request, and why.
public struct Decision: Sendable {
    /// The calls to make.
    public let plan: Plan
    /// How the decision came about.
    public let trace: DecisionTrace
    /// The highest cost of the plan: the sum over its calls, but at most the request's `max_cost`, because no attempt is made that the rest
    /// of it does not cover. `nil` when the price of a call is not known.
    public let worstCase: NanoUSD?

    /// Every call that may be made, in the order of attempts.
    public var calls: [PlannedCall] { plan.calls }
}

/// Why nothing can be done for a request.
public struct DecisionFailure: Error, Sendable {
    /// The error for the client.
    public let error: GatewayError
    /// The candidates that were considered.
    public let trace: DecisionTrace
}
