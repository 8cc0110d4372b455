public import Chat
public import Core
internal import EventLoop
public import Ledger
public import Limits
public import Policies

/// The money of one request: what is reserved for it in every limit that binds it, from before its first call until the last is settled.
///
/// Every call is covered before it is made, at its worst case. Each call is charged when it is over, and what is left of its cover goes
/// back. The durable twin of what is reserved is a hold in the loop's journal, so that after a crash it is charged and not forgotten.
/// Belongs to the loop of its request.
public final class Envelope {
    /// What is reserved at the beginning for the call that is expected to be made first.
    public struct First {
        /// The call as the plan has it.
        public let origin: PlannedCall
        /// The same within the limits.
        public let covered: CoveredCall

        /// Makes a first call.
        public init(origin: PlannedCall, covered: CoveredCall) { (self.origin, self.covered) = (origin, covered) }
    }

    /// A call of the plan that its limits refused before the request began.
    public struct Refusal {
        /// The call as the plan has it.
        public let origin: PlannedCall
        /// The amount that the call needed.
        public let need: Spending
        /// The error with which the call was refused.
        public let error: GatewayError

        /// Makes a refusal.
        public init(origin: PlannedCall, need: Spending, error: GatewayError) {
            (self.origin, self.need, self.error) = (origin, need, error)
        }
    }

    /// Names the hold in the ledger.
    public let id: String
    private let hold: Hold
    private let limits: RequestLimits
    private let journal: UsageJournal
    /// Whether it has a durable twin: without one no limit counts the request so far.
    private var isDurable: Bool
    private var durable: HoldRecord
    /// What is reserved and not given back; with ``charged`` what the durable twin must be worth.
    private var covered: Spending
    private var charged = Spending.nothing
    private var first: First?
    private var refusals: [Refusal]
    /// Counts the writes of the durable twin.
    private var writes = 0
    private let keeper: (any LeaseSource)?
    private let clock: () -> WallTime
    /// Where the latest record of a call is.
    private var lastRecord: JournalMark?
    /// Whether the envelope is settled.
    public private(set) var isClosed = false

    /// Takes over a hold that is reserved and already stands in the journal.
    /// - Parameters:
    ///   - limits: the limits of the request.
    ///   - record: the hold as it stands in the journal.
    ///   - first: the call for which it was made.
    ///   - refusals: calls that were refused before it was made. They are passed over.
    ///   - isDurable: whether the hold stands in the journal. It need not as long as no limit counts it: then it only lets limits know of it that a
    ///     reload adds.
    ///   - keeper: gets slices of limits that are shared with other gateways.
    ///   - clock: tells the time.
    public init(
        _ hold: Hold, of limits: RequestLimits, record: HoldRecord, first: First, refusals: [Refusal] = [], journal: UsageJournal,
        isDurable: Bool = true, keeper: (any LeaseSource)?, clock: @escaping () -> WallTime
    ) {
        self.limits = limits
        self.keeper = keeper
        id = record.id
        self.hold = hold
        durable = record
        covered = first.covered.cover
        self.first = first
        self.refusals = refusals
        self.journal = journal
        self.isDurable = isDurable
        self.clock = clock
    }

    /// What the limits on the call's model say, before anything is reserved for it.
    /// - Throws: the refusal of a call that was refused before; `budget_exceeded` for a model without a price.
    func terms(_ planned: PlannedCall) throws(GatewayError) -> CoveredCall {
        if let index = refusals.firstIndex(where: { $0.origin === planned }) { throw refusals.remove(at: index).error }
        if let first, first.origin === planned { return first.covered }
        return try limits.covered(planned, at: clock())
    }

