internal import Glibc
internal import Synchronization

/// The work of the writer thread: it imports the journals at intervals, checkpoints, and recovers when storage fails.
final class LedgerWriter {
    /// A journal, and how far it has been read.
    private struct Source {
        let file: JournalFile
        var cursor: JournalCursor
    }

    private let path: String
    private let ledgerID: String
    private let settings: SQLiteLedger.Settings
    private let exchange: JournalExchange
    private let status: LedgerStatus
    private var sources: [Source] = []
    /// `nil` while storage fails.
    private var connection: LedgerConnection?
    private var retry = RetryDelay()
    /// When to import next; `nil`: when called.
    private var due: ContinuousClock.Instant?

    init(connection: LedgerConnection, settings: SQLiteLedger.Settings, exchange: JournalExchange, status: LedgerStatus) {
        path = connection.path
        ledgerID = connection.ledgerID
        self.connection = connection
        self.settings = settings
        self.exchange = exchange
        self.status = status
    }

    /// Runs until the exchange is closed and the journals are imported.
    /// - Returns: what could not be done, if anything.
    func run() -> LedgerFailure? {
        while true {
            let call = rest()
            takeNewSources()
            syncJournals()
            if call.isClosed { return finish() }
            if connection == nil, retry.isDue { recover() }
            importIfDue(urgently: call.isUrgent)
            writeRefunds()
        }
    }

    private func rest() -> JournalExchange.Call {
        // Callers that wait for room are told in time that there will be none.
        if connection == nil { return exchange.wait(exchange.hasWaitsForRoom ? min(retry.remaining, .milliseconds(50)) : retry.remaining) }
        if let due { return exchange.wait(ContinuousClock.now.duration(to: due)) }
        return exchange.sleep(unless: {
            takeNewSources()
            return hasWork
        })
    }

    private var hasWork: Bool { sources.contains { $0.cursor.hasMore($0.file) } }

    private func takeNewSources() {
        for file in exchange.files.dropFirst(sources.count) {
            sources.append(Source(file: file, cursor: JournalCursor(file)))
        }
    }

    /// Imports when it is time. The first records after a rest wait for a moment, so that more can join them.
    private func importIfDue(urgently isUrgent: Bool) {
        let now = ContinuousClock.now
        if connection == nil { return exchange.refuseRooms(.storageUnavailable(cause: status.cause, kept: false)) }
        let isDue = due.map { $0 <= now } ?? false
        guard isUrgent || isDue else {
            if due == nil, hasWork { due = now + settings.importInterval }
            return
        }
        let count = importAll()
        // A caller that found no room just before the last import made some, and began to wait just after it, would otherwise not be told.
        if connection != nil, !hasWork { exchange.retryRooms() }
        exchange.refuseRooms(.queueFull(capacity: settings.queueCapacity))
        // Under load the writer wakes by itself and spares the loops the calls; it goes to sleep after an interval without records.
        due = count > 0 || hasWork || exchange.hasWaitsForRoom ? now + settings.importInterval : nil
    }

    // MARK: Import

    /// Imports everything there is.
    /// - Returns: the number of frames.
    @discardableResult private func importAll() -> Int {
        var total = 0
        do throws(LedgerFailure) {
            while let connection, hasWork {
                let count = try importBatch(connection)
                if count == 0 { break }
                total += count
                exchange.retryRooms()
                if connection.isCheckpointDue(settings.checkpointPages) { try connection.checkpoint() }
            }
        } catch {
            fail(error)
        }
        return total
    }

