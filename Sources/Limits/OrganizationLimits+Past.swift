public import Core

/// What was spent before: by an earlier run, or before a limit was made.
public struct PastSpending: Hashable, Sendable {
    /// The scopes of the request.
    public var scopes: RequestScopes
    /// The model that was called.
    public var model: String
    /// When the request was let through.
    public var time: WallTime
    /// What it cost, or sums of requests between two of ``OrganizationLimits/windowStarts(at:)``.
    public var amount: Spending
    /// Whether it is what a hold that was found open held: charged, but not known to be spent.
    public var isInDoubt: Bool

    /// The part of ``amount`` that is in doubt where the whole is not.
    public var doubt = Spending.nothing

    /// Makes an item of the past.
    public init(_ scopes: RequestScopes, model: String, time: WallTime, amount: Spending, isInDoubt: Bool = false) {
        self.scopes = scopes
        self.model = model
        self.time = time
        self.amount = amount
        self.isInDoubt = isInDoubt
    }
}

extension OrganizationLimits {
    /// The moments at which the windows of `now` began, the earliest first. Sums of what was spent between two
    /// neighbours of them, and from the
    /// last one on, are fine enough for ``restore(_:at:only:)``; what was spent before the first matters to `total` limits only.
    public func windowStarts(at now: WallTime) -> [WallTime] {
        locked { $0.windowStarts(now.microseconds) }.map(WallTime.init(microseconds:))
    }

    /// Counts what was spent before, in every limit that binds it and in whose current window its time is.
    /// - Parameter only: the limits to put it into; `nil`: all. For limits that a reload has added (``LimitTree/reconfigure(_:at:)``).
    /// - Returns: `false` when its key or user could not be counted for there are too many (``LimitBounds/ownScopes``).
    public func restore(_ past: PastSpending, at now: WallTime, only: Set<LimitIdentity>? = nil) -> Bool {
        locked { $0.restore(past, now.microseconds, only: only) }
    }

    /// Counts what a hold of another process has reserved, in every limit that binds it. For trees that only report the state of limits:
    /// nothing ends it.
    /// - Returns: `false` as ``restore(_:at:only:)`` does.
    package func note(held: PastSpending, at now: WallTime) -> Bool { locked { $0.note(held: held, now.microseconds) } }

    /// Gives back what was charged in doubt and turned out not to be spent, in limits whose window is still the one.
    /// Never more than is in doubt.
    public func refund(_ past: PastSpending, at now: WallTime) { locked { $0.refund(past, now.microseconds) } }
}

extension OrganizationLimits {
    /// Counts a call that had no hold, for no limit bound its request when it began: in the limits that bind it now.
    /// - Parameter mark: where its record is; a window that was read up to there has it.
    public func count(_ past: PastSpending, record mark: JournalMark?, at now: WallTime) {
        locked { $0.count(past, mark, now.microseconds) }
    }
}

extension PastSpending {
    /// A sum of the ledger, between two of ``OrganizationLimits/windowStarts(at:)``. `nil` when neither the team nor the organization that
    /// paid is known.
    public init?(_ total: SpendingTotal) {
        guard let team = total.team ?? total.organization else { return nil }
        self.init(
            RequestScopes(team: team, key: total.keyID, user: total.user), model: total.model, time: total.begin,
            amount: Spending(usd: total.cost, tokens: total.tokens, requests: total.requests), isInDoubt: total.isInDoubt)
    }
}
