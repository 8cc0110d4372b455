internal import Synchronization

/// The journal of one event loop: where its usage records become durable, in a file mapped into memory.
///
/// A commit writes the record and one word; the writer thread imports it into the ledger some 100 ms later, together with others.
/// Belongs to its loop: never to be used by two threads at once. Needs no locks for that, and no system call.
public final class UsageJournal {
    private let file: JournalFile
    private let exchange: JournalExchange
    private let waitsForDevice: Bool
    private var segment = 0
    private var offset = 0
    /// The number of the next record.
    private var next: Int64
    private var hasAskedForImport = false

    init(_ file: JournalFile, _ exchange: JournalExchange, durability: SQLiteLedger.Durability) {
        self.file = file
        self.exchange = exchange
        waitsForDevice = durability == .full
        next = file.first(0)
    }

    /// Commits `record`; returns only when it would survive the death of this process, with full durability also the loss of power.
    ///
    /// Runs on the caller's executor. With normal durability it does not suspend as long as the journal has room.
    /// Not cancellable: a call that happened is recorded.
    /// - Throws: ``LedgerFailure/closed``; ``LedgerFailure/queueFull(capacity:)`` or ``LedgerFailure/storageUnavailable(cause:kept:)`` when
    ///   the journal is full and was not imported in time; ``LedgerFailure/invalid(_:)`` for a record larger than half the journal.
    public nonisolated(nonsending) func commit(_ record: UsageRecord) async throws(LedgerFailure) {
        while try !append(record) {
            if let failure = await exchange.waitForRoom() { throw failure }
        }
        if waitsForDevice, let failure = await exchange.waitForSync() { throw failure }
    }

    /// Writes `record` if there is room.
    private func append(_ record: UsageRecord) throws(LedgerFailure) -> Bool {
        var end = JournalFrame.write(record, sequence: next, to: file.bytes(segment), at: offset)
        if end == nil, offset > 0 {
            guard try switchSegment() else { return false }
            end = JournalFrame.write(record, sequence: next, to: file.bytes(segment), at: 0)
        }
        guard let end else {
            throw .invalid(
                "the record of call \(record.callID.prefix(80)) needs more than the \(file.segmentBytes) bytes of a journal segment")
        }
        guard file.publish(segment, from: offset, to: end) else { throw .closed }
        file.appended.store(next, ordering: .relaxed)
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

    /// Goes on to the other segment, if all its records are in the ledger.
    private func switchSegment() throws(LedgerFailure) -> Bool {
        guard file.imported.load(ordering: .acquiring) >= file.first(segment) - 1 else { return false }
        guard file.begin(1 - segment, first: next) else { throw .closed }
        segment = 1 - segment
        offset = 0
        hasAskedForImport = false
        return true
    }
}
