public import Core

/// How one limit stands: the one answer behind `purser budgets`, the admin API, the headers and the refusals.
public struct LimitState: Hashable, Sendable {
    /// The limit that this is the state of.
    public let identity: LimitIdentity
    /// How much it allows, in the unit of its kind: nano-dollars, tokens, requests.
    public let limit: Int64
    /// What was used in the window for certain, by all gateways. May exceed the limit by what providers billed beyond their own caps.
    public let spent: Int64
    /// The part of `spent` that was charged for calls whose final usage is not known; an admin may refund it. At a gateway: of its own calls.
    public let inDoubt: Int64
    /// What is reserved: by calls under way, and in the slices that other gateways have leased.
    public let held: Int64
    /// When the window began; `nil` for `total` and `concurrent`.
    public let since: WallTime?
    /// When the window ends and `spent` is nothing again; `nil` for `total` and `concurrent`.
    public let resets: WallTime?
    /// Requests that wait for room in it.
    public let waiting: Int

    package init(
        identity: LimitIdentity, limit: Int64, spent: Int64, inDoubt: Int64, held: Int64, since: WallTime?, resets: WallTime?, waiting: Int
    ) {
        self.identity = identity
        self.limit = limit
        self.spent = spent
        self.inDoubt = inDoubt
        self.held = held
        self.since = since
        self.resets = resets
        self.waiting = waiting
    }

    /// What is left: the limit less what is spent and held; not below zero.
    public var left: Int64 { max(0, limit.subtractingSaturated(spent.addingSaturated(held))) }
}

/// What is left for one request, over all limits that bind it: the tightest of each kind.
public struct Headroom: Hashable, Sendable {
    /// Whether any limit counts the request, soft ones included.
    public internal(set) var isCounted = false
    /// The tightest limit of one kind.
    public struct Tightest: Hashable, Sendable {
        /// How much it allows, in the unit of its kind.
        public let limit: Int64
        /// What is left of it now, holds of others taken off.
        public let left: Int64
        /// What is not spent: what will be left when every hold is given back unused.
        public let unspent: Int64
        /// When its window ends; `nil` for `total`.
        public let resets: WallTime?
    }

    /// The tightest limit on money.
    public internal(set) var usd: Tightest?
    /// The tightest limit on tokens.
    public internal(set) var tokens: Tightest?
    /// The tightest limit on requests.
    public internal(set) var requests: Tightest?
    /// The tightest limit on requests under way.
    public internal(set) var concurrent: Tightest?
}

/// A limit that was reached. Told once per window.
public struct LimitAlert: Hashable, Sendable {
    /// The event.
    public enum Event: Hashable, Sendable {
        /// As much as a soft limit allows was spent.
        case softReached
        /// A hard limit refused a request because too much of it is spent.
        case refused
    }

    /// The event.
    public let event: Event
    /// The state of the limit at the event.
    public let state: LimitState
    /// Where the rule wants it told.
    public let webhook: String?
}
