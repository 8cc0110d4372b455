public import Core
public import Limits

/// Where usage records go. SQLite for one gateway; a shared database server for several.
///
/// Records become durable in journals, one for each event loop, and go on to the store from there, together and a little later.
public protocol LedgerStore: AnyObject, Sendable {
    /// Makes the journal of an event loop. To be used on that loop only, which may also be where this is called.
    /// - Parameter index: the loop's number, from 0 on; each may be given once.
    /// - Throws: ``LedgerFailure``: `full`, `readOnly`, `cannotOpen` when the file cannot be made; `closed`, `invalid`.
    func journal(forLoop index: Int) throws(LedgerFailure) -> sending UsageJournal

    /// Whether records can be moved into the store now. While false, no new paid work should begin; calls under way can still be committed.
    /// Cheap: read it per request.
    var isHealthy: Bool { get }

    /// Counters for metrics.
    var statistics: LedgerStatistics { get }

    /// What was spent, by payer, model and stretch of time: for limits to go on from. Blocks for up to a second; not for event loops.
    /// - Parameter moments: where the stretches begin, in any order; everything before the first is a stretch too. What lies on a quarter of an
    ///   hour is looked up, other moments cost the reading of the records since then until the next quarter.
    /// - Returns: one sum for each payer, model and stretch in which something was spent, all that was committed before included.
    /// - Throws: ``LedgerFailure``: `locked`, `inputOutput`, `corrupt`, `journalDamaged` …
    func totals(cutAt moments: [WallTime]) throws(LedgerFailure) -> [SpendingTotal]

    /// The same, and up to which records the sums go. Blocks like ``totals(cutAt:)``.
    func sums(cutAt moments: [WallTime]) throws(LedgerFailure) -> LedgerSums

    /// Takes back what an `in_doubt` record has charged, by a record of its own.
    /// - Parameters:
    ///   - id: the request's id or, where that names several, the call id of the record.
    ///   - note: why; kept with the record.
    /// - Returns: the record that was written.
    /// - Throws: ``LedgerFailure``: `invalid` when there is nothing to take back, or it was taken back already; `storageUnavailable`, `closed`.
    nonisolated(nonsending) func refund(_ id: String, note: String?) async throws(LedgerFailure) -> UsageRecord

    /// Like ``refund(_:note:)`` for commands: blocks.
    func refundAndWait(_ id: String, note: String?) throws(LedgerFailure) -> UsageRecord

    /// Takes in no more records, moves all there are into the store and lets go of it. Blocks; later calls do nothing.
    /// - Throws: ``LedgerFailure/keptInJournals(records:cause:)`` when records could not be moved; the next start does it.
    func close() throws(LedgerFailure)
}

/// Counters of a ledger since it was opened.
public struct LedgerStatistics: Hashable, Sendable {
    /// Records committed, those that wait in the journals included.
    public var committed = 0
    /// Records and holds that wait in the journals.
    public var queued = 0
    /// Holds that are open, as of the last batch.
    public var openHolds = 0
    /// Holds that were found open at the start and charged in full.
    public var inDoubt = 0
    /// Records of earlier runs that were found in journals at the start.
    public var recovered = 0
    /// Transactions in which records were moved into the store.
    public var batches = 0
    /// Records in the largest of them.
    public var largestBatch = 0
    /// Records that were refused because a journal was full.
    public var lost = 0
    /// Times that storage failed.
    public var storageFailures = 0
    /// The last failure of storage, for the log and `/readyz`; stays after recovery.
    public var lastFailure: LedgerFailure?

    package init() {}
}
