internal import Core
internal import EventLoop
public import Ledger
public import Limits
public import Logging
public import Policies
internal import Synchronization

/// The limits of the policies in force, with what the ledger says was spent. Shared by all loops.
public final class Budgets: Sendable {
    /// All limits and their state.
    public let tree: LimitTree
    /// Leases slices of limits that are shared with other gateways; `nil` with a ledger of its own.
    let keeper: (any LeaseSource)?
    private let reader: WindowReader

    /// Begins to lease the limits of a tree.
    public typealias LeaseStart = (LimitTree, _ failsOpen: @escaping @Sendable (LimitIdentity) -> Bool) -> any LeaseSource
    private let failsOpen: FailsOpen

    /// Puts the limits of `policies` in force and reads what was spent in their windows. Blocks while the ledger is read.
    /// - Parameter lease: begins to lease the limits of a tree whose spending is known, if other gateways spend from the ledger too; is told which limits
    ///   let requests through while it is away.
    /// - Throws: `LedgerFailure` when the ledger cannot be read: without it limits cannot be enforced.
    public init(
        _ policies: PolicySnapshot, ledger: any LedgerStore, lease: LeaseStart?, log: Logger, hooks: LimitHooks
    ) throws(LedgerFailure) {
        let failsOpen = FailsOpen(policies.failsOpen)
        self.failsOpen = failsOpen
        let reader = WindowReader(ledger, log)
        self.reader = reader
        let start = MonotonicTime.now()
        tree = LimitTree(
            Self.configuration(policies), sharing: lease == nil ? .alone : .leased,
            clock: { MonotonicTime.now().microseconds(since: start) },
            hooks: LimitHooks(alert: hooks.alert, misuse: hooks.misuse, unread: { reader.wake() }))
        try reader.begin(tree)
        // What this gateway has spent must be counted before it leases more.
        keeper = lease?(tree) { _ in failsOpen.value.load(ordering: .relaxed) }
    }

    /// The state of every limit, with what other gateways have spent by now, in the form that `write` gives it.
    func list(_ write: @escaping @Sendable ([LimitState]) -> [UInt8]) async -> [UInt8] {
        await keeper?.refresh()
        let tree = tree
        // A hundred thousand users with limits of their own take long, so this does not run on the loop.
        return await Task.detached { write(tree.states(at: .now)) }.value
    }

    /// Replaces the limits by those of other policies, in one step. Spent amounts stay; new limits count what was spent in their windows
    /// and what is under way. Blocks while the ledger is read; until then, requests that new limits apply to wait.
    public func adopt(_ policies: PolicySnapshot) {
        failsOpen.value.store(policies.failsOpen, ordering: .relaxed)
        tree.reconfigure(Self.configuration(policies), at: .now)
        reader.readNow()
    }

    private static func configuration(_ policies: PolicySnapshot) -> LimitConfiguration {
        do {
            return try LimitConfiguration(scopes: policies.limitScopes, keys: policies.limitKeys) { policies.zones[$0] }
        } catch {
            // The policies were checked by the same rules when they were compiled.
            preconditionFailure("limits that were compiled are not valid: \(error)")
        }
    }
}

/// Whether requests go on when the shared ledger cannot be reached (`ledger: {fail: open}`).
private final class FailsOpen: Sendable {
    let value: Atomic<Bool>

    init(_ value: Bool) { self.value = Atomic(value) }
}
