internal import Core
internal import Ledger
public import Limits

/// Gets slices of limits that this gateway shares with others, for requests that found theirs too small.
public final class LeaseKeeper: LeaseSource {
    private let tree: LimitTree
    private let exchange: SharedExchange
    private let failsOpen: @Sendable (LimitIdentity) -> Bool

    init(_ tree: LimitTree, _ exchange: SharedExchange, failsOpen: @escaping @Sendable (LimitIdentity) -> Bool) {
        self.tree = tree
        self.exchange = exchange
        self.failsOpen = failsOpen
    }

    /// Leases what is missing, together with all that others ask for at the time: one round trip. While slices lie idle at other gateways, waits up
    /// to a second for them to come back. While PostgreSQL is away, answers at once.
    ///
    /// Runs on the caller's executor.
    public nonisolated(nonsending) func lease(_ needs: [LeaseNeed]) async -> LeaseOutcome {
        let answer = await exchange.order(needs)
        return answer == .away && letThrough(needs) ? .granted : answer
    }

    /// Hears how all limits stand by now. Those of organizations and teams are heard of all the time; of keys and users, of which there may be many,
    /// only when something of theirs is used here, and now. Takes one round trip, none while PostgreSQL is away.
    public nonisolated(nonsending) func refresh() async { await exchange.refresh() }

    /// Requests that waited for a slice.
    public var waits: Int { exchange.orders }

    /// Grants, without asking PostgreSQL, what may go on while PostgreSQL is away. The amounts are reported as soon as it is back.
    private func letThrough(_ needs: [LeaseNeed]) -> Bool {
        guard needs.allSatisfy({ failsOpen($0.identity) }) else { return false }
        for need in needs {
            _ = tree.organization(of: need.identity.scope.path).grant(need.missing, to: need.identity, window: need.window, at: .now)
        }
        return true
    }
}

/// A request that waits for slices.
struct LeaseOrder: Sendable {
    typealias Waiter = UnsafeContinuation<LeaseOutcome, Never>

    /// The needs that are not met yet.
    var unmet: [LeaseNeed]
    /// The time at which the order stops waiting.
    let deadline: ContinuousClock.Instant
    let waiter: Waiter
}

/// What loops, commands and the thread that talks to PostgreSQL share.
final class SharedExchange: Sendable {
    /// What the thread is woken for.
    struct Call: Sendable {
        var orders: [LeaseOrder] = []
        /// The callers that wait to learn the state of all limits.
        var readers: [UnsafeContinuation<Void, Never>] = []
        /// A tree whose limits are to be leased.
        var tree: LimitTree?
        var isClosed = false
    }

    private struct State: Sendable {
        var call = Call()
        var isAway = false
        var orders = 0
    }

    private let monitor = Monitor(State())
    private static let patience = Duration.seconds(1)

    /// Requests that have waited so far.
    var orders: Int { monitor.withLock { $0.orders } }

    nonisolated(nonsending) func order(_ needs: [LeaseNeed]) async -> LeaseOutcome {
        await withUnsafeContinuation { waiter in
            let isTaken = monitor.withLock { state in
                if state.isAway || state.call.isClosed { return false }
                state.orders += 1
                state.call.orders.append(LeaseOrder(unmet: needs, deadline: .now + Self.patience, waiter: waiter))
                return true
            }
            if isTaken { monitor.wake() } else { waiter.resume(returning: .away) }
        }
    }

    nonisolated(nonsending) func refresh() async {
        await withUnsafeContinuation { reader in
            let isTaken = monitor.withLock { state in
                if state.isAway || state.call.isClosed { return false }
                state.call.readers.append(reader)
                return true
            }
            if isTaken { monitor.wake() } else { reader.resume() }
        }
    }

    func add(_ tree: LimitTree) {
        monitor.withLock { $0.call.tree = tree }
        monitor.wake()
    }

    func close() {
        monitor.withLock { $0.call.isClosed = true }
        monitor.wake()
    }

    /// Sets whether PostgreSQL is away. While it is, no request waits for it.
    func setAway(_ isAway: Bool) { monitor.withLock { $0.isAway = isAway } }

    /// Sleeps until called, or until `patience` is over.
    func wait(_ patience: Duration) -> Call {
        monitor.waitUntil(patience) { state, isOver in
            guard !state.call.orders.isEmpty || !state.call.readers.isEmpty || state.call.tree != nil || state.call.isClosed || isOver
            else { return nil }
            defer {
                state.call.orders = []
                state.call.readers = []
                state.call.tree = nil
            }
            return state.call
        } ?? Call()
    }
}