    /// Imports the next frames of all journals in one transaction.
    private func importBatch(_ connection: LedgerConnection) throws(LedgerFailure) -> Int {
        var cursors = sources.map(\.cursor)
        var batches: [JournalBatch] = []
        let share = max(1, settings.batchLimit / max(1, sources.count))
        for index in sources.indices {
            let file = sources[index].file
            let items = try cursors[index].read(file, limit: share)
            // Without frames, there may still be a segment that ends here.
            if items.isEmpty, cursors[index].finished == file.released.load(ordering: .relaxed) { continue }
            let imported = file.imported.load(ordering: .relaxed)
            batches.append(
                JournalBatch(
                    journal: file.name, items: items, imported: imported, last: max(imported, cursors[index].next - 1),
                    released: cursors[index].finished))
        }
        if batches.isEmpty { return 0 }
        try connection.append(batches)
        let records = batches.reduce(0) { sum, batch in sum + batch.items.count { $0.kind == .record && $0.sequence > batch.imported } }
        status.imported(records)
        status.holds(connection.openHolds)
        for index in sources.indices {
            sources[index].cursor = cursors[index]
            let file = sources[index].file
            file.imported.store(max(file.imported.load(ordering: .relaxed), cursors[index].next - 1), ordering: .releasing)
            file.released.store(cursors[index].finished, ordering: .releasing)
        }
        return batches.reduce(0) { $0 + $1.items.count }
    }

    /// Makes the journals durable for the callers that wait for it.
    private func syncJournals() {
        let waiters = exchange.takeSyncs()
        if waiters.isEmpty { return }
        var failure: LedgerFailure?
        for source in sources {
            let error = source.file.sync()
            if error != 0 { failure = .inputOutput(path: source.file.path, detail: String(cString: strerror(error))) }
        }
        if let failure { fail(failure) }
        let answer = failure.map { LedgerFailure.storageUnavailable(cause: $0.description, kept: true) }
        for waiter in waiters { waiter.resume(returning: answer) }
    }

    /// Writes the refunds that were asked for.
    private func writeRefunds() {
        let orders = exchange.takeRefunds()
        // What is to be taken back may have been committed a moment ago.
        if !orders.isEmpty { importAll() }
        for order in orders {
            guard let connection else {
                order.answer(.failure(.storageUnavailable(cause: status.cause, kept: false)))
                continue
            }
            do throws(LedgerFailure) {
                order.answer(.success(try connection.refund(order.id, note: order.note)))
            } catch {
                if case .invalid = error {} else { fail(error) }
                order.answer(.failure(error))
            }
        }
    }

    // MARK: Failure

    /// Lets go of a connection that cannot be trusted any more. The journals go on taking in records.
    private func fail(_ failure: LedgerFailure) {
        connection = nil
        due = nil
        retry.failed()
        status.failed(failure)
    }

    /// Opens the ledger anew, verifies it and imports what has come in since.
    private func recover() {
        do throws(LedgerFailure) {
            let connection = try LedgerConnection(path: path, settings: settings, reopening: ledgerID)
            // A transaction that was reported as failed may have reached the file all the same.
            let positions = try connection.journalPositions()
            for index in sources.indices {
                let file = sources[index].file
                let known = file.imported.load(ordering: .relaxed)
                file.imported.store(max(known, positions[file.name]?.sequence ?? 0), ordering: .releasing)
                // The holds are worked out anew, from the table and all frames that are still there.
                sources[index].cursor = JournalCursor(file)
            }
            self.connection = connection
            importAll()
            guard self.connection != nil else { return }
            try connection.checkpoint()
            retry = RetryDelay()
            status.recovered()
        } catch {
            fail(error)
        }
    }

    private func finish() -> LedgerFailure? {
        exchange.refuseRooms(all: true, .closed)
        if connection == nil { recover() }
        importAll()
        writeRefunds()
        guard let connection else {
            let count = sources.reduce(0) { $0 + $1.file.waiting }
            return count > 0 ? .keptInJournals(records: count, cause: status.cause) : nil
        }
        self.connection = nil
        do throws(LedgerFailure) {
            // The next start charges what is still held. What was committed stays in the log when this fails; the journals then stay, too.
            try connection.keepHolds()
            try connection.close()
            for source in sources { unlink(source.file.path) }
            return nil
        } catch {
            return error
        }
    }
}

/// The growing pauses between attempts to recover.
package struct RetryDelay {
    private var delay = Duration.milliseconds(50)
    private var due = ContinuousClock.now

    package init() {}

    package var isDue: Bool { remaining <= .zero }

    package var remaining: Duration { ContinuousClock.now.duration(to: due) }

    package mutating func failed() {
        due = .now + delay
        delay = min(delay * 2, .seconds(2))
    }
}
