public import Core
public import Limits
internal import Synchronization

/// The ledger in one SQLite file, written by one thread of this process, behind a journal for each event loop.
///
/// A record is committed when it is in its loop's journal. The writer thread moves it into the SQLite file, many at a time. Other processes
/// may read at any time: ``UsageReader`` looks into the journals too and shows every committed record; what reads the SQLite file alone, such
/// as `sqlite3`, is about 100 ms behind. A second writer is refused.
public final class SQLiteLedger: LedgerStore {
    /// How durable a commit is.
    public enum Durability: Sendable {
        /// Survives the death of the process at any moment; the loss of power may take the last moments with it.
        case normal
        /// Survives the loss of power: each commit waits for the device, together with all others that come at the time.
        case full
    }

    /// The settings of a ledger.
    public struct Settings: Sendable {
        /// How durable a commit is.
        public var durability = Durability.normal
        /// Bytes of each of the two segments of a journal, reserved on the disk from the beginning; rounded up to a multiple of 4,096, at most
        /// 1 GiB. A record must fit in one.
        public var segmentBytes = 8 << 20
        /// From the first record in a journal to the transaction that moves it into the SQLite file.
        public var importInterval = Duration.milliseconds(250)
        /// Records of one such transaction.
        public var batchLimit = 4_096
        /// Commits that may wait for room in a full journal.
        public var queueCapacity = 4_096
        /// How long each of them may wait.
        public var roomPatience = Duration.seconds(2)
        /// Pages of the log after which the writer copies it into the database, between two transactions.
        public var checkpointPages = 4_000
        /// Bytes of a page in a new file: a power of two from 512 to 65,536.
        public var pageSize = 4_096
        /// Files of up to so many bytes are verified before they are used, larger ones beside the work.
        public var checkedAtOpen = 64 << 20

        /// Called with the progress of long work while the ledger is opened: the upgrade of a large ledger.
        public var report: (@Sendable (LedgerWork) -> Void)?

        /// The defaults.
        public init() {}

        /// The size of a segment in bytes, as a journal's header has it.
        var segmentSize: Int { (min(max(segmentBytes, 4_096), 1 << 30) + 4_095) & ~4_095 }
    }

    private let path: String
    private let ledgerID: String
    private let settings: Settings
    /// Where the journals of this run begin to count.
    private let positions: [String: JournalPosition]
    private let exchange: JournalExchange
    private let status = LedgerStatus()
    private let lock: Mutex<LedgerLock?>
    private let thread: JoinableThread
    private let check: BackgroundCheck?
    /// The failure with which the writer thread ended; empty when it finished its work.
    private let remainder: ThreadResult

    /// Opens the ledger at `path` for writing, makes it where it is missing, verifies and upgrades it, imports the journals that an earlier
    /// run has left, and starts the writer. Blocks.
    /// - Throws: ``LedgerFailure``: `inUse`, `newerVersion`, `corrupt`, `foreign`, `journalOfAnotherLedger`, `journalDamaged`, `readOnly`,
    ///   `locked`, `full`, `cannotOpen`, `inputOutput`.
    public init(path: String, settings: Settings = Settings()) throws(LedgerFailure) {
        // An empty ledger in the place of one that was lost would not know its journals.
        if FileIdentity(path) == nil, let orphan = try JournalFiles.all(path).first { throw .journalOfAnotherLedger(path: orphan.path) }
        try createPrivateFile(path)
        let lock = try LedgerLock(database: path)
        let exchange = JournalExchange(waitLimit: settings.queueCapacity, patience: settings.roomPatience)
        let status = status
        let remainder = ThreadResult()
        let connection = try LedgerConnection(path: path, settings: settings)
        try JournalRecovery.run(connection, status)
        self.path = path
        self.settings = settings
        self.exchange = exchange
        self.remainder = remainder
        ledgerID = connection.ledgerID
        positions = try connection.journalPositions()
        self.lock = Mutex(consume lock)
        let start = ThreadArgument(connection)
        thread = try JoinableThread(name: "ledger") {
            guard let connection = start.take() else { return }
            let writer = LedgerWriter(connection: connection, settings: settings, exchange: exchange, status: status)
            remainder.set(writer.run())
        }
        let isLarge = (FileIdentity(path)?.size ?? 0) > settings.checkedAtOpen
        check = isLarge ? try? BackgroundCheck(path: path) { status.damaged($0) } : nil
    }

    deinit { try? close() }

    /// Makes the journal of an event loop; see ``LedgerStore/journal(forLoop:)``.
    public func journal(forLoop index: Int) throws(LedgerFailure) -> sending UsageJournal {
        guard index >= 0 else { throw .invalid("loops are counted from 0 on") }
        let name = String(index)
        let header = JournalHeader(ledgerID: ledgerID, segmentBytes: settings.segmentSize)
        let file = try exchange.add(name) { () throws(LedgerFailure) in
            try JournalFile(
                ledger: path, index: index, header: header, last: positions[name]?.sequence ?? 0, syncs: settings.durability == .full)
        }
        return UsageJournal(file, exchange, durability: settings.durability)
    }

    /// Whether records can be moved into the SQLite file now and it is not known to be damaged.
    public var isHealthy: Bool { status.isHealthy }

    /// Counters for metrics.
    public var statistics: LedgerStatistics {
        var statistics = status.statistics
        for file in exchange.files {
            statistics.committed += file.records.load(ordering: .relaxed)
            statistics.queued += file.waiting
        }
        statistics.lost = exchange.lost
        return statistics
    }

    /// What was spent; see ``LedgerStore/totals(cutAt:)``.
    public func totals(cutAt moments: [WallTime]) throws(LedgerFailure) -> [SpendingTotal] {
        try UsageReader(path: path).totals(cutAt: moments)
    }

    /// What was spent, and up to which records; see ``LedgerStore/sums(cutAt:)``.
    public func sums(cutAt moments: [WallTime]) throws(LedgerFailure) -> LedgerSums {
        try UsageReader(path: path).sums(cutAt: moments)
    }

    /// Takes back what was charged in doubt; see ``LedgerStore/refund(_:note:)``.
    public nonisolated(nonsending) func refund(_ id: String, note: String?) async throws(LedgerFailure) -> UsageRecord {
        let result = await withUnsafeContinuation { (waiter: UnsafeContinuation<Result<UsageRecord, LedgerFailure>, Never>) in
            exchange.order(RefundOrder(id: id, note: note) { waiter.resume(returning: $0) })
        }
        return try result.get()
    }

    /// Like ``refund(_:note:)`` for callers that may block, such as commands.
    public func refundAndWait(_ id: String, note: String?) throws(LedgerFailure) -> UsageRecord {
        let answer = Monitor<Result<UsageRecord, LedgerFailure>?>(nil)
        exchange.order(
            RefundOrder(id: id, note: note) { result in
                answer.withLock { $0 = result }
                answer.wake()
            })
        guard let result = answer.waitUntil(nil, { result, _ in result }) else { throw .closed }
        return try result.get()
    }

    /// Takes in no more records, moves all there are into the SQLite file, copies its log into it, removes the journals and lets go of the
    /// file. Blocks; later calls do nothing.
    /// - Throws: ``LedgerFailure/keptInJournals(records:cause:)``; the failure of the last checkpoint (no record is lost then).
    public func close() throws(LedgerFailure) {
        exchange.close()
        check?.stop()
        thread.join()
        lock.withLock { $0 = nil }
        if let failure = remainder.take() { throw failure }
    }
}
