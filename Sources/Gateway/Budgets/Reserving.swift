internal import Chat
internal import EventLoop
internal import Execution
internal import HTTPServer
internal import Ledger
internal import Policies

extension DecidedCall {
    private var incoming: IncomingCall { admitted.incoming }

    /// Sets aside what the first call of the plan may cost, in every limit that binds the request; `nil` where none does. With little left, all
    /// calls get a lower limit of output rather than none at all.
    /// - Throws: `budget_exceeded`, `rate_limit_exceeded` naming the limit; `storage_unavailable`.
    func envelope() async throws(GatewayError) -> Envelope? {
        guard incoming.policies.snapshot.hasLimits, let need = need() else { return nil }
        let patience = min(Self.longestWait, admitted.deadline - .now())
        let keeper = incoming.loop.gateway.budgets.keeper
        let hold = try await need.limits.reserve(need.request, on: incoming.loop.loop, patience: patience, keeper: keeper)
        let record = record(of: need)
        do { try await incoming.loop.journal.hold(record) } catch {
            hold.release(at: .now)
            throw error.gatewayError
        }
        return Envelope(
            hold, record: record, cover: need.cover, needsPrices: need.needsPrices, journal: incoming.loop.journal, keeper: keeper) { .now }
    }

    /// What the first call needs of the limits that bind the request; `nil` where none does.
    @inline(never)
    private func need() -> FirstNeed? {
        guard let first = plan.firstCall else { return nil }
        let limits = admitted.principal.limits(in: incoming.loop.gateway.budgets)
        let scopes = admitted.scopes
        let headroom = limits.headroom(for: scopes, model: first.model.name, at: incoming.wallTime)
        guard !headroom.isUnlimited else { return nil }
        limit { $0.clamped(to: headroom, isStream: admitted.request.stream) }
        let cover = Spending(plan.firstCall ?? first)
        return FirstNeed(
            limits: limits, cover: cover, request: SpendRequest(scopes, model: first.model.name, amount: cover + Spending(requests: 1)),
            model: first.model, needsPrices: headroom.usd != nil)
    }

    /// What the first call asks of the limits: what was refused, when it was.
    var amount: Spending? {
        plan.firstCall.map { Spending($0) + Spending(requests: 1) }
    }

    /// What the journal is told before anything is called.
    @inline(never)
    private func record(of need: FirstNeed) -> HoldRecord {
        var record = HoldRecord(
            id: incoming.loop.identifiers.next("call_"), requestID: incoming.requestID, time: incoming.wallTime,
            requestedModel: admitted.request.model, amount: need.cover.usd, tokens: need.cover.tokens, priceVersion: need.model.priceVersion)
        record.organization = admitted.principal.organization
        record.team = admitted.principal.team
        record.keyID = admitted.principal.keyID
        record.user = admitted.request.user
        record.model = need.model.name
        return record
    }

    /// How long a request waits for what others hold and may give back.
    private static let longestWait = Duration.seconds(10)
}

/// What a request needs of its limits before its first call.
private struct FirstNeed {
    let limits: OrganizationLimits
    /// What the call may cost.
    let cover: Spending
    let request: SpendRequest
    let model: ModelEntry
    /// Whether a limit on money binds the request.
    let needsPrices: Bool
}

extension Headroom {
    /// Whether no limit binds the request.
    var isUnlimited: Bool { usd == nil && tokens == nil && requests == nil && concurrent == nil }
}
