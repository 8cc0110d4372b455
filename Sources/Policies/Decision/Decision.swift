public import Chat

/// What is to be done for a request, and why.
public struct Decision: Sendable {
    /// What to do.
    public let plan: Plan
    /// Why.
    public let trace: DecisionTrace
    /// The most that the plan may cost: the sum over its calls, but never more than the request's `max_cost`, because an attempt that what is
    /// left does not cover must not be begun. `nil` when the price of a call is not known.
    public let worstCase: NanoUSD?

    /// Every call that may be made, in the order of trying.
    public var calls: [PlannedCall] { plan.calls }
}

/// Why nothing can be done for a request.
public struct DecisionFailure: Error, Sendable {
    /// What the client gets to hear.
    public let error: GatewayError
    /// What was considered.
    public let trace: DecisionTrace
}
