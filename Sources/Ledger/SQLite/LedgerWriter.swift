/// The life of the writer thread: take what waits, commit it in one transaction, wake its tasks, checkpoint; recover when storage fails.
final class LedgerWriter {
    private let path: String
    private let settings: SQLiteLedger.Settings
    private let queue: CommitQueue
    private let status: LedgerStatus
    private var batch = CommitQueue.Batch()
    private var pace: Pace
    /// `nil` while storage fails.
    private var connection: LedgerConnection?
    /// Records of failed batches, oldest first.
    private var backlog: [UsageRecord] = []
    /// The last record that was surely committed before storage failed.
    private var lastID: Int64 = 0
    private var retry = RetryDelay()

    init(connection: LedgerConnection, settings: SQLiteLedger.Settings, queue: CommitQueue, status: LedgerStatus) {
        path = connection.path
        self.connection = connection
        self.settings = settings
        self.queue = queue
        self.status = status
        pace = Pace(window: settings.gatherWindow, target: settings.gatherTarget)
    }

    /// Runs until the queue is closed and drained.
    /// - Returns: what could not be done, if anything.
    func run() -> LedgerFailure? {
        while next() {
            if !batch.records.isEmpty { process() }
            if connection == nil, retry.isDue { recover() }
        }
        return finish()
    }

    private func next() -> Bool {
        batch.removeAll()
        if connection == nil { return queue.take(into: &batch, patience: retry.remaining) }
        if let window = pace.window {
            return queue.take(into: &batch, minimum: pace.target, patience: window)
        }
        return queue.take(into: &batch, patience: nil)
    }

    private func process() {
        guard let connection else { return shelve(status.cause) }
        pace.begin()
        var refusals: [Int: LedgerFailure] = [:]
        do throws(LedgerFailure) {
            try connection.append(batch.records, refusals: &refusals)
        } catch {
            fail(error)
            return shelve(error.description)
        }
        // Counted before the tasks go on, so that what they see includes them.
        status.committed(batch.records.count - refusals.count)
        if refusals.isEmpty {
            for waiter in batch.waiters { waiter.resume(returning: nil) }
        } else {
            for (index, waiter) in batch.waiters.enumerated() { waiter.resume(returning: refusals[index]) }
        }
        pace.end(records: batch.records.count)
        checkpointIfDue(connection)
    }

    private func checkpointIfDue(_ connection: LedgerConnection) {
        guard connection.isCheckpointDue(settings.checkpointPages) else { return }
        do throws(LedgerFailure) {
            try connection.checkpoint()
        } catch {
            fail(error)
        }
    }

    // MARK: Failure

    /// Lets go of a connection that cannot be trusted any more.
    private func fail(_ failure: LedgerFailure) {
        if let connection { lastID = connection.lastID }
        connection = nil
        retry.failed()
        status.failed(failure)
    }

    /// Keeps the records of a batch that was not committed, as far as there is room, and tells their tasks.
    private func shelve(_ cause: String) {
        for (record, waiter) in zip(batch.records, batch.waiters) {
            let kept = backlog.count < settings.backlogCapacity
            if kept { backlog.append(record) } else { status.lost(1) }
            waiter.resume(returning: .storageUnavailable(cause: cause, kept: kept))
        }
        status.backlog(backlog.count)
    }

    /// Opens the ledger anew, verifies it and appends the backlog.
    private func recover() {
        do throws(LedgerFailure) {
            let connection = try LedgerConnection(path: path, settings: settings)
            // A commit that was reported as failed may have reached the file all the same.
            let present = try connection.callIDs(after: lastID)
            let missing = backlog.filter { !present.contains($0.callID) }
            var refusals: [Int: LedgerFailure] = [:]
            if !missing.isEmpty { try connection.append(missing, refusals: &refusals) }
            try connection.checkpoint()
            self.connection = connection
            status.committed(backlog.count - refusals.count)
            status.lost(refusals.count)
            backlog.removeAll()
            retry = RetryDelay()
            status.recovered()
        } catch {
            fail(error)
        }
    }

    private func finish() -> LedgerFailure? {
        if connection == nil { recover() }
        guard let connection else {
            let records = backlog.count
            status.lost(records)
            status.backlog(0)
            return records > 0 ? .lostAtClose(records: records, cause: status.cause) : nil
        }
        self.connection = nil
        do throws(LedgerFailure) {
            // What was committed stays in the log when this fails.
            try connection.close()
            return nil
        } catch {
            return error
        }
    }
}

/// When the writer may wait for more records: under load a fuller batch saves more than its records lose.
struct Pace {
    /// The shortest time between two batches under load.
    private let limit: Duration
    /// The number of records that ends the wait.
    let target: Int
    private var started = ContinuousClock.now
    private var sincePrevious = Duration.seconds(1)
    private var isBusy = false

    init(window: Duration, target: Int) {
        limit = window
        self.target = max(1, target)
    }

    /// How long to wait for `target` records; `nil` when records come so rarely that each is committed at once.
    var window: Duration? {
        guard isBusy else { return nil }
        let left = limit - started.duration(to: .now)
        return left > .zero ? left : nil
    }

    /// A batch was taken.
    mutating func begin() {
        let now = ContinuousClock.now
        sincePrevious = started.duration(to: now)
        started = now
    }

    /// `records` were in the batch: those that had come since the one before.
    mutating func end(records: Int) { isBusy = Self.busyInterval * records > sincePrevious }

    /// The average time between two records below which waiting pays: 5,000 records a second.
    private static let busyInterval = Duration.microseconds(200)
}

/// The growing pauses between attempts to recover.
struct RetryDelay {
    private var delay = Duration.milliseconds(50)
    private var due = ContinuousClock.now

    var isDue: Bool { remaining <= .zero }

    var remaining: Duration { ContinuousClock.now.duration(to: due) }

    mutating func failed() {
        due = .now + delay
        delay = min(delay * 2, .seconds(2))
    }
}
