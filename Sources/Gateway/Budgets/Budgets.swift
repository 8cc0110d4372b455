public import Ledger

/// The limits in force.
public final class Budgets: Sendable {
    /// Every limit of every organization.
    public let tree: LimitTree

    /// Takes the limits.
    public init(tree: LimitTree) { self.tree = tree }
}
