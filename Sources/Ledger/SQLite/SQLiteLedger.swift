internal import Synchronization

/// The ledger in one SQLite file, written by one thread of this process.
///
/// Records that come while a transaction is under way are committed together in the next one (group commit).
/// Other processes may read the file at any time (``UsageReport``, `sqlite3`); a second writer is refused.
public final class SQLiteLedger: LedgerStore {
    /// How sure a commit is.
    public enum Durability: Sendable {
        /// Survives the death of the process at any moment; the loss of power may take the last moments with it.
        case normal
        /// Survives the loss of power: one fsync per batch.
        case full
    }

    /// What can be chosen.
    public struct Settings: Sendable {
        /// How sure a commit is.
        public var durability = Durability.normal
        /// Records that may wait for the writer.
        public var queueCapacity = 65_536
        /// Records that are kept in memory while storage fails.
        public var backlogCapacity = 4_096
        /// Pages of the log after which the writer copies it into the database, between two batches.
        public var checkpointPages = 4_000
        /// Bytes of a page in a new file: a power of two from 512 to 65,536.
        public var pageSize = 4_096
        /// Files of up to so many bytes are verified before they are used, larger ones beside the work.
        public var checkedAtOpen = 64 << 20
        /// From 5,000 records a second on, the time from one batch to the next in which records gather; zero: never wait.
        public var gatherWindow = Duration.milliseconds(2)
        /// Records that end the gathering early.
        public var gatherTarget = 32

        /// The defaults.
        public init() {}
    }

    private let queue: CommitQueue
    private let status = LedgerStatus()
    private let lock: Mutex<LedgerLock?>
    private let thread: JoinableThread
    private let check: BackgroundCheck?
    /// What the writer thread left undone at its end.
    private let remainder: RemainderBox

    /// Opens the ledger at `path` for writing, makes it where it is missing, verifies and upgrades it, and starts the writer. Blocks.
    /// - Throws: ``LedgerFailure``: `inUse`, `newerVersion`, `corrupt`, `foreign`, `readOnly`, `locked`, `full`, `cannotOpen`, `inputOutput`.
    public init(path: String, settings: Settings = Settings()) throws(LedgerFailure) {
        try createPrivateFile(path)
        let lock = try LedgerLock(database: path)
        let queue = CommitQueue(capacity: settings.queueCapacity)
        let status = status
        let remainder = RemainderBox()
        let start = WriterStart(try LedgerConnection(path: path, settings: settings))
        self.queue = queue
        self.remainder = remainder
        self.lock = Mutex(consume lock)
        thread = try JoinableThread(name: "ledger") {
            guard let connection = start.take() else { return }
            let writer = LedgerWriter(connection: connection, settings: settings, queue: queue, status: status)
            remainder.set(writer.run())
        }
        let isLarge = (FileIdentity(path)?.size ?? 0) > settings.checkedAtOpen
        check = isLarge ? try? BackgroundCheck(path: path) { status.damaged($0) } : nil
    }

    deinit { try? close() }

    /// Commits `record`; see ``LedgerStore/commit(_:)``.
    public nonisolated(nonsending) func commit(_ record: UsageRecord) async throws(LedgerFailure) {
        let failure = await withUnsafeContinuation { (waiter: CommitQueue.Waiter) in
            if let failure = queue.push(record, waiter) { waiter.resume(returning: failure) }
        }
        if let failure { throw failure }
    }

    /// Whether records can be committed now and the file is not known to be damaged.
    public var isHealthy: Bool { status.isHealthy }

    /// Counters for metrics.
    public var statistics: LedgerStatistics {
        var statistics = status.statistics
        statistics.queued = queue.count
        statistics.lost += queue.refused
        return statistics
    }

    /// Commits everything that waits, copies the log into the database and lets go of the file. Blocks; later calls do nothing.
    /// - Throws: ``LedgerFailure/lostAtClose(records:cause:)``; the failure of the last checkpoint (no record is lost then).
    public func close() throws(LedgerFailure) {
        queue.close()
        check?.stop()
        thread.join()
        lock.withLock { $0 = nil }
        if let failure = remainder.take() { throw failure }
    }
}

/// Carries the connection to the writer thread, which is its only user from then on.
private final class WriterStart: @unchecked Sendable {
    private var connection: LedgerConnection?

    init(_ connection: LedgerConnection) { self.connection = connection }

    /// Called once, on the writer thread; starting a thread orders this after `init`.
    func take() -> LedgerConnection? {
        defer { connection = nil }
        return connection
    }
}

/// The result of the writer thread, for whoever closes the ledger.
private final class RemainderBox: Sendable {
    private let failure = Mutex<LedgerFailure?>(nil)

    func set(_ failure: LedgerFailure?) { self.failure.withLock { $0 = failure } }

    func take() -> LedgerFailure? {
        failure.withLock { failure in
            defer { failure = nil }
            return failure
        }
    }
}
