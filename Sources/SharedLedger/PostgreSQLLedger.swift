public import Core
internal import Glibc
public import Ledger
public import Limits
internal import Synchronization

/// The ledger of several gateways in one PostgreSQL database.
///
/// Each gateway has a ledger of its own in SQLite as its spool: there a record is committed, a hold is durable, a crash is made good, and there
/// records wait while PostgreSQL is away. One thread brings them to the database, each exactly once, and keeps what the gateway has leased of
/// limits that it shares with others. No request waits for the database, unless it needs a larger slice of a limit.
public final class PostgreSQLLedger: LedgerStore {
    /// The settings of a shared ledger.
    public struct Settings: Sendable {
        /// The ledger in SQLite that is the spool.
        public var spool = SQLiteLedger.Settings()
        /// Records that may wait in the spool before no new paid work is taken.
        public var spoolLimit = 2_000_000
        /// From one transaction with records to the next.
        public var interval = Duration.milliseconds(250)
        /// Records of one transaction.
        public var batchLimit = 2_000
        /// How long PostgreSQL may take for an answer before it counts as away.
        public var patience = Duration.seconds(3)
        /// How long keys stay valid while PostgreSQL is away.
        public var keyLifetime = Duration.seconds(300)
        /// The name of this gateway's host, for people.
        public var host = Settings.hostName

        /// The defaults.
        public init() {}

        private static let hostName: String = {
            var bytes = [CChar](repeating: 0, count: 256)
            gethostname(&bytes, bytes.count - 1)
            return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }()
    }

    private let spool: SQLiteLedger
    private let settings: Settings
    private let exchange = SharedExchange()
    private let status = SharedLedgerStatus()
    private let liveKeys: PostgreSQLKeys
    private let thread: JoinableThread
    private let result: ThreadResult

    /// Connects, makes or upgrades the tables, opens the spool in `directory` and imports what an earlier run has left there, and starts the
    /// thread. Blocks.
    /// - Throws: ``LedgerFailure``: `serverAway`, `serverRefuses`, `serverReadOnly`, `newerVersion`, `foreign`; those of ``SQLiteLedger``;
    ///   `invalid` when the directory is a copy of another gateway's.
    public init(_ target: PostgreSQLTarget, directory: String, settings: Settings = Settings()) throws(LedgerFailure) {
        let connection = try PostgreSQLConnection(target, patience: settings.patience)
        try PostgreSQLSchema.migrate(connection)
        let path = directory + "/spool.db"
        spool = try SQLiteLedger(path: path, settings: settings.spool)
        self.settings = settings
        var delivery = try RecordDelivery(SpoolReader(path: path))
        try delivery.register(connection, host: settings.host)
        liveKeys = PostgreSQLKeys(lifetime: settings.keyLifetime)
        try liveKeys.refresh(connection)
        status.waiting(try delivery.backlog())
        let start = ThreadArgument(SharedLedgerWorker(connection, delivery, settings, exchange, status, liveKeys))
        let result = ThreadResult()
        self.result = result
        thread = try JoinableThread(name: "shared ledger") { result.set(start.take()?.run()) }
    }

    deinit { try? close() }

    /// Begins to lease the limits of `tree`, which must share (`.leased`) and know already what this gateway has spent
    /// (``totals(cutAt:)``, ``OrganizationLimits/restore(_:at:only:)``). Once for each ledger.
    /// - Parameter failsOpen: whether a limit lets requests through while PostgreSQL is away and the gateway's slice is used up.
    public func keepLeases(of tree: LimitTree, failsOpen: @escaping @Sendable (LimitIdentity) -> Bool = { _ in false }) -> LeaseKeeper {
        exchange.add(tree)
        return LeaseKeeper(tree, exchange, failsOpen: failsOpen)
    }

    /// The client keys, kept up to date; none when PostgreSQL has been away for too long.
    public var keys: any KeySource { liveKeys }

    /// Whether PostgreSQL answered when it was last asked.
    public var isServerReachable: Bool { status.isReachable }

    /// Round trips to PostgreSQL so far.
    public var roundTrips: Int { status.roundTrips }

    /// Makes the journal of an event loop; see ``LedgerStore/journal(forLoop:)``.
    public func journal(forLoop index: Int) throws(LedgerFailure) -> sending UsageJournal { try spool.journal(forLoop: index) }

    /// Whether records can be kept until PostgreSQL has them: the spool works and is not full. Whether PostgreSQL answers is another question.
    public var isHealthy: Bool { spool.isHealthy && status.waiting < settings.spoolLimit }

    /// Counters for metrics: what waits includes what PostgreSQL does not have yet.
    public var statistics: LedgerStatistics {
        var statistics = spool.statistics
        let shared = status.statistics
        statistics.queued += status.waiting
        statistics.batches = shared.batches
        statistics.largestBatch = shared.largestBatch
        statistics.storageFailures += shared.storageFailures
        statistics.lastFailure = shared.lastFailure ?? statistics.lastFailure
        return statistics
    }

    /// What this gateway has spent; what others have comes into the tree with the leases.
    public func totals(cutAt moments: [WallTime]) throws(LedgerFailure) -> [SpendingTotal] { try spool.totals(cutAt: moments) }

    /// The same, and up to which records the sums go.
    public func sums(cutAt moments: [WallTime]) throws(LedgerFailure) -> LedgerSums { try spool.sums(cutAt: moments) }

    /// Takes back what this gateway has charged in doubt; see ``LedgerStore/refund(_:note:)``.
    public nonisolated(nonsending) func refund(_ id: String, note: String?) async throws(LedgerFailure) -> UsageRecord {
        try await spool.refund(id, note: note)
    }

    /// Like ``refund(_:note:)`` for commands: blocks.
    public func refundAndWait(_ id: String, note: String?) throws(LedgerFailure) -> UsageRecord { try spool.refundAndWait(id, note: note) }

    /// Takes in no more records, brings all there are to PostgreSQL, gives back what is leased and not used, and lets go. Blocks, for some
    /// seconds when PostgreSQL is away; later calls do nothing.
    /// - Throws: ``LedgerFailure/keptInJournals(records:cause:)``: they stay in the spool, the next start delivers them.
    public func close() throws(LedgerFailure) {
        var failure: LedgerFailure?
        do throws(LedgerFailure) { try spool.close() } catch { failure = error }
        exchange.close()
        thread.join()
        if let failure = failure ?? result.take() { throw failure }
    }
}
