public import EventLoop
internal import Synchronization

/// Bounds the calls to one provider that are under way at once, on all loops together. Calls above the bound wait in the order in which they came.
///
/// A place is taken before a call is sent and given back when its transfer is over. Connections at rest, which are kept for the next call, are not
/// counted. Safe from any thread.
public final class UpstreamGate: Sendable {
    private struct State {
        var limit: Int
        var inUse = 0
        /// The places from `first` on are waiting; some may have given up.
        var line: [Waiter] = []
        var first = 0
        var waiting = 0

        /// The next that still waits.
        mutating func next() -> Waiter? {
            while first < line.count {
                let waiter = line[first]
                first += 1
                if waiter.continuation != nil { return waiter }
            }
            line.removeAll(keepingCapacity: true)
            first = 0
            return nil
        }
    }

    private let state: Mutex<State>

    /// Calls that may wait; further ones are refused at once.
    static let longestLine = 4_096

    /// Makes a gate that nobody has passed.
    /// - Parameter limit: calls that may be under way at once, at least 1.
    public init(limit: Int) { state = Mutex(State(limit: max(1, limit))) }

    /// A call's place among those under way.
    public final class Place: Sendable {
        private let gate: UpstreamGate
        private let isLeft = Atomic(false)

        fileprivate init(_ gate: UpstreamGate) { self.gate = gate }

        deinit { leave() }

        /// Gives the place to the next call. Harmless when it was given back already.
        public func leave() { if !isLeft.exchange(true, ordering: .relaxed) { gate.leave() } }
    }

    /// One call in line. Unchecked: its members are used under the gate's lock only.
    private final class Waiter: @unchecked Sendable {
        var continuation: UnsafeContinuation<Place?, Never>?
        /// Whether it gave up, perhaps before it stood in line.
        var hasGivenUp = false
    }

    /// Calls under way.
    public var inUse: Int { state.withLock(\.inUse) }

    /// Calls in line.
    public var waiting: Int { state.withLock(\.waiting) }

    /// Changes the bound. Calls under way above a lower one go on.
    public func setLimit(_ limit: Int) {
        state.withLock { $0.limit = max(1, limit) }
        admitWaiting()
    }

    /// Takes a place if one is free and nobody waits.
    public func enterNow() -> Place? {
        let isFree = state.withLock { state in
            guard state.inUse < state.limit, state.waiting == 0 else { return false }
            state.inUse += 1
            return true
        }
        return isFree ? Place(self) : nil
    }

    /// Waits for a place; `nil` when there was none until `deadline`, the line is too long, or the task was cancelled.
    /// - Parameter loop: the caller's loop.
    public func enter(until deadline: MonotonicTime, on loop: EventLoop) async -> Place? {
        let waiter = Waiter()
        let timer = LoopTimer(on: loop) { [self] in giveUp(waiter) }
        timer.set(deadline)
        defer { timer.set(.never) }
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { wait(waiter, $0) }
        } onCancel: {
            giveUp(waiter)
        }
    }

    private func wait(_ waiter: Waiter, _ continuation: UnsafeContinuation<Place?, Never>) {
        let isRefused = state.withLock { state in
            if waiter.hasGivenUp || state.waiting >= Self.longestLine { return true }
            waiter.continuation = continuation
            state.line.append(waiter)
            state.waiting += 1
            return false
        }
        if isRefused { continuation.resume(returning: nil) } else { admitWaiting() }
    }

    private func giveUp(_ waiter: Waiter) {
        let continuation = state.withLock { state in
            waiter.hasGivenUp = true
            guard let continuation = waiter.continuation else { return nil as UnsafeContinuation<Place?, Never>? }
            waiter.continuation = nil
            state.waiting -= 1
            return continuation
        }
        continuation?.resume(returning: nil)
    }

    private func leave() {
        state.withLock { $0.inUse -= 1 }
        admitWaiting()
    }

    /// Lets in as many of those in line as there are places.
    private func admitWaiting() {
        while true {
            let continuation = state.withLock { state in
                guard state.inUse < state.limit, let waiter = state.next() else { return nil as UnsafeContinuation<Place?, Never>? }
                state.inUse += 1
                state.waiting -= 1
                defer { waiter.continuation = nil }
                return waiter.continuation
            }
            guard let continuation else { return }
            continuation.resume(returning: Place(self))
        }
    }
}
