public import Ledger
public import Logging
public import Policies

/// The limits of the policies in force, over what the ledger says was spent. Shared by all loops.
public final class Budgets: Sendable {
    /// How every limit stands.
    public let tree: LimitTree
    private let ledger: any LedgerStore
    private let log: Logger

    /// Puts the limits of `policies` in force and fills in what was spent in their windows. Blocks while the ledger is asked.
    /// - Throws: `LedgerFailure` when the ledger cannot tell what was spent: nothing is sold over limits that are not known.
    public init(_ policies: PolicySnapshot, ledger: any LedgerStore, log: Logger, hooks: LimitHooks) throws(LedgerFailure) {
        self.ledger = ledger
        self.log = log
        tree = LimitTree(Self.configuration(policies), hooks: hooks)
        try restore(only: nil)
    }

    /// Puts the limits of other policies in force. What is spent stays spent; new limits learn what was spent in their windows.
    public func adopt(_ policies: PolicySnapshot) {
        let added = tree.reconfigure(Self.configuration(policies), at: .now)
        if added.isEmpty { return }
        do { try restore(only: Set(added)) } catch {
            log.error("new limits begin at nothing, for the ledger cannot be read", metadata: ["reason": "\(error)"])
        }
    }

    private func restore(only added: Set<LimitIdentity>?) throws(LedgerFailure) {
        let now = WallTime.now
        let organizations = tree.organizations
        let starts = Set(organizations.flatMap { $0.windowStarts(at: now) })
        if starts.isEmpty, organizations.isEmpty { return }
        for total in try ledger.totals(cutAt: starts.sorted { $0.microseconds < $1.microseconds }) {
            guard let team = total.team ?? total.organization else { continue }
            let past = PastSpending(
                RequestScopes(team: team, key: total.keyID, user: total.user), model: total.model, time: total.begin,
                amount: Spending(usd: total.cost, tokens: total.tokens, requests: total.requests), isInDoubt: total.isInDoubt)
            if !tree.organization(of: team).restore(past, at: now, only: added) {
                log.warning("more keys and users with limits of their own than can be counted", metadata: ["team": "\(team)"])
            }
        }
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
