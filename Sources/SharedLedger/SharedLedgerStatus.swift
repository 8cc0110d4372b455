internal import Ledger
internal import Synchronization

/// What the thread that talks to PostgreSQL reports to all other threads.
final class SharedLedgerStatus: Sendable {
    private let backlog = Atomic<Int>(0)
    private let counters = Mutex(LedgerStatistics())
    private let trips = Atomic<Int>(0)
    private let isAway = Atomic(false)

    /// Records that wait in the spool.
    var waiting: Int { backlog.load(ordering: .relaxed) }
    var roundTrips: Int { trips.load(ordering: .relaxed) }
    var isReachable: Bool { !isAway.load(ordering: .relaxed) }
    var statistics: LedgerStatistics { counters.withLock { $0 } }
    var cause: String { counters.withLock { $0.lastFailure }?.description ?? "PostgreSQL is away" }

    func waiting(_ records: Int64) { backlog.store(Int(clamping: records), ordering: .relaxed) }

    func count(roundTrips: Int) { trips.add(roundTrips, ordering: .relaxed) }

    func stored(_ records: Int) {
        counters.withLock {
            $0.batches += 1
            $0.largestBatch = max($0.largestBatch, records)
        }
    }

    func failed(_ failure: LedgerFailure) {
        isAway.store(true, ordering: .relaxed)
        counters.withLock {
            $0.storageFailures += 1
            $0.lastFailure = failure
        }
    }

    func recovered() { isAway.store(false, ordering: .relaxed) }
}
