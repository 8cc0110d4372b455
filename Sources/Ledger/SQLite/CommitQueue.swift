/// The hand-over of records from any task to the one writer thread.
final class CommitQueue: Sendable {
    /// The task that waits for a record; resumed with `nil` when it is committed.
    typealias Waiter = UnsafeContinuation<LedgerFailure?, Never>

    /// Records, and for each the task that waits for it.
    struct Batch: Sendable {
        var records: [UsageRecord] = []
        var waiters: [Waiter] = []

        mutating func removeAll() {
            records.removeAll(keepingCapacity: true)
            waiters.removeAll(keepingCapacity: true)
        }
    }

    private struct State: Sendable {
        var pending = Batch()
        /// The number of records at which the sleeping writer wants to be woken; `nil`: it is awake and will look by itself.
        var wakeAt: Int?
        var isClosed = false
        var refused = 0
    }

    let capacity: Int
    private let monitor = Monitor(State())

    init(capacity: Int) { self.capacity = max(1, capacity) }

    var count: Int { monitor.withLock { $0.pending.records.count } }

    /// Records that found the queue full.
    var refused: Int { monitor.withLock { $0.refused } }

    /// Adds a record, or says why not; the waiter is then the caller's to resume.
    func push(_ record: UsageRecord, _ waiter: Waiter) -> LedgerFailure? {
        var shouldWake = false
        let failure: LedgerFailure? = monitor.withLock { state in
            if state.isClosed { return .closed }
            if state.pending.records.count >= capacity {
                state.refused += 1
                return .queueFull(capacity: capacity)
            }
            state.pending.records.append(record)
            state.pending.waiters.append(waiter)
            if let wakeAt = state.wakeAt, state.pending.records.count >= wakeAt {
                state.wakeAt = nil
                shouldWake = true
            }
            return nil
        }
        if shouldWake { monitor.wake() }
        return failure
    }

    /// No more records are taken in; the writer wakes and finds the end after the last one.
    func close() {
        monitor.withLock {
            $0.isClosed = true
            $0.wakeAt = nil
        }
        monitor.wake()
    }

    /// Waits until `minimum` records are there, the queue is closed, or `patience` is over (`nil`: never), and moves all there are into `batch`.
    ///
    /// The arrays change places, so that neither side allocates once they have grown.
    /// - Parameter batch: empty.
    /// - Returns: false when the queue is closed and drained.
    func take(into batch: inout Batch, minimum: Int = 1, patience: Duration?) -> Bool {
        let isOpen: Bool? = monitor.waitUntil(patience) { state, isOver in
            state.wakeAt = nil
            if state.pending.records.count >= minimum || isOver || (state.isClosed && !state.pending.records.isEmpty) {
                swap(&state.pending, &batch)
                return true
            }
            if state.isClosed { return false }
            state.wakeAt = minimum
            return nil
        }
        return isOpen ?? true
    }
}
