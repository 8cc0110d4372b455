internal import EventLoop
internal import Execution
public import Ledger
public import Logging
internal import Synchronization

/// What all loops of the gateway share. Everything in it is immutable or safe to use from any thread.
public final class Gateway: Sendable {
    /// The policies in force.
    public let policies: PolicyStore
    /// The client keys that were created on the command line.
    public let keys: LiveKeys
    /// Where usage is recorded.
    public let ledger: any LedgerStore
    /// What may be spent.
    public let budgets: Budgets
    /// Requests that may be under way at once, on all loops together.
    let maxRequests: Int
    /// The bound on the memory of all requests together.
    public let memory: MemoryBudget
    let log: Logger
    /// Requests that have an `Idempotency-Key`.
    let idempotency: IdempotencyTable
    private let underWay = Atomic(0)
    private let turnedDown = Atomic(0)
    private let draining = Atomic(false)
    private let reloading = Mutex(())

    /// Makes a gateway.
    /// - Parameters:
    ///   - maxRequests: requests that may be under way at once; what is above is refused before its body is read.
    ///   - memory: what all of them together may take.
    ///   - idempotency: how much is remembered of requests that have an `Idempotency-Key`.
    public init(
        policies: PolicyStore, keys: LiveKeys, ledger: any LedgerStore, budgets: Budgets, maxRequests: Int, memory: MemoryBudget,
        idempotency: IdempotencyLimits = IdempotencyLimits(), log: Logger
    ) {
        self.idempotency = IdempotencyTable(idempotency)
        self.maxRequests = maxRequests
        self.memory = memory
        self.policies = policies
        self.keys = keys
        self.ledger = ledger
        self.budgets = budgets
        self.log = log
    }

    /// Takes up the policy files anew, all or none, and with them their limits. Blocks; one reload at a time, whoever asks.
    /// - Returns: why the files were refused, each reason rendered with its offending line; none when they were taken.
    public func reloadPolicies() -> [String] {
        reloading.withLock { _ in
            let problems = policies.reload()
            if problems.isEmpty { budgets.adopt(policies.current.snapshot) }
            return problems
        }
    }

    /// Lets a request in, if there is room for one more; it must be followed by `leave`.
    func enter() -> Bool {
        if underWay.add(1, ordering: .relaxed).newValue <= maxRequests { return true }
        leave()
        turnedDown.add(1, ordering: .relaxed)
        return false
    }

    /// Whether as many requests are under way as may be.
    var isFull: Bool { underWay.load(ordering: .relaxed) >= maxRequests }

    /// Requests that `enter` has not let in so far.
    var refusedRequests: Int { turnedDown.load(ordering: .relaxed) }

    /// A request that was let in is over.
    func leave() { underWay.subtract(1, ordering: .relaxed) }

    /// Whether no request is under way. One with an `Idempotency-Key` may be after its client has left.
    public var isIdle: Bool { underWay.load(ordering: .relaxed) == 0 }

    /// Ends what is under way without a client that waits for it.
    public func abortUnattended() { idempotency.abort() }

    /// Lets go of answers that are kept no longer.
    public func forgetExpired() { idempotency.forgetExpired(at: .now()) }

    /// Whether the process is shutting down.
    public var isDraining: Bool { draining.load(ordering: .relaxed) }

    /// Begins the shut-down: `/readyz` says no from now on.
    public func beginDraining() { draining.store(true, ordering: .relaxed) }
}
