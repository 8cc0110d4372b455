public import Core

extension OrganizationLimits {
    /// Lets this process use `amount` more of a leased limit.
    /// - Parameters:
    ///   - amount: in the unit of the limit's kind.
    ///   - window: the start of the window in which it was leased; `nil` for `total`.
    /// - Returns: `false` when the limit is gone, or not leased, or its window another one by now: give the slice back.
    public func grant(_ amount: Int64, to identity: LimitIdentity, window: WallTime?, at now: WallTime) -> Bool {
        locked { $0.grant(amount, identity, window, now.microseconds) }
    }

    /// Takes back what was granted and is neither spent nor held.
    /// - Returns: how much that was, `amount` at most; zero in the cases in which a grant would fail.
    public func withdraw(upTo amount: Int64, from identity: LimitIdentity, window: WallTime?, at now: WallTime) -> Int64 {
        locked { $0.withdraw(amount, identity, window, now.microseconds) }
    }

    /// Tells what others have spent or leased of a limit, so that refusals and readings are true, and soft limits tell when all together reach them.
    /// - Parameter spent: the part of it that they have spent.
    /// - Returns: `false` in the cases in which a grant would fail, but not for soft limits.
    @discardableResult
    public func setElsewhere(_ amount: Int64, spent: Int64, of identity: LimitIdentity, window: WallTime?, at now: WallTime) -> Bool {
        locked { $0.setElsewhere(amount, spent: spent, identity, window, now.microseconds) }
    }
}
