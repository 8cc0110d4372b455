/// Callbacks for events of limits. Called on the thread that caused the event, outside of all locks; must not block.
public struct LimitHooks: Sendable {
    /// A mistake in the use of holds.
    public enum Misuse: Hashable, Sendable {
        /// A hold was dropped without an end; it was charged in full.
        case neverEnded
        /// A hold was ended or charged after its end; the second end changed nothing.
        case endedTwice
    }

    /// A limit was reached: for log, metric and webhook.
    public let alert: @Sendable (LimitAlert) -> Void
    /// A programming error, for the log.
    public let misuse: @Sendable (Misuse) -> Void
    /// Windows were entered of which the ledger may know more than the limits do: they let nothing through until it was read
    /// (``LimitTree/readings(at:)``).
    public let unread: @Sendable () -> Void

    /// Makes hooks.
    public init(
        alert: @escaping @Sendable (LimitAlert) -> Void, misuse: @escaping @Sendable (Misuse) -> Void,
        unread: @escaping @Sendable () -> Void = {}
    ) {
        self.alert = alert
        self.misuse = misuse
        self.unread = unread
    }
}
