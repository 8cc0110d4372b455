internal import EventLoop
internal import Execution
public import Ledger
public import Logging
public import MCP
internal import Synchronization

/// What all loops of the gateway share. Everything in it is immutable or safe to use from any thread.
public final class Gateway: Sendable {
    /// The policies in force.
    public let policies: PolicyStore
    /// The client keys that were created on the command line.
    public let keys: LiveKeys
    /// Where usage is recorded.
    public let ledger: any LedgerStore
    /// The limits.
    public let budgets: Budgets
    /// The MCP servers.
    public let mcp: MCPHost
    /// Requests under way, on all loops together.
    let places: RequestPlaces
    /// What each key has under way.
    let activities = KeyActivities()
    /// The bound on the memory of all requests together.
    public let memory: MemoryBudget
    /// Most JSON values of one body.
    let mostJSONValues: Int
    let log: Logger
    /// Requests with an `Idempotency-Key`.
    let idempotency: IdempotencyTable
    private let draining = Atomic(false)
    let reloading = Mutex(())

    /// Makes a gateway.
    /// - Parameters:
    ///   - maxRequests: requests that may be under way at once; what is above is refused before its body is read.
    ///   - maxRequestsPerKey: the same for one client key; `nil`: its share, see `RequestPlaces`.
    ///   - maxRequestsPerTeam: the same for all keys of a team together.
    ///   - mostJSONValues: objects, arrays, texts, numbers and so on that one body may have; a provider's answer may have five times as many.
    ///   - memory: what all of them together may take.
    ///   - idempotency: how much is remembered of requests that have an `Idempotency-Key`.
    public init(
        policies: PolicyStore, keys: LiveKeys, ledger: any LedgerStore, budgets: Budgets, maxRequests: Int, maxRequestsPerKey: Int? = nil,
        maxRequestsPerTeam: Int? = nil,
        mostJSONValues: Int, memory: MemoryBudget, mcp: MCPHost = MCPHost(),
        idempotency: IdempotencyLimits = IdempotencyLimits(), log: Logger
    ) {
        self.idempotency = IdempotencyTable(idempotency)
        places = RequestPlaces(most: maxRequests, perKey: maxRequestsPerKey, perTeam: maxRequestsPerTeam)
        self.mcp = mcp
        self.mostJSONValues = mostJSONValues
        self.memory = memory
        self.policies = policies
        self.keys = keys
        self.ledger = ledger
        self.budgets = budgets
        self.log = log
    }

    /// Whether no request is under way. One with an `Idempotency-Key` may be after its client has left.
    public var isIdle: Bool { places.count == 0 }

    /// Ends requests under way whose client has left.
    public func abortUnattended() { idempotency.abort() }

    /// Drops kept answers whose time is over.
    public func forgetExpired() { idempotency.forgetExpired(at: .now()) }

    /// Whether the process is shutting down.
    public var isDraining: Bool { draining.load(ordering: .relaxed) }

    /// Begins the shut-down: `/readyz` says no from now on.
    public func beginDraining() { draining.store(true, ordering: .relaxed) }
}
