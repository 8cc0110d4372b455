public import Chat
internal import EventLoop
public import Ledger
internal import Policies

/// The money of one request: what is set aside for it in every limit that binds it, from before its first call until the last is settled.
///
/// Every call is covered before it is made, at its worst case; a stream is covered piece by piece while it goes on. Each call is charged when it
/// is over, and what is left of its cover goes back. The durable twin of what is set aside stands in the loop's journal, so that after a crash
/// it is charged and not forgotten. Belongs to the loop of its request.
public final class Envelope {
    /// Names the hold in the ledger.
    public let id: String
    private let hold: Hold
    private let journal: UsageJournal
    private var durable: HoldRecord
    /// The most that was ever set aside and not given back: what the journal knows.
    private var covered: Spending
    private var charged = Spending.nothing
    /// Set aside at the beginning for the first call, and not used for one yet; with the model that it was meant for.
    private var first: (cover: Spending, model: String)?
    private let keeper: LeaseKeeper?
    private let clock: () -> WallTime
    /// Where the latest record of a call is.
    private var lastRecord: JournalMark?
    /// Whether a limit on money binds the request: then nothing is called whose price is not known.
    let needsPrices: Bool
    /// Whether it is settled.
    public private(set) var isClosed = false

    /// Takes over a hold that is reserved and already stands in the journal.
    /// - Parameters:
    ///   - record: the hold as it stands in the journal.
    ///   - cover: what is set aside for the first call.
    ///   - needsPrices: whether a limit on money binds the request.
    ///   - keeper: gets slices of limits that are shared with other gateways.
    ///   - clock: tells the time.
    public init(
        _ hold: Hold, record: HoldRecord, cover: Spending, needsPrices: Bool, journal: UsageJournal, keeper: LeaseKeeper?,
        clock: @escaping () -> WallTime
    ) {
        self.keeper = keeper
        self.needsPrices = needsPrices
        id = record.id
        self.hold = hold
        durable = record
        covered = cover
        first = (cover, record.model ?? "")
        self.journal = journal
        self.clock = clock
    }

    /// Sets aside what a call may cost, unless that was done at the beginning.
    /// - Returns: what is set aside for the call.
    /// - Throws: `budget_exceeded`, `rate_limit_exceeded` naming the limit; `storage_unavailable` when it cannot be made durable.
    func cover(_ need: Spending, model: String) async throws(GatewayError) -> Spending {
        if let first {
            self.first = nil
            if first.model == model, need.usd <= first.cover.usd, need.tokens <= first.cover.tokens { return first.cover }
            // The first call is another than was thought at the beginning. Limits may bind its model that do not bind the other.
            charge(.zero, tokens: 0, cover: first.cover, model: first.model)
        }
        try await extend(by: need, model: model)
        return need
    }

    /// Sets more aside.
    /// - Throws: as ``cover(_:model:)``.
    private func extend(by more: Spending, model: String) async throws(GatewayError) {
        try await topUp(more, model)
        covered = covered + more
        try await write(charged + covered)
    }

    /// Makes the durable twin as large as all that is charged and set aside.
    private func write(_ amount: Spending) async throws(GatewayError) {
        durable.amount = amount.usd
        durable.tokens = amount.tokens
        do { try await journal.hold(durable) } catch { throw error.gatewayError }
    }

    private func topUp(_ more: Spending, _ model: String) async throws(GatewayError) {
        while true {
            switch hold.topUp(more, model: model, at: clock()) {
            case .held: return
            case .refused(let refusal):
                guard case .needsLease(let needs) = refusal.reason, let keeper else { throw refusal.gatewayError }
                try await keeper.obtain(needs)
            case .ended: throw GatewayError(.internalError, "The request's budget was settled before its end.", source: .gateway)
            }
        }
    }

    /// Tells the journal what will be left once a call of a request that goes on is charged: or a crash would charge its cover again, when
    /// others have it already.
    /// - Throws: `storage_unavailable`.
    public func willCharge(_ cost: NanoUSD, tokens: Int64, cover: Spending) async throws(GatewayError) {
        try await write(charged + Spending(usd: cost, tokens: tokens) + covered(without: cover))
    }

    /// Charges a call that is over.
    /// - Parameters:
    ///   - cover: what was set aside for it.
    ///   - record: where its record is; `nil`: it has none.
    public func charge(_ cost: NanoUSD, tokens: Int64, cover: Spending, model: String, record: JournalMark? = nil) {
        let actual = Spending(usd: cost, tokens: tokens)
        if record != nil { lastRecord = record }
        hold.charge(actual, reserved: cover, model: model, record: record, at: clock())
        charged = charged + actual
        covered = covered(without: cover)
    }

    private func covered(without cover: Spending) -> Spending {
        Spending(usd: max(.zero, covered.usd - cover.usd), tokens: max(0, covered.tokens - cover.tokens))
    }

    /// Ends it, once: what is still set aside goes back.
    /// - Parameter wasUsed: whether any call was sent; without one the request does not count.
    public func close(wasUsed: Bool) {
        guard !isClosed else { return }
        isClosed = true
        if wasUsed { hold.settle(.nothing, record: lastRecord, at: clock()) } else { hold.release(at: clock()) }
    }

    /// Ends its durable twin where no record does.
    /// - Throws: `storage_unavailable`.
    public func releaseInJournal() async throws(GatewayError) {
        do { try await journal.release(id) } catch { throw error.gatewayError }
    }
}
