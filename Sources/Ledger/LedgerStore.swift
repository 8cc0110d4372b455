/// Where usage records are committed. SQLite for one gateway; a shared database server for several.
public protocol LedgerStore: AnyObject, Sendable {
    /// Commits `record`; returns only when it would survive the death of this process.
    ///
    /// Runs on the caller's executor and returns there. Not cancellable: a call that happened is recorded.
    /// - Throws: ``LedgerFailure/storageUnavailable(cause:kept:)``, ``LedgerFailure/queueFull(capacity:)`` or ``LedgerFailure/closed``.
    nonisolated(nonsending) func commit(_ record: UsageRecord) async throws(LedgerFailure)

    /// Whether records can be committed now. While false, no new paid work should begin. Cheap: read it per request.
    var isHealthy: Bool { get }

    /// Counters for metrics.
    var statistics: LedgerStatistics { get }

    /// Commits everything that waits and lets go of the storage. Blocks; later calls do nothing.
    /// - Throws: ``LedgerFailure/lostAtClose(records:cause:)`` when records could not be written.
    func close() throws(LedgerFailure)
}

/// Counters of a ledger since it was opened.
public struct LedgerStatistics: Hashable, Sendable {
    /// Records committed.
    public var committed = 0
    /// Transactions they were committed in.
    public var batches = 0
    /// Records in the largest batch.
    public var largestBatch = 0
    /// Records that wait for the writer.
    public var queued = 0
    /// Records kept in memory because storage failed, to be appended when it returns.
    public var backlog = 0
    /// Records that were lost because the queue or the backlog was full, or storage had not returned at close.
    public var lost = 0
    /// Times that storage failed.
    public var storageFailures = 0
    /// The last failure of storage, for the log and `/readyz`; stays after recovery.
    public var lastFailure: LedgerFailure?
}
