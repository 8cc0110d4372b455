/// Gets slices of limits that this gateway shares with others, for requests that found theirs too small.
public protocol LeaseSource: AnyObject, Sendable {
    /// Asks for what is missing. Runs on the caller's executor.
    nonisolated(nonsending) func lease(_ needs: [LeaseNeed]) async -> LeaseOutcome
    /// Hears how all limits stand by now.
    nonisolated(nonsending) func refresh() async
}

/// What came of asking for more.
public enum LeaseOutcome: Hashable, Sendable {
    /// There is more: reserve again.
    case granted
    /// The limits are used up, here or elsewhere: reserve again, the refusal then says how they stand.
    case exhausted
    /// The shared ledger is away and the limit's policy is `fail: closed`: refuse.
    case away
}
