internal import Chat

/// All limits of one organization and everything that counts against them: plain values, used by one thread at a time.
///
/// Its parts: scopes and their cells (`LimitBook+Scopes`), holds (`+Reserve`, `+Settle`), the lines of those that wait (`+Waiting`),
/// reload, reading, and what other runs and other gateways spend. Not copyable, for a copy by mistake would cost more than all the rest.
struct LimitBook: ~Copyable, Sendable {
    let isLeased: Bool
    /// What is touched and what is rarely touched of every limit, by number.
    var cells: [LimitCell] = []
    var rules: [CellRules] = []
    var freeCells: [CellID] = []

    /// Organizations and teams. A node keeps its number for ever.
    var nodes: [ScopeNode] = []
    var nodeNumbers: [String: NodeID] = [:]
    /// The node that binds requests of a team: its own, or for teams that no policy names, one above it.
    var nodeIDs: [String: NodeID] = [:]
    /// The limits that keys have of their own.
    var keyCells: [String: [CellID]] = [:]
    /// Keys and users with limits made from templates.
    var own: [OwnName: [CellID]] = [:]
    var lastSweep = Int64.min

    var slots: [HoldSlot] = []
    var freeSlots: [Int32] = []

    var queues: [CellID: WaitQueue] = [:]
    var waiters: [WaiterID: Waiter] = [:]
    var arrivals: WaiterID = 0

    /// The cells of the request at hand.
    var picked: [CellID] = []
    /// Cells in whose lines somebody may have room now.
    var turned: [CellID] = []
    private var events = BookEvents()
    /// The latest time that a caller has given.
    var now: Int64 = 0

    init(_ rules: OrganizationRules, isLeased: Bool) {
        self.isLeased = isLeased
        _ = reconfigure(rules, 0)
    }

    /// What is to be told once the lock is let go.
    mutating func takeEvents() -> BookEvents? {
        if events.alerts.isEmpty, events.deliveries.isEmpty { return nil }
        defer { events = BookEvents() }
        return events
    }

    mutating func deliver(_ outcome: Delivery.Outcome, _ notify: @escaping @Sendable (WaitOutcome) -> Void) {
        events.deliveries.append(Delivery(outcome: outcome, notify: notify))
    }

    /// Tells that a limit was reached, unless that was told in this window.
    mutating func tell(_ event: LimitAlert.Event, _ id: CellID) {
        guard !cells[Int(id)].isTold else { return }
        cells[Int(id)].isTold = true
        events.alerts.append(LimitAlert(event: event, state: state(id), webhook: rules[Int(id)].terms.webhook))
    }

    /// Tells that all together have reached a soft limit.
    mutating func tellIfSoftIsReached(_ id: CellID) {
        let cell = cells[Int(id)]
        guard cell.soft, !cell.isRetired, cell.window.spent.addingSaturated(cell.elsewhere) >= cell.limit else { return }
        tell(.softReached, id)
    }

    func state(_ id: CellID) -> LimitState {
        let (cell, rule) = (cells[Int(id)], rules[Int(id)])
        let window = cell.window
        return LimitState(
            identity: rule.terms.identity(rule.scope), limit: cell.limit, spent: window.spent.addingSaturated(cell.spentElsewhere),
            inDoubt: window.inDoubt, held: window.held.addingSaturated(cell.elsewhere - cell.spentElsewhere),
            since: window.start == .min ? nil : WallTime(microseconds: window.start),
            resets: window.end == .max ? nil : WallTime(microseconds: window.end), waiting: Int(cell.waiting))
    }
}

/// What came of an operation besides its result.
struct BookEvents: Sendable {
    var alerts: [LimitAlert] = []
    var deliveries: [Delivery] = []
}

/// How waiting ended for one request, and whom to tell.
struct Delivery: Sendable {
    enum Outcome: Sendable {
        case held(HoldID)
        case refused(LimitRefusal)
    }

    let outcome: Outcome
    let notify: @Sendable (WaitOutcome) -> Void
}
