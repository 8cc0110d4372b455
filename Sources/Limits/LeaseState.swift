public import Core

/// The state of one limit in one window, as this gateway has it; other gateways count in the limit too.
public struct LeaseState: Hashable, Sendable {
    /// The limit.
    public let identity: LimitIdentity
    /// The start and the end of the window in microseconds since 1970; the ends of the range for `total`.
    public let window: Range<Int64>
    /// Whether it is the window of now.
    public let isCurrent: Bool
    /// Whether only what was granted may be used. Soft limits are not leased, only added up.
    public let isLeased: Bool
    /// How much the limit allows, in the unit of its kind.
    public let limit: Int64
    /// What was granted to this gateway; zero in windows that are over, and where nothing is leased.
    public let capacity: Int64
    /// What this gateway has spent.
    public let spent: Int64
    /// The part of that which was charged for calls whose end a crash hid.
    public let inDoubt: Int64
    /// What its calls under way have reserved.
    public let held: Int64
    /// Counts the requests that were refused, or had to wait, because of what other gateways have: those should learn that it is wanted.
    public let turnedAway: UInt32

    /// What is granted and neither spent nor held.
    public var free: Int64 { max(0, capacity.subtractingSaturated(spent.addingSaturated(held))) }
}

/// What changes when a leased limit is used.
struct LeaseMark: Equatable {
    let window: UInt32
    let capacity: Int64
    let spent: Int64
    let held: Int64
    let turnedAway: UInt32
}

extension LimitBook {
    /// The shared limits of which something has changed since the last call, with their windows that are over and not forgotten.
    /// The first call gives all.
    mutating func changedLeases(_ time: Int64) -> [LeaseState] {
        let now = advance(time)
        var states: [LeaseState] = []
        for index in cells.indices where cells[index].isShared && !(cells[index].isRetired && cells[index].holds == 0) {
            if !cells[index].isRetired { touch(CellID(index), now) }
            let mark = mark(index)
            if rules[index].told == mark { continue }
            rules[index].told = mark
            states.append(leaseState(index, cells[index].window, isCurrent: true))
            for past in rules[index].others { states.append(leaseState(index, past, isCurrent: false)) }
        }
        drainTurned()
        return states
    }

    /// The sums over all windows: what is settled in an old one is a change too.
    private func mark(_ index: Int) -> LeaseMark {
        let (cell, past) = (cells[index], rules[index].others)
        return LeaseMark(
            window: cell.window.number, capacity: cell.capacity,
            spent: past.reduce(cell.window.spent) { $0.addingSaturated($1.spent) },
            held: past.reduce(cell.window.held) { $0.addingSaturated($1.held) }, turnedAway: cell.turnedAway)
    }

    private func leaseState(_ index: Int, _ window: WindowCount, isCurrent: Bool) -> LeaseState {
        LeaseState(
            identity: rules[index].terms.identity(rules[index].scope), window: window.start..<max(window.start, window.end),
            isCurrent: isCurrent, isLeased: cells[index].isLeased, limit: cells[index].limit,
            capacity: isCurrent && cells[index].isLeased ? cells[index].capacity : 0, spent: window.spent,
            inDoubt: window.inDoubt, held: window.held, turnedAway: isCurrent ? cells[index].turnedAway : 0)
    }

    /// The shared limits of organizations and teams in their windows of now, and of keys and users if wanted.
    mutating func sharedStates(_ time: Int64, withOwn: Bool) -> [LeaseState] {
        let now = advance(time)
        defer { drainTurned() }
        var states: [LeaseState] = []
        for id in (nodes.map(\.cells) + (withOwn ? Array(keyCells.values) + own.values.map(\.cells) : [])).joined()
        where cells[Int(id)].isShared {
            touch(id, now)
            states.append(leaseState(Int(id), cells[Int(id)].window, isCurrent: true))
        }
        return states
    }

    /// How a leased limit stands in its window of now; `nil` where a grant would fail.
    mutating func leaseState(_ identity: LimitIdentity, _ window: WallTime?, _ now: Int64) -> LeaseState? {
        defer { drainTurned() }
        return leased(identity, window, now).map { leaseState($0, cells[$0].window, isCurrent: true) }
    }

    /// Lets this process use `capacity` in all.
    mutating func setLease(_ capacity: Int64, _ identity: LimitIdentity, _ window: WallTime?, _ now: Int64) -> Bool {
        defer { drainTurned() }
        guard let index = leased(identity, window, now) else { return false }
        cells[index].capacity = max(0, capacity)
        if cells[index].waiting > 0 { turned.append(CellID(index)) }
        return true
    }
}

extension OrganizationLimits {
    /// How the limits of the organization and its teams stand that other gateways count in too.
    /// - Parameter withOwn: also those that keys and users have on their own.
    public func sharedStates(at now: WallTime, withOwn: Bool = false) -> [LeaseState] {
        locked { $0.sharedStates(now.microseconds, withOwn: withOwn) }
    }

    /// The shared limits of which something has changed since the last call, and the last windows of each that are over. The first call gives
    /// all. Meant for one caller.
    public func changedLeases(at now: WallTime) -> [LeaseState] { locked { $0.changedLeases(now.microseconds) } }

    /// How a leased limit stands.
    /// - Returns: `nil` in the cases in which a grant would fail.
    public func leaseState(of identity: LimitIdentity, window: WallTime?, at now: WallTime) -> LeaseState? {
        locked { $0.leaseState(identity, window, now.microseconds) }
    }

    /// Sets what this process may use of a leased limit in all, what it has used included. Less than that refuses whatever comes new.
    /// - Returns: `false` in the cases in which a grant would fail.
    @discardableResult
    public func setLease(_ capacity: Int64, of identity: LimitIdentity, window: WallTime?, at now: WallTime) -> Bool {
        locked { $0.setLease(capacity, identity, window, now.microseconds) }
    }
}
