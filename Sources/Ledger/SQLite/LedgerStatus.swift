internal import Synchronization

/// What the writer thread tells everybody else.
final class LedgerStatus: Sendable {
    private let storageWorks = Atomic(true)
    private let fileIsSound = Atomic(true)
    private let counters = Mutex(LedgerStatistics())

    var isHealthy: Bool { storageWorks.load(ordering: .relaxed) && fileIsSound.load(ordering: .relaxed) }

    var statistics: LedgerStatistics { counters.withLock { $0 } }

    /// The last failure in words.
    var cause: String { counters.withLock { $0.lastFailure }?.description ?? "storage failed" }

    func committed(_ records: Int) {
        counters.withLock {
            $0.committed += records
            $0.batches += 1
            $0.largestBatch = max($0.largestBatch, records)
        }
    }

    func failed(_ failure: LedgerFailure) {
        storageWorks.store(false, ordering: .relaxed)
        counters.withLock {
            $0.storageFailures += 1
            $0.lastFailure = failure
        }
    }

    func recovered() {
        counters.withLock { $0.backlog = 0 }
        storageWorks.store(true, ordering: .relaxed)
    }

    func backlog(_ records: Int) { counters.withLock { $0.backlog = records } }

    func lost(_ records: Int) { counters.withLock { $0.lost += records } }

    /// The background check found damage: nothing new is sold on this file until an operator has looked.
    func damaged(_ failure: LedgerFailure) {
        fileIsSound.store(false, ordering: .relaxed)
        counters.withLock { $0.lastFailure = failure }
    }
}
