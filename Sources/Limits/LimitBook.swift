internal import Core

/// All limits of one organization and everything that counts against them: plain values, used by one thread at a time.
///
/// Its parts: scopes and their cells (`LimitBook+Scopes`), holds (`+Reserve`, `+Settle`), the lines of those that wait (`+Waiting`),
/// reload, reading, and what other runs and other gateways spend. Not copyable, for a copy by mistake would cost more than all the rest.
struct LimitBook: ~Copyable, Sendable {
    let isLeased: Bool
    /// The often used part and the rarely used part of every limit, by number.
    var cells: [LimitCell] = []
    var rules: [CellRules] = []
    var freeCells: [CellID] = []
    /// Cells that were ever made.
    var cellsMade = 0

    /// Organizations and teams. A node keeps its number for ever.
    var nodes: [ScopeNode] = []
    var nodeNumbers: [String: NodeID] = [:]
    /// The node that binds requests of a team: its own, or for teams that no policy names, one above it.
    var nodeIDs: [String: NodeID] = [:]
    /// The limits that keys have of their own.
    var keyCells: [String: [CellID]] = [:]
    /// Whether no rule is in force: then nothing has to be looked up.
    var hasNoRules = true
    /// Keys and users with limits made from templates.
    var own: [OwnName: OwnCells] = [:]
    /// How many of them each team has brought.
    var crowds: [OwnCrowd: Int] = [:]
    var lastSweep = Int64.min

    var slots: [HoldSlot] = []
    var freeSlots: [Int32] = []
    /// Holds so far: the number of the latest one.
    var holdsBegun: UInt64 = 0

    var queues: [CellID: WaitQueue] = [:]
    var waiters: [WaiterID: Waiter] = [:]
    var arrivals: WaiterID = 0

    /// The cells of the request at hand.
    var picked: [CellID] = []
    /// Cells in whose lines a request may have room now.
    var turned: [CellID] = []
    private var events = BookEvents()
    /// The time of now, in microseconds since 1970: set with ``advance(_:)``.
    var now: Int64 = 0
    /// The latest time that was ever given.
    var latest = Int64.min
    /// What is known of the ledger that holds the past.
    var history = LedgerHistory()
    /// The number of the reading of the ledger that was begun last.
    var readings: UInt32 = 0
    private let clock: (@Sendable () -> Int64)?

    /// - Parameter clock: microseconds of a monotonic clock, for waiting; `nil`: the times that callers give serve for that too.
    init(_ rules: OrganizationRules, isLeased: Bool, clock: (@Sendable () -> Int64)? = nil) {
        self.clock = clock
        self.isLeased = isLeased
        _ = reconfigure(rules, 0)
    }

    /// Takes out the events that are to be reported once the lock is released.
    mutating func takeEvents() -> BookEvents? {
        if events.alerts.isEmpty, events.deliveries.isEmpty, !events.hasUnread { return nil }
        defer { events = BookEvents() }
        return events
    }

    /// Microseconds of a monotonic clock.
    var uptime: Int64 { clock?() ?? now }

    /// Called when windows must be read from the ledger.
    mutating func noteUnread() { events.hasUnread = true }

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
            inDoubt: window.inDoubt,
            held: window.held.addingSaturated(window.carried).addingSaturated(cell.elsewhere - cell.spentElsewhere),
            since: window.start == .min ? nil : WallTime(microseconds: window.start),
            resets: window.end == .max ? nil : WallTime(microseconds: window.end), waiting: Int(cell.waiting))
    }
}

/// What came of an operation besides its result.
struct BookEvents: Sendable {
    var alerts: [LimitAlert] = []
    var deliveries: [Delivery] = []
    /// Whether windows wait for the ledger to be read.
    var hasUnread = false
}

/// How waiting ended for one request, and the callback to call.
struct Delivery: Sendable {
    enum Outcome: Sendable {
        case held(HoldID)
        case refused(LimitRefusal)
    }

    let outcome: Outcome
    let notify: @Sendable (WaitOutcome) -> Void
}
