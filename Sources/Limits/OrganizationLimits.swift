public import Core
internal import Synchronization

/// The limits of one organization, from the organization itself down to single users, behind one lock.
///
/// Every operation takes the lock once and does its work on plain values; callbacks and hooks run after it is let go.
public final class OrganizationLimits: Sendable {
    /// The name of the organization.
    public let name: String
    let hooks: LimitHooks
    private let book: Mutex<LimitBook>

    init(_ rules: OrganizationRules, _ sharing: LimitTree.Sharing, _ clock: (@Sendable () -> Int64)?, _ hooks: LimitHooks) {
        name = rules.name
        self.hooks = hooks
        book = Mutex(LimitBook(rules, isLeased: sharing == .leased, clock: clock))
    }

    /// Does `body` under the lock, then tells what it led to.
    @discardableResult
    func locked<T>(_ body: (inout LimitBook) -> sending T) -> T {
        var events: BookEvents?
        let result = book.withLock { book in
            defer { events = book.takeEvents() }
            return body(&book)
        }
        if let events { tell(events) }
        return result
    }

    private func tell(_ events: BookEvents) {
        for alert in events.alerts { hooks.alert(alert) }
        if events.hasUnread { hooks.unread() }
        for delivery in events.deliveries {
            switch delivery.outcome {
            case .held(let id): delivery.notify(.held(Hold(self, id)))
            case .refused(let refusal): delivery.notify(.refused(refusal))
            }
        }
    }
}

extension OrganizationLimits {
    /// Reserves `request.amount` in every limit that binds the request, or in none.
    ///
    /// Money and tokens that are only held by others may be waited for, requests and concurrency only where the rule has `wait`.
    /// What is kept for the request that is first in line (``LimitCell/earmark``) is not given to others.
    public func reserve(_ request: SpendRequest, at now: WallTime) -> Reservation {
        switch locked({ $0.reserve(request, now.microseconds) }) {
        case .held(let id): .held(Hold(self, id))
        case .mustWait(let refusal): .mustWait(refusal)
        case .refused(let refusal): .refused(refusal)
        }
    }

    /// Like ``reserve(_:at:)``, and gets in line when it must wait. The teams directly below the scope of the limit take turns by their weights,
    /// requests of a team by their arrival. Those behind the first that need less than is free, and nothing that is kept for it, pass.
    /// - Parameters:
    ///   - patience: how long the request can wait at all, whatever is done to the clock; a limit's `wait` may be shorter.
    ///   - notify: told once how it ended, on the thread that made room, outside of all locks; not called when this
    ///     returns `held` or `refused`.
    public func reserve(
        _ request: SpendRequest, at now: WallTime, patience: Duration, notify: @escaping @Sendable (WaitOutcome) -> Void
    ) -> PatientReservation {
        switch locked({ $0.reserve(request, now.microseconds, patience: patience.microseconds, notify) }) {
        case .held(let id): .held(Hold(self, id))
        case .waiting(let waiter, let delay): .waiting(WaitTicket(limits: self, waiter: waiter, delay: .microseconds(delay)))
        case .refused(let refusal): .refused(refusal)
        }
    }

    func wake(_ waiter: WaiterID, at now: WallTime) -> Duration? {
        locked { $0.wake(waiter, now.microseconds) }.map { .microseconds($0) }
    }

    func cancel(_ waiter: WaiterID) -> Bool { locked { $0.cancel(waiter) } }

    func topUp(_ id: HoldID, _ amount: Spending, _ model: String?, _ now: WallTime?) -> TopUp {
        locked { $0.topUp(id, amount, model, now?.microseconds) }
    }

    func exchange(
        _ id: HoldID, _ ended: [EndedCall], _ scopes: RequestScopes, _ model: String, at now: WallTime, _ need: (Headroom) -> Spending?
    ) -> TopUp? {
        locked { $0.exchange(id, ended, scopes, model, now.microseconds, need) }
    }

    func charge(_ id: HoldID, _ call: EndedCall, _ mark: JournalMark?, at now: WallTime) -> Settlement {
        locked { Settlement(isOverrun: $0.charge(id, call, mark, now.microseconds)) }
    }

    @discardableResult
    func end(_ id: HoldID, _ ending: LimitBook.Ending, at now: WallTime) -> Settlement {
        locked { Settlement(isOverrun: $0.end(id, ending, now.microseconds)) }
    }

    /// Ends a hold that its owner dropped without ending it.
    func endLost(_ id: HoldID) {
        locked { $0.end(id, .lost, $0.now) }
        hooks.misuse(.neverEnded)
    }
}

extension OrganizationLimits {
    /// What is left for such a request: for a clamp of its `max_tokens`, and for the headers of its answer. Allocates nothing.
    /// - Parameter need: what a request asked for that was refused: a limit without room for it is then what is told of its kind, the one that
    ///   has none for longest where there are several.
    public func headroom(for scopes: RequestScopes, model: String, at now: WallTime, asking need: Spending? = nil) -> Headroom {
        locked { $0.headroom(scopes, model, now.microseconds, asking: need) }
    }

    /// How every limit of the organization stands, sorted by scope.
    public func states(at now: WallTime) -> [LimitState] { locked { $0.states(now.microseconds) } }

    /// How the limits stand that bind requests of these scopes to `model`, from the organization down to the user.
    public func states(for scopes: RequestScopes, model: String, at now: WallTime) -> [LimitState] {
        locked { $0.states(scopes, model, now.microseconds) }
    }

    func reconfigure(_ rules: OrganizationRules, at now: WallTime) -> [LimitIdentity] {
        locked { $0.reconfigure(rules, now.microseconds) }
    }
}
