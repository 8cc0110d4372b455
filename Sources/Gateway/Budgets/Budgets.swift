internal import EventLoop
public import Ledger
public import Logging
public import Policies
internal import Synchronization

/// The limits of the policies in force, over what the ledger says was spent. Shared by all loops.
public final class Budgets: Sendable {
    /// How every limit stands.
    public let tree: LimitTree
    /// Gets slices of limits that are shared with other gateways; `nil` where there are none.
    let keeper: LeaseKeeper?
    private let reader: WindowReader
    private let failsOpen: FailsOpen

    /// Puts the limits of `policies` in force and fills in what was spent in their windows. Blocks while the ledger is asked.
    /// - Parameter shared: the same ledger, if other gateways spend from it too.
    /// - Throws: `LedgerFailure` when the ledger cannot tell what was spent: nothing is sold over limits that are not known.
    public init(
        _ policies: PolicySnapshot, ledger: any LedgerStore, shared: PostgreSQLLedger?, log: Logger, hooks: LimitHooks
    ) throws(LedgerFailure) {
        let failsOpen = FailsOpen(policies.failsOpen)
        self.failsOpen = failsOpen
        let reader = WindowReader(ledger, log)
        self.reader = reader
        let start = MonotonicTime.now()
        tree = LimitTree(
            Self.configuration(policies), sharing: shared == nil ? .alone : .leased,
            clock: { MonotonicTime.now().microseconds(since: start) },
            hooks: LimitHooks(alert: hooks.alert, misuse: hooks.misuse, unread: { reader.wake() }))
        try reader.begin(tree)
        // What this gateway has spent must be counted before it asks for more.
        keeper = shared?.keepLeases(of: tree) { _ in failsOpen.value.load(ordering: .relaxed) }
    }

    /// How every limit stands, what others have spent by now included, as `write` puts it.
    func list(_ write: @escaping @Sendable ([LimitState]) -> [UInt8]) async -> [UInt8] {
        await keeper?.refresh()
        let tree = tree
        // A hundred thousand users with limits of their own take a while: not on the loop.
        return await Task.detached { write(tree.states(at: .now)) }.value
    }

    /// Puts the limits of other policies in force, in one step. What is spent stays spent; limits that are new count what was spent in their
    /// windows and what is under way. Blocks while the ledger is asked; until then new requests wait that new limits bind.
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

/// Whether requests go on when the shared ledger cannot be asked (`ledger: {fail: open}`).
private final class FailsOpen: Sendable {
    let value: Atomic<Bool>

    init(_ value: Bool) { self.value = Atomic(value) }
}
