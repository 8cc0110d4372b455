public import Limits
internal import Synchronization

/// The journal of one event loop: where its usage records become durable, in a file mapped into memory.
///
/// A commit writes the record (or hold) and one word; the writer thread imports it into the ledger some 100 ms later, together with others.
/// Belongs to its loop: never to be used by two threads at once. Needs no locks for that, and no system call.
public final class UsageJournal {
    private let file: JournalFile
    private let exchange: JournalExchange
    private let waitsForDevice: Bool
    private var segment = 0
    private var offset = 0
    /// The number of the next frame.
    private var next: Int64
    private var hasAskedForImport = false
    private let index: Int

    init(_ file: JournalFile, _ exchange: JournalExchange, durability: SQLiteLedger.Durability) {
        self.file = file
        self.exchange = exchange
        waitsForDevice = durability == .full
        index = Int(file.name) ?? -1
        next = file.first(0)
    }

    /// Reserves the amount of `hold`, or changes it when there is a hold of that id already. To be done before anything goes upstream: what
    /// is held and not settled when the process dies is charged in full at the next start.
    ///
    /// Runs and fails like ``commit(_:)``; nothing is held then.
    public nonisolated(nonsending) func hold(_ hold: HoldRecord) async throws(LedgerFailure) { _ = try await write(hold) }

    /// Ends a hold without a record: nothing was sent, or all that was sent is recorded. Runs and fails like ``commit(_:)``.
    /// - Parameter id: the id of the hold; one that is not open changes nothing.
    public nonisolated(nonsending) func release(_ id: String) async throws(LedgerFailure) { _ = try await write(HoldRelease(id: id)) }

    /// Commits `record` and, if it says so, ends its hold in the same step; returns only when it would survive the death of this process,
    /// with full durability also the loss of power.
    ///
    /// Runs on the caller's executor. With normal durability it does not suspend as long as the journal has room.
    /// Not cancellable: a call that happened is recorded.
    /// - Returns: where the record is.
    /// - Throws: ``LedgerFailure/closed``; ``LedgerFailure/queueFull(capacity:)`` or ``LedgerFailure/storageUnavailable(cause:kept:)`` when
    ///   the journal is full and was not imported in time; ``LedgerFailure/invalid(_:)`` for a record larger than half the journal.
    @discardableResult
    public nonisolated(nonsending) func commit(_ record: UsageRecord) async throws(LedgerFailure) -> JournalMark { try await write(record) }

    private nonisolated(nonsending) func write<Entry: JournalEntry>(_ entry: Entry) async throws(LedgerFailure) -> JournalMark {
        while try !append(entry) {
            if let failure = await exchange.waitForRoom(losing: Entry.kind == .record ? 1 : 0) { throw failure }
        }
        let mark = JournalMark(journal: index, sequence: next - 1)
        if waitsForDevice, let failure = await exchange.waitForSync() { throw failure }
        return mark
    }

    /// Writes `entry` if there is room.
    private func append<Entry: JournalEntry>(_ entry: Entry) throws(LedgerFailure) -> Bool {
        var end = JournalFrame.write(entry, sequence: next, to: file.bytes(segment), at: offset)
        if end == nil, offset > 0 {
            guard try switchSegment() else { return false }
            end = JournalFrame.write(entry, sequence: next, to: file.bytes(segment), at: 0)
        }
        guard let end else {
            throw .invalid("\(entry.label) needs more than the \(file.segmentBytes) bytes of a journal segment")
        }
        guard file.publish(segment, from: offset, to: end) else { throw .closed }
        file.appended.store(next, ordering: .relaxed)
        if Entry.kind == .record { file.records.add(1, ordering: .relaxed) }
        offset = end
        next += 1
        announce()
        return true
    }

    private func announce() {
        if !hasAskedForImport, offset > file.segmentBytes / 2 {
            hasAskedForImport = true
            exchange.requestImport()
        } else {
            exchange.announce()
        }
    }

    /// Goes on to the other segment, if nothing in it is needed any more.
    private func switchSegment() throws(LedgerFailure) -> Bool {
        guard file.released.load(ordering: .acquiring) >= file.first(segment) - 1 else { return false }
        guard file.begin(1 - segment, first: next) else { throw .closed }
        segment = 1 - segment
        offset = 0
        hasAskedForImport = false
        return true
    }
}
