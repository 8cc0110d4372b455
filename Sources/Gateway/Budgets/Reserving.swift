internal import Chat
internal import EventLoop
internal import Execution
internal import HTTPServer
internal import Ledger
internal import Policies

extension DecidedCall {
    private var incoming: IncomingCall { admitted.incoming }

    /// Sets aside what the first call of the plan that its limits let through may cost; `nil` where no limit, hard or soft, counts any call that the
    /// plan may make. A call whose own limits refuse it is passed over.
    /// - Throws: `budget_exceeded`, `rate_limit_exceeded` naming the limit, when no call is let through; `storage_unavailable`.
    func envelope() async throws(GatewayError) -> Envelope? {
        guard incoming.policies.snapshot.hasLimits else { return nil }
        let limits = RequestLimits(
            admitted.principal.limits(in: incoming.loop.gateway.budgets), for: admitted.scopes, isStream: admitted.request.stream)
        let calls = plan.calls
        guard calls.contains(where: { limits.count($0.model, at: incoming.wallTime) }) else { return nil }
        let end = MonotonicTime.now() + min(Self.longestWait, admitted.deadline - .now())
        var failure: GatewayError?
        for call in calls {
            do throws(GatewayError) { return try await envelope(for: call, limits, until: end) } catch {
                guard [.budgetExceeded, .rateLimitExceeded, .overloaded].contains(error.code) else { throw error }
                failure = PlanRun.weightier(failure, error)
            }
        }
        if let failure { throw failure }
        return nil
    }

    /// Sets aside what `origin` may cost. Before each time that it asks or waits it takes no more than the limits then have room for, with a lower limit
    /// of output if need be.
    private func envelope(
        for origin: PlannedCall, _ limits: RequestLimits, until end: MonotonicTime
    ) async throws(GatewayError) -> Envelope {
        let keeper = incoming.loop.gateway.budgets.keeper
        let organization = admitted.principal.limits(in: incoming.loop.gateway.budgets)
        var asked: Spending?
        while true {
            let covered: CoveredCall
            do throws(GatewayError) { covered = try limits.covered(origin, at: .now) } catch {
                refusals.append(Envelope.Refusal(origin: origin, need: Spending(origin), error: error))
                throw error
            }
            let need = covered.cover
            do throws(GatewayError) {
                let request = SpendRequest(admitted.scopes, model: origin.model.name, amount: need + Spending(requests: 1))
                let hold = try await organization.reserve(request, on: incoming.loop.loop, patience: end - .now(), keeper: keeper)
                return try await envelope(hold, limits, Envelope.First(origin: origin, covered: covered))
            } catch {
                // Less is left than when it began to wait: it goes on with a shorter answer, like a request that comes now.
                let now = (try? limits.covered(origin, at: .now))?.cover ?? need
                let isLess = now.usd < need.usd || now.tokens < need.tokens
                if [.budgetExceeded, .rateLimitExceeded].contains(error.code), isLess, asked != now {
                    asked = now
                    continue
                }
                refusals.append(Envelope.Refusal(origin: origin, need: need + Spending(requests: 1), error: error))
                throw error
            }
        }
    }

    /// Makes the hold durable.
    private func envelope(_ hold: Hold, _ limits: RequestLimits, _ first: Envelope.First) async throws(GatewayError) -> Envelope {
        let record = record(of: first)
        do { try await incoming.loop.journal.hold(record) } catch {
            hold.release(at: .now)
            throw error.gatewayError
        }
        return Envelope(
            hold, of: limits, record: record, first: first, refusals: refusals, journal: incoming.loop.journal,
            keeper: incoming.loop.gateway.budgets.keeper) { .now }
    }

    /// What the journal is told before anything is called.
    @inline(never)
    private func record(of first: Envelope.First) -> HoldRecord {
        let model = first.origin.model
        var record = HoldRecord(
            id: incoming.loop.identifiers.next("call_"), requestID: incoming.requestID, time: incoming.wallTime,
            requestedModel: admitted.request.model, amount: first.covered.cover.usd, tokens: first.covered.cover.tokens,
            priceVersion: model.priceVersion)
        record.organization = admitted.principal.organization
        record.team = admitted.principal.team
        record.keyID = admitted.principal.keyID
        record.user = admitted.request.user
        record.model = model.name
        return record
    }

    /// How long a request waits for what others hold and may give back.
    private static let longestWait = Duration.seconds(10)
}
