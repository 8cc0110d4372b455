internal import Chat
internal import Core
internal import EventLoop
internal import Execution
internal import HTTPServer
internal import Ledger
internal import Limits
internal import Policies

extension DecidedRequest {
    private var incoming: IncomingRequest { admitted.incoming }

    /// Reserves what the first call of the plan that its limits let through may cost. A call whose own limits refuse it is passed over, and
    /// so is one that would wait longer than a moment while another can be served. Where no limit, hard or soft, counts any call that the
    /// plan may make, what is reserved is there for limits that a reload adds.
    /// - Throws: `budget_exceeded`, `rate_limit_exceeded` naming the limit, when no call is let through; `storage_unavailable`.
    func envelope() async throws(GatewayError) -> Envelope? {
        let limits = RequestLimits(
            admitted.limits, for: admitted.scopes, isStream: admitted.request.facts.stream)
        let calls = plan.calls
        guard calls.contains(where: { limits.count($0.model, at: incoming.wallTime) }) else { return try uncounted(limits) }
        let end = MonotonicTime.now() + min(Self.longestWait, admitted.deadline - .now())
        var failure: GatewayError?
        var waiting: [PlannedCall] = []
        for call in calls {
            let patience = calls.count == 1 ? end : min(end, .now() + Self.waitBeforeNextCall)
            do throws(GatewayError) { return try await envelope(for: call, limits, until: patience) } catch {
                failure = try passOver(failure, error)
                if !error.retry.isFinal { waiting.append(call) }
            }
        }
        // None could be served within a moment: the first for which others may still make room.
        for call in waiting where calls.count > 1 && MonotonicTime.now() < end {
            refusals.removeAll { $0.origin === call }
            do throws(GatewayError) { return try await envelope(for: call, limits, until: end) } catch {
                failure = try passOver(failure, error)
            }
        }
        if let failure { throw failure }
        return nil
    }

    /// - Returns: of two refusals the one to tell.
    private func passOver(_ failure: GatewayError?, _ error: GatewayError) throws(GatewayError) -> GatewayError {
        guard [.budgetExceeded, .rateLimitExceeded, .overloaded].contains(error.code) else { throw error }
        return PlanRun.moreInformative(failure, error)
    }

    /// What is reserved for a request that no limit counts. Limits that a reload adds before its end count it; the journal need not know.
    private func uncounted(_ limits: RequestLimits) throws(GatewayError) -> Envelope? {
        guard let origin = plan.firstCall else { return nil }
        let first = Envelope.First(origin: origin, covered: try limits.covered(origin, at: incoming.wallTime))
        let request = SpendRequest(admitted.scopes, model: origin.model.name, amount: first.covered.cover + Spending(requests: 1))
        guard case .held(let hold) = admitted.limits.reserve(request, at: incoming.wallTime)
        else { return nil }
        return Envelope(
            hold, of: limits, record: record(of: first), first: first, journal: incoming.loop.journal, isDurable: false,
            keeper: admitted.leases
        ) { .now }
    }

    /// Reserves what `origin` may cost. Each time before it reserves or waits, it lowers the amount to what the limits then have headroom
    /// for, with a lower limit of output if need be.
    private func envelope(
        for origin: PlannedCall, _ limits: RequestLimits, until end: MonotonicTime
    ) async throws(GatewayError) -> Envelope {
        let keeper = admitted.leases
        let organization = admitted.limits
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
            keeper: admitted.leases
        ) { .now }
    }

    /// What the journal is told before anything is called.
    @inline(never)
    private func record(of first: Envelope.First) -> HoldRecord {
        let model = first.origin.model
        var record = HoldRecord(
            id: incoming.loop.identifiers.next("call_"), requestID: incoming.requestID, time: incoming.wallTime,
            requestedModel: admitted.request.facts.model, amount: first.covered.cover.usd, tokens: first.covered.cover.tokens,
            priceVersion: model.priceVersion)
        record.organization = admitted.principal.organization
        record.team = admitted.principal.team
        record.keyID = admitted.principal.keyID
        record.user = admitted.request.facts.user
        record.model = model.name
        return record
    }

    /// How long a call waits for what others hold, while another call of the plan has not been asked for.
    private static let waitBeforeNextCall = Duration.seconds(1)
    /// How long a request waits for what others hold and may give back.
    private static let longestWait = Duration.seconds(10)
}
