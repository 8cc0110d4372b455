internal import Core
internal import Ledger
internal import Limits
internal import Logging
internal import Synchronization

/// Reads from the ledger what was spent in windows that limits have entered and do not know: at the start, after a reload, and when the
/// clock was set. Never on an event loop.
final class WindowReader: Sendable {
    private enum Work { case none, running, runningAndWanted }

    private let ledger: any LedgerStore
    private let log: Logger
    private let tree = Mutex<LimitTree?>(nil)
    private let work = Mutex(Work.none)
    /// One reading at a time.
    private let reading = Mutex(())

    init(_ ledger: any LedgerStore, _ log: Logger) {
        self.ledger = ledger
        self.log = log
    }

    /// Reads all windows of `tree`, and later those that it enters.
    /// - Throws: `LedgerFailure` when the ledger cannot be read.
    func begin(_ tree: LimitTree) throws(LedgerFailure) {
        self.tree.withLock { $0 = tree }
        tree.readWindows(latest: try ledger.sums(cutAt: []).latest)
        try read()
    }

    /// Called when there is something to read, on any thread; does not block.
    func wake() {
        let isIdle = work.withLock { work in
            defer { work = work == .none ? .running : .runningAndWanted }
            return work == .none
        }
        guard isIdle else { return }
        Task.detached { [self] in
            repeat {
                while !readNow() { try? await Task.sleep(for: .seconds(1)) }
            } while isWantedAgain()
        }
    }

    private func isWantedAgain() -> Bool {
        work.withLock { work in
            defer { work = work == .runningAndWanted ? .running : .none }
            return work == .runningAndWanted
        }
    }

    /// Reads the windows that are due. Blocks.
    /// - Returns: whether the ledger could be read; otherwise the limits concerned refuse everything.
    @discardableResult
    func readNow() -> Bool {
        do {
            try read()
            return true
        } catch {
            log.error("limits wait, for the ledger cannot be read", metadata: ["reason": "\(error)"])
            return false
        }
    }

    private func read() throws(LedgerFailure) {
        let failure: LedgerFailure? = reading.withLock { _ in
            do throws(LedgerFailure) {
                try readWindows()
                return nil
            } catch { return error }
        }
        if let failure { throw failure }
    }

    private func readWindows() throws(LedgerFailure) {
        guard let tree = tree.withLock({ $0 }) else { return }
        let readings = tree.readings(at: .now)
        if readings.isEmpty { return }
        let moments = Set(readings.flatMap(\.moments)).sorted { $0.microseconds < $1.microseconds }
        let sums = try ledger.sums(cutAt: moments)
        for reading in readings where !reading.finish(sums.totals, reach: sums.reach, at: .now) {
            log.warning(
                "more keys and users with limits of their own than can be counted", metadata: ["organization": "\(reading.organization)"])
        }
    }
}
