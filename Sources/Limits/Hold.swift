public import Core
internal import Synchronization

/// What one client request has reserved in every limit that binds it, from before the first call goes out until its true cost is known.
///
/// End it exactly once, with ``settle(_:model:at:)`` or ``release(at:)``. One that is dropped without either is
/// charged in full and reported.
/// May be used from any thread.
public final class Hold: Sendable {
    private let limits: OrganizationLimits
    private let id: HoldID
    private let isOpen = Atomic(true)

    init(_ limits: OrganizationLimits, _ id: HoldID) {
        self.limits = limits
        self.id = id
    }

    deinit {
        if close() { limits.endLost(id) }
    }

    /// Reserves more, in all limits or in none: for the next call of the request, or for the next stretch of a stream.
    /// Goes before those that wait, for what is under way must be able to end.
    /// - Parameters:
    ///   - model: the model that is going to be called; `nil`: the one of the reservation. Limits on the model
    ///     that are not held yet join.
    ///   - now: when the call begins: it takes room in the windows of that moment. `nil`: the latest time that the limits were told.
    /// - Returns: whether there was room, or which limit has none.
    public func topUp(_ amount: Spending, model: String? = nil, at now: WallTime? = nil) -> TopUp {
        isOpen.load(ordering: .acquiring) ? limits.topUp(id, amount, model, now) : .ended
    }

    /// Charges one call of several, and gives back what was reserved for it and not used.
    /// - Parameters:
    ///   - actual: what it cost in money and tokens; requests are the client's and count at the end.
    ///   - reserved: what had been reserved for it, at the beginning or by a top-up; capped by what is held.
    ///   - model: the model that was called; `nil`: the one of the reservation.
    ///   - mark: where the record of the call is, committed before; `nil`: it has none.
    /// - Returns: whether more was charged than was reserved.
    @discardableResult
    public func charge(
        _ actual: Spending, reserved: Spending, model: String? = nil, record mark: JournalMark? = nil, at now: WallTime
    ) -> Settlement {
        charge(EndedCall(actual: actual, reserved: reserved, model: model), record: mark, at: now)
    }

    /// Charges one call of several, and gives back what was reserved for it and not used.
    @discardableResult
    public func charge(_ call: EndedCall, record mark: JournalMark? = nil, at now: WallTime) -> Settlement {
        guard isOpen.load(ordering: .acquiring) else { return misused() }
        return limits.charge(id, call, mark, at: now)
    }

    /// Charges calls that are over and reserves more for the next one, in one step: what they give back is for the next call first.
    /// - Parameters:
    ///   - ended: the calls that are over and were not charged before. They are charged even if the next one is refused.
    ///   - scopes: whose request it is.
    ///   - model: the model that is going to be called.
    ///   - need: what the next call needs, by what is then left for it; asked under the lock of the limits. `nil`: nothing is reserved.
    /// - Returns: what came of it; `nil` when `need` has said so.
    public func exchange(
        _ ended: [EndedCall], for scopes: RequestScopes, model: String, at now: WallTime, _ need: (Headroom) -> Spending?
    ) -> TopUp? {
        isOpen.load(ordering: .acquiring) ? limits.exchange(id, ended, scopes, model, at: now, need) : .ended
    }

    /// Ends the hold: charges what the request cost and has not been charged yet, and gives back the rest. What it
    /// cost is charged even when
    /// it is more than was held. The requests that were held count, whatever `actual` says.
    /// - Parameters:
    ///   - model: the model that was called; `nil`: the one of the reservation.
    ///   - mark: where the record is that ends the hold in the ledger, committed before; `nil`: there is none.
    /// - Returns: whether more was charged than was held. A second end changes nothing and is reported.
    @discardableResult
    public func settle(_ actual: Spending, model: String? = nil, record mark: JournalMark? = nil, at now: WallTime) -> Settlement {
        close() ? limits.end(id, .settled(actual, model: model, mark: mark), at: now) : misused()
    }

    /// Ends the hold of a request of which nothing was sent: gives everything back. What was charged already stays charged.
    public func release(at now: WallTime) {
        if close() { limits.end(id, .released, at: now) } else { _ = misused() }
    }

    private func close() -> Bool { isOpen.exchange(false, ordering: .acquiringAndReleasing) }

    private func misused() -> Settlement {
        limits.hooks.misuse(.endedTwice)
        return Settlement(isOverrun: false)
    }
}

/// A call of a request that goes on: what it cost and what was reserved for it.
public struct EndedCall: Hashable, Sendable {
    /// What limits count for it in money and tokens; requests are the client's and count at the end.
    public var actual: Spending
    /// The part of ``actual`` that is not known to be spent; a refund may give it back.
    public var doubt = Spending.nothing
    /// What had been reserved for it, at the beginning or by a top-up; capped by what is held.
    public var reserved: Spending
    /// The model that was called; `nil`: the one of the reservation.
    public var model: String?
    /// Whether the call was made. One that was not does not count as a request of limits on its model.
    public var wasMade = true

    /// Makes a call that is over.
    public init(actual: Spending, reserved: Spending, model: String?) {
        (self.actual, self.reserved, self.model) = (actual, reserved, model)
    }
}

/// The result of a charge.
public struct Settlement: Hashable, Sendable {
    /// Whether more was charged than had been reserved, in any limit.
    public let isOverrun: Bool
}
