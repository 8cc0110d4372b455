public import Chat
public import Core
internal import Ledger
public import Limits
public import Policies

/// The limits of one request, and what they say about each call that its plan may make.
public struct RequestLimits {
    private let limits: OrganizationLimits
    let scopes: RequestScopes
    private let isStream: Bool

    /// - Parameters:
    ///   - limits: the limits of the request's organization.
    ///   - scopes: whose request it is.
    ///   - isStream: whether the answer is to be streamed.
    public init(_ limits: OrganizationLimits, for scopes: RequestScopes, isStream: Bool) {
        (self.limits, self.scopes, self.isStream) = (limits, scopes, isStream)
    }

    /// Whether any limit, soft ones included, counts calls to `model`.
    public func count(_ model: ModelEntry, at now: WallTime) -> Bool {
        limits.headroom(for: scopes, model: model.name, at: now).isCounted
    }

    /// The call with no more output than the limits on its model have room for.
    /// - Throws: `budget_exceeded` when a limit on money counts it and its price is not known.
    public func covered(_ planned: PlannedCall, at now: WallTime) throws(GatewayError) -> CoveredCall {
        try covered(planned, limits.headroom(for: scopes, model: planned.model.name, at: now))
    }

    /// - Parameter isUnderWay: whether the request goes on: then it takes what is left now instead of waiting for what others hold.
    func covered(_ planned: PlannedCall, _ headroom: Headroom, isUnderWay: Bool = false) throws(GatewayError) -> CoveredCall {
        if headroom.usd != nil, planned.worstCase == nil { throw Self.unpriced(planned.model) }
        var call = planned.clamped(to: headroom, isStream: isStream)
        if isUnderWay { call = call.clamped(usd: headroom.usd.map { NanoUSD(nanos: $0.left) }, tokens: headroom.tokens?.left) }
        return CoveredCall(
            call: call, cover: Spending(call), needsPrices: headroom.usd != nil, boundsOutput: headroom.usd != nil || headroom.tokens != nil
        )
    }

    private static func unpriced(_ model: ModelEntry) -> GatewayError {
        GatewayError(
            .budgetExceeded, "\(model.name) has no price, so no budget can be kept with it. Have a price added to the policy.",
            source: .gateway, retry: .elsewhere)
    }
}

/// A call as the limits on its model have it.
public struct CoveredCall {
    /// The call, with a limit of output that the limits have room for.
    public let call: PlannedCall
    /// The amount that is reserved for the call.
    public let cover: Spending
    /// Whether a limit on money counts it: then nothing may be asked for whose price is not known.
    let needsPrices: Bool
    /// Whether a limit on money or tokens counts it: then its limit of output is sent, whether the client, the policy or the gateway set
    /// it.
    let boundsOutput: Bool
}
