internal import Synchronization

/// What the writer thread reports to all other threads.
final class LedgerStatus: Sendable {
    private let storageWorks = Atomic(true)
    private let fileIsSound = Atomic(true)
    private let counters = Mutex(LedgerStatistics())

    var isHealthy: Bool { storageWorks.load(ordering: .relaxed) && fileIsSound.load(ordering: .relaxed) }

    var statistics: LedgerStatistics { counters.withLock { $0 } }

    /// The last failure in words.
    var cause: String { counters.withLock { $0.lastFailure }?.description ?? "storage failed" }

    func imported(_ records: Int) {
        counters.withLock {
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

    func recovered() { storageWorks.store(true, ordering: .relaxed) }

    /// Holds of earlier runs were charged.
    func charged(_ holds: Int) { counters.withLock { $0.inDoubt += holds } }

    /// So many holds are open.
    func holds(_ count: Int) { counters.withLock { $0.openHolds = count } }

    /// Records of earlier runs were imported.
    func found(_ records: Int) { counters.withLock { $0.recovered += records } }

    /// Something that does not keep the ledger from working, but must be known.
    func warn(_ failure: LedgerFailure) { counters.withLock { $0.lastFailure = failure } }

    /// The background check found damage: nothing new is sold on this file until an operator has looked.
    func damaged(_ failure: LedgerFailure) {
        fileIsSound.store(false, ordering: .relaxed)
        warn(failure)
    }
}