    /// Reserves what a call may cost, unless that was done at the beginning. With little left it gets a lower limit of output.
    /// - Parameters:
    ///   - planned: the call, with all the input that is about to be sent.
    ///   - origin: the call as the plan has it.
    ///   - ended: calls that are over and were not charged before: what they give back is for this one first.
    /// - Throws: `budget_exceeded`, `rate_limit_exceeded` naming the limit; `storage_unavailable` when it cannot be made durable.
    func cover(_ planned: PlannedCall, of origin: PlannedCall, after ended: [EndedCall]) async throws(GatewayError) -> CoveredCall {
        var ended = ended
        if let first {
            self.first = nil
            let need = Spending(planned)
            if first.origin === origin, need.usd <= first.covered.cover.usd, need.tokens <= first.covered.cover.tokens {
                return CoveredCall(
                    call: planned, cover: first.covered.cover, needsPrices: first.covered.needsPrices,
                    boundsOutput: first.covered.boundsOutput)
            }
            // Another call than was expected is made first, or it needs more. Limits may bind its model that do not bind the other.
            var unused = EndedCall(actual: .nothing, reserved: first.covered.cover, model: first.origin.model.name)
            unused.wasMade = false
            ended.append(unused)
        }
        let call = try await exchange(ended, for: planned)
        covered = covered + call.cover
        if !isDurable { isDurable = limits.count(planned.model, at: clock()) }
        // Nothing else is under way: what a crash leaves in doubt is a call to this model.
        if covered == call.cover {
            durable.model = planned.model.name
            durable.priceVersion = planned.model.priceVersion
        }
        do { try await write() } catch {
            giveBack(call)
            throw error
        }
        return call
    }

    private func exchange(_ ended: [EndedCall], for planned: PlannedCall) async throws(GatewayError) -> CoveredCall {
        for call in ended { note(call) }
        var ended = ended
        while true {
            var result = Result<CoveredCall, GatewayError>.failure(GatewayError(.internalError, "No call was covered.", source: .gateway))
            let outcome = hold.exchange(ended, for: limits.scopes, model: planned.model.name, at: clock()) { headroom in
                do throws(GatewayError) {
                    let call = try limits.covered(planned, headroom, isUnderWay: true)
                    result = .success(call)
                    return call.cover
                } catch {
                    result = .failure(error)
                    return nil
                }
            }
            ended = []
            switch outcome {
            case .held, nil: return try result.get()
            case .refused(let refusal):
                guard case .needsLease(let needs) = refusal.reason, let keeper else { throw refusal.gatewayError }
                try await keeper.obtain(needs)
            case .ended: throw GatewayError(.internalError, "The request's budget was settled before its end.", source: .gateway)
            }
        }
    }

    /// Makes the durable twin worth all that is charged and reserved. A write that was overtaken by another while the journal was full is
    /// repeated, so that the last write has the current amount.
    private func write() async throws(GatewayError) {
        guard isDurable else { return }
        writes += 1
        var mine: Int
        repeat {
            mine = writes
            let amount = charged + covered
            durable.amount = amount.usd
            durable.tokens = amount.tokens
            do { try await journal.hold(durable) } catch { throw error.gatewayError }
        } while mine != writes
    }

    /// Gives back what was reserved for a call that is not made after all.
    func giveBack(_ call: CoveredCall) {
        var unused = EndedCall(actual: .nothing, reserved: call.cover, model: call.call.model.name)
        unused.wasMade = false
        charge(unused)
    }

    /// Tells the journal what is left now that a call of a request that goes on is recorded, or a crash would charge its cover again, when others
    /// have it already; then charges it.
    /// - Throws: `storage_unavailable`; the call is charged nevertheless.
    public func chargeRecorded(_ call: EndedCall, record: JournalMark?) async throws(GatewayError) {
        if record != nil { lastRecord = record }
        note(call)
        defer { hold.charge(call, record: record, at: clock()) }
        try await write()
    }

    /// Charges a call that is over.
    /// - Parameter record: where its record is; `nil`: it has none yet.
    public func charge(_ call: EndedCall, record: JournalMark? = nil) {
        if record != nil { lastRecord = record }
        note(call)
        hold.charge(call, record: record, at: clock())
    }

    /// Includes a call that is over in what the durable twin must be worth.
    private func note(_ call: EndedCall) {
        charged = charged + call.actual
        covered = Spending(
            usd: max(.zero, covered.usd - call.reserved.usd), tokens: max(0, covered.tokens - call.reserved.tokens))
    }

    /// Ends it, once: what is still reserved goes back.
    /// - Parameter wasUsed: whether any call was sent; without one the request does not count.
    public func close(wasUsed: Bool) {
        guard !isClosed else { return }
        isClosed = true
        if wasUsed { hold.settle(.nothing, record: lastRecord, at: clock()) } else { hold.release(at: clock()) }
    }

    /// Ends its durable twin where no record does.
    /// - Throws: `storage_unavailable`.
    public func releaseInJournal() async throws(GatewayError) {
        guard isDurable else { return }
        do { try await journal.release(id) } catch { throw error.gatewayError }
    }
}
