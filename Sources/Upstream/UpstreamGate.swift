public import EventLoop
internal import Synchronization

/// Bounds the calls to one provider that are under way at once, on all loops together. Calls above the bound wait; ``GateLine`` tells whose turn
/// it is, so that no caller keeps others from a provider.
///
/// A place is taken before a call is sent and given back when its transfer is over. Connections at rest, which are kept for the next call, are not
/// counted. Safe from any thread.
public final class UpstreamGate: Sendable {
    private let line: Mutex<GateLine>

    /// Makes a gate without calls under way.
    /// - Parameter limit: calls that may be under way at once, at least 1.
    public init(limit: Int) { line = Mutex(GateLine(limit: max(1, limit))) }

    /// A call's place among those under way.
    public final class Place: Sendable {
        private let gate: UpstreamGate
        private let caller: String
        private let isLeft = Atomic(false)

        fileprivate init(_ gate: UpstreamGate, _ caller: String) {
            self.gate = gate
            self.caller = caller
        }

        deinit { leave() }

        /// Gives the place to the next call. Harmless when it was given back already.
        public func leave() { if !isLeft.exchange(true, ordering: .relaxed) { gate.leave(caller) } }
    }

    /// Calls under way.
    public var inUse: Int { line.withLock(\.inUse) }

    /// Calls in line.
    public var waiting: Int { line.withLock(\.waiting) }

    /// Changes the bound. Calls under way above a lower one go on.
    public func setLimit(_ limit: Int) {
        line.withLock { $0.limit = max(1, limit) }
        admitWaiting()
    }

    /// Takes a place if one is free.
    /// - Parameter caller: names the client that the place is shared with others for.
    public func enterNow(as caller: String) -> Place? {
        line.withLock { $0.enter(caller, at: .now()) } ? Place(self, caller) : nil
    }

    /// Waits for a place; `nil` when there was none until `deadline`, the line is too long, or the task was cancelled.
    /// - Parameters:
    ///   - caller: names the client that the place is shared with others for.
    ///   - loop: the loop of the calling task.
    public func enter(as caller: String, until deadline: MonotonicTime, on loop: EventLoop) async -> Place? {
        let waiter = GateLine.Waiter(caller)
        let timer = LoopTimer(on: loop) { [self] in giveUp(waiter) }
        timer.set(deadline)
        defer { timer.set(.never) }
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { wait(waiter, $0) }
        } onCancel: {
            giveUp(waiter)
        }
    }

    private func wait(_ waiter: GateLine.Waiter, _ continuation: UnsafeContinuation<Place?, Never>) {
        if line.withLock({ $0.append(waiter, continuation) }) { admitWaiting() } else { continuation.resume(returning: nil) }
    }

    private func giveUp(_ waiter: GateLine.Waiter) { line.withLock { $0.giveUp(waiter) }?.resume(returning: nil) }

    private func leave(_ caller: String) {
        line.withLock { $0.leave(caller) }
        admitWaiting()
    }

    /// Lets in as many of those in line as there are places.
    private func admitWaiting() {
        while let admitted = line.withLock({ $0.admit(at: .now()) }) {
            admitted.continuation.resume(returning: Place(self, admitted.caller))
        }
    }
}
