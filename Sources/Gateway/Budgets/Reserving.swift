internal import Chat
internal import EventLoop
internal import Execution
internal import HTTPServer
internal import Ledger
internal import Policies

extension DecidedCall {
    private var incoming: IncomingCall { admitted.incoming }

    /// Whose limits bind the request.
    var scopes: RequestScopes {
        RequestScopes(team: admitted.principal.team, key: admitted.principal.keyID, user: admitted.request.user)
    }

    /// Sets aside what the first call of the plan may cost, in every limit that binds the request; `nil` where none does. With little left, all
    /// calls get a lower limit of output rather than none at all.
    /// - Throws: `budget_exceeded`, `rate_limit_exceeded` naming the limit; `storage_unavailable`.
    func envelope() async throws(GatewayError) -> (plan: Plan, envelope: Envelope?) {
        guard incoming.policies.snapshot.hasLimits, let first = plan.firstCall else { return (plan, nil) }
        let limits = admitted.principal.limits(in: incoming.loop.gateway.budgets)
        let headroom = limits.headroom(for: scopes, model: first.model.name, at: incoming.wallTime)
        guard !headroom.isUnlimited else { return (plan, nil) }
        let plan = plan.mapCalls { call in
            call.clamped(usd: headroom.usd.map { NanoUSD(nanos: $0.unspent) }, tokens: headroom.tokens?.unspent)
        }
        let cover = Spending(plan.firstCall ?? first, isStream: admitted.request.stream)
        let request = SpendRequest(scopes, model: first.model.name, amount: cover + Spending(requests: 1))
        let patience = min(Self.longestWait, admitted.deadline - .now())
        let hold = try await limits.reserve(request, on: incoming.loop.loop, patience: patience, keeper: incoming.loop.gateway.budgets.keeper)
        return (plan, try await durable(hold, cover, first, needsPrices: headroom.usd != nil))
    }

    private func durable(
        _ hold: Hold, _ cover: Spending, _ first: PlannedCall, needsPrices: Bool
    ) async throws(GatewayError) -> Envelope {
        var record = HoldRecord(
            id: incoming.loop.identifiers.next("call_"), requestID: incoming.requestID, time: incoming.wallTime,
            requestedModel: admitted.request.model, amount: cover.usd, tokens: cover.tokens, priceVersion: first.model.priceVersion)
        record.organization = admitted.principal.organization
        record.team = admitted.principal.team
        record.keyID = admitted.principal.keyID
        record.user = admitted.request.user
        record.model = first.model.name
        do { try await incoming.loop.journal.hold(record) } catch {
            hold.release(at: .now)
            throw error.gatewayError
        }
        return Envelope(hold, record: record, cover: cover, needsPrices: needsPrices, journal: incoming.loop.journal, keeper: incoming.loop.gateway.budgets.keeper) { .now }
    }

    /// How long a request waits for what others hold and may give back.
    private static let longestWait = Duration.seconds(10)
}

extension Headroom {
    /// Whether no limit binds the request.
    var isUnlimited: Bool { usd == nil && tokens == nil && requests == nil && concurrent == nil }
}
