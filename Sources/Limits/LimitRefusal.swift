public import Core

/// Why a request was not let through, and by which limit.
public struct LimitRefusal: Error, Hashable, Sendable {
    /// The reason for the refusal.
    public enum Reason: Hashable, Sendable {
        /// The limit is spent, or so far spent that the request cannot fit before the window ends.
        case spent
        /// There is room, but others hold it; it may come free at any moment.
        case held
        /// This gateway's slices of these limits are too small, while the limits are not reached: lease as much more and try again.
        case needsLease([LeaseNeed])
        /// A team has brought more keys or users with limits of their own than are counted (``LimitBounds/ownScopes``).
        case tooManyScopes(LimitCrowd)
        /// The clock or the policy has changed, and what was spent in the window is being read from the ledger.
        case unread
        /// Too many requests wait already (``LimitBounds/waiting``).
        case tooManyWaiting
    }

    /// The reason for the refusal.
    public let reason: Reason
    /// The state of the limit that refused; `nil` when no limit is the cause.
    public let state: LimitState?
    /// What the request needs of it, in the unit of its kind.
    public let needed: Int64
    /// How long until it makes sense to try again; `nil`: that is not known, or never.
    public let retryAfter: Duration?
}

/// The keys or the users with limits of their own that one team has brought.
public struct LimitCrowd: Hashable, Sendable {
    /// The path of the team.
    public let team: String
    /// Whether it is about keys (`each_key`), not users (`each_user`).
    public let isOfKeys: Bool
}

/// A slice that is too small.
public struct LeaseNeed: Hashable, Sendable {
    /// The limit.
    public let identity: LimitIdentity
    /// The start of the window to lease in; `nil` for `total`.
    public let window: WallTime?
    /// How much is missing, in the unit of the limit's kind.
    public let missing: Int64
}
