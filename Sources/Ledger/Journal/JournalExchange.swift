internal import Glibc
internal import Limits
internal import Synchronization

/// What the loops and the writer thread share: the journals, the bell that wakes the writer, and the callers that wait for it.
final class JournalExchange: Sendable {
    typealias Waiter = UnsafeContinuation<LedgerFailure?, Never>

    /// The reason why the writer woke.
    struct Call: Sendable {
        /// A segment fills up, or a loop waits for room: import now.
        var isUrgent = false
        var isClosed = false
    }

    /// A caller that waits for room in a journal.
    private struct Room: Sendable {
        let waiter: Waiter
        let deadline: ContinuousClock.Instant
        /// Records that are lost when there will be none.
        let records: Int
    }

    private struct State: Sendable {
        var hasRung = false
        var call = Call()
        var files: [JournalFile] = []
        var syncs: [Waiter] = []
        var rooms: [Room] = []
        var refunds: [RefundOrder] = []
        var lost = 0
    }

    private let waitLimit: Int
    private let patience: Duration
    private let monitor = Monitor(State())
    /// The writer sleeps until it is called.
    private let isAsleep = Atomic(false)

    /// - Parameters:
    ///   - waitLimit: commits that may wait for room in a journal.
    ///   - patience: how long each may wait.
    init(waitLimit: Int, patience: Duration) {
        self.waitLimit = waitLimit
        self.patience = patience
    }

    var files: [JournalFile] { monitor.withLock { $0.files } }

    /// Commits that found no room.
    var lost: Int { monitor.withLock { $0.lost } }

    /// Adds a journal, which `make` makes: one at a time, and none that is there already.
    func add(_ name: String, _ make: () throws(LedgerFailure) -> JournalFile) throws(LedgerFailure) -> JournalFile {
        let result: Result<JournalFile, LedgerFailure> = monitor.withLock { state in
            if state.call.isClosed { return .failure(.closed) }
            if state.files.contains(where: { $0.name == name }) { return .failure(.invalid("loop \(name) has its journal already")) }
            do throws(LedgerFailure) {
                let file = try make()
                state.files.append(file)
                return .success(file)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    // MARK: For loops

    /// Tells the writer, if it sleeps, that there is something to do. Costs one load otherwise.
    func announce() {
        guard isAsleep.load(ordering: .sequentiallyConsistent) else { return }
        if isAsleep.exchange(false, ordering: .sequentiallyConsistent) { ring(urgently: false) }
    }

    /// Asks the writer to import at once.
    func requestImport() { ring(urgently: true) }

    /// Waits until everything that is in the journals now is on the device.
    nonisolated(nonsending) func waitForSync() async -> LedgerFailure? {
        await withUnsafeContinuation { (waiter: Waiter) in
            let isClosed = monitor.withLock { state in
                if !state.call.isClosed {
                    state.syncs.append(waiter)
                    state.hasRung = true
                }
                return state.call.isClosed
            }
            if isClosed { waiter.resume(returning: .closed) } else { monitor.wake() }
        }
    }

    /// Waits until the writer has imported something.
    /// - Parameter records: what is lost when there will be no room.
    /// - Returns: why to give up, if so.
    nonisolated(nonsending) func waitForRoom(losing records: Int) async -> LedgerFailure? {
        await withUnsafeContinuation { (waiter: Waiter) in
            let failure: LedgerFailure? = monitor.withLock { state in
                if state.call.isClosed { return .closed }
                if state.rooms.count >= waitLimit {
                    state.lost += records
                    return .queueFull(capacity: waitLimit)
                }
                state.rooms.append(Room(waiter: waiter, deadline: .now + patience, records: records))
                state.hasRung = true
                state.call.isUrgent = true
                return nil
            }
            if let failure { waiter.resume(returning: failure) } else { monitor.wake() }
        }
    }

    /// Has the writer write a refund.
    func order(_ refund: RefundOrder) {
        let isClosed = monitor.withLock { state in
            if !state.call.isClosed {
                state.refunds.append(refund)
                state.hasRung = true
            }
            return state.call.isClosed
        }
        if isClosed { refund.answer(.failure(.closed)) } else { monitor.wake() }
    }

    /// No more records are taken in; the writer wakes and finds the end after the last one.
    func close() {
        monitor.withLock { state in
            state.call.isClosed = true
            state.hasRung = true
            for file in state.files { file.seal() }
        }
        monitor.wake()
    }

    private func ring(urgently: Bool) {
        monitor.withLock {
            $0.hasRung = true
            if urgently { $0.call.isUrgent = true }
        }
        monitor.wake()
    }

    // MARK: For the writer

    /// Sleeps until called, or until `patience` is over (`nil`: never).
    func wait(_ patience: Duration?) -> Call {
        monitor.waitUntil(patience) { state, isOver in
            guard state.hasRung || state.call.isClosed || isOver else { return nil }
            defer {
                state.hasRung = false
                state.call.isUrgent = false
            }
            return state.call
        } ?? Call()
    }

    /// Sleeps until called, unless `hasWork` says that work came in before the loops could know of the sleep.
    func sleep(unless hasWork: () -> Bool) -> Call {
        isAsleep.store(true, ordering: .sequentiallyConsistent)
        defer { isAsleep.store(false, ordering: .sequentiallyConsistent) }
        return hasWork() ? Call() : wait(nil)
    }

    /// Takes out the callers that wait until the device has their records.
    func takeSyncs() -> [Waiter] {
        monitor.withLock { state in
            defer { state.syncs.removeAll() }
            return state.syncs
        }
    }

    /// Takes out the callers that wait for a refund.
    func takeRefunds() -> [RefundOrder] {
        monitor.withLock { state in
            defer { state.refunds.removeAll() }
            return state.refunds
        }
    }

    var hasWaitsForRoom: Bool { monitor.withLock { !$0.rooms.isEmpty } }

    /// Lets the callers that wait for room try again.
    func retryRooms() {
        for room in takeRooms(where: { _ in true }) { room.waiter.resume(returning: nil) }
    }

    /// Tells the callers that have waited too long, or all of them, why they got no room.
    func refuseRooms(all: Bool = false, _ reason: LedgerFailure) {
        let now = ContinuousClock.now
        let refused = takeRooms { all || $0 <= now }
        if refused.isEmpty { return }
        monitor.withLock { state in
            for room in refused { state.lost += room.records }
        }
        for room in refused { room.waiter.resume(returning: reason) }
    }

    private func takeRooms(where isTaken: (ContinuousClock.Instant) -> Bool) -> [Room] {
        monitor.withLock { state in
            if state.rooms.isEmpty { return [] }
            let taken = state.rooms.filter { isTaken($0.deadline) }
            state.rooms.removeAll { isTaken($0.deadline) }
            return taken
        }
    }
}
