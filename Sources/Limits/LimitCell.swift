internal import Core

/// Number of a cell in its book.
typealias CellID = Int32

/// What was counted in one window.
struct WindowCount {
    /// Microseconds since 1970.
    var start: Int64
    var end: Int64
    /// The number under which holds know the window.
    let number: UInt32
    var spent: Int64 = 0
    var held: Int64 = 0
    var inDoubt: Int64 = 0
    /// What a later window had counted when the clock was set back into this one: a step back must not give a second budget.
    var carried: Int64 = 0
    /// Holds that belong to it.
    var holds: Int32 = 0
    /// Whether the ledger may know of spending in it that is not in `spent` yet. Nothing new is let through until that was read.
    var isUnread = false
    /// The reading of the ledger that will tell; zero: none was begun.
    var reading: UInt32 = 0

    init(_ window: CalendarWindow, number: UInt32) {
        (start, end) = (window.start, window.end)
        self.number = number
    }

    /// All that counts against the limit before a new request does.
    @inline(__always)
    var counted: Int64 { spent.addingSaturated(held).addingSaturated(carried) }

    @inline(__always)
    func contains(_ time: Int64) -> Bool { start <= time && time < end }

    /// Reserves `amount` more.
    @inline(__always)
    mutating func hold(_ amount: Int64) { held = held.addingSaturated(amount) }

    /// Gives back `released` of what was held, and counts `charged`.
    @inline(__always)
    mutating func settle(released: Int64, charged: Int64) {
        held = max(0, held &- released)
        spent = spent.addingSaturated(charged)
    }
}

/// The part of a limit that every request uses: plain numbers.
struct LimitCell {
    let kind: LimitKind
    let soft: Bool
    /// Whether it counts some models only.
    let isRestricted: Bool
    /// Whether only what was granted may be used: money, tokens, requests, or slots of those that may be under way.
    let isLeased: Bool
    /// Whether others count in it too: a leased limit, or a soft one that tells what all have used together.
    let isShared: Bool
    /// Whether it was told that the limit was reached in this window.
    var isTold = false
    /// The policy no longer contains this limit; it is kept until its open reservations end.
    var isRetired = false
    var limit: Int64
    /// What was granted to this process in this window; `Int64.max` where nothing needs to be.
    var capacity: Int64
    /// What others have spent or leased in this window.
    var elsewhere: Int64 = 0
    /// The part of that which they have spent.
    var spentElsewhere: Int64 = 0
    /// Counts the requests that were refused, or had to wait, because of what other gateways have, as of the last answer.
    var turnedAway: UInt32 = 0
    var window: WindowCount
    /// Requests in line for it.
    var waiting: Int32 = 0
    /// What the request needs that is first in line; zero: none is.
    var claim: Int64 = 0
    /// That request's place in line.
    var claimant: WaiterID = 0
    /// Holds up to this one began before that request was first in line,
    var claimMark: UInt64 = 0
    /// and keep so much of the current window.
    var older: Int64 = 0
    /// Holds that know it, in this window or another.
    var holds: Int32 = 0

    init(_ terms: LimitTerms, _ calendar: CalendarWindow, isLeased: Bool) {
        kind = terms.kind
        soft = terms.soft
        isRestricted = terms.models != nil
        isShared = isLeased
        self.isLeased = isLeased && !terms.soft
        limit = terms.units
        capacity = self.isLeased ? 0 : .max
        window = WindowCount(calendar, number: 0)
    }

    @inline(__always)
    func isOver(at now: Int64) -> Bool { now >= window.end || now < window.start }

    enum Room { case enough, held, lease, spent, unread }

    /// Whether `need` more fits into the current window.
    @inline(__always)
    func room(for need: Int64) -> Room {
        if soft || isRetired || need == 0 { return .enough }
        if window.isUnread { return .unread }
        let reach = limit.subtractingSaturated(elsewhere).subtractingSaturated(window.carried)
        let granted = capacity
        let certain = window.spent.addingSaturated(need)
        let all = certain.addingSaturated(window.held)
        if all <= min(reach, granted) { return .enough }
        // Slots are not spent: those of other gateways come back when their calls end.
        if kind == .concurrent { return need > limit ? .spent : all <= reach ? .lease : .held }
        if certain > reach { return .spent }
        if all <= reach || certain > granted { return .lease }
        return .held
    }

    /// What may be used of the current window here.
    @inline(__always)
    var bound: Int64 { min(limit.subtractingSaturated(elsewhere).subtractingSaturated(window.carried), capacity) }

    /// What newcomers must leave for the request that is first in line.
    ///
    /// As long as that request could not fit even if every hold that is younger than its turn were given back, it waits for older ones and
    /// needs nothing of what is free. From the moment on at which it would fit, no other request gets what it needs.
    @inline(__always)
    var earmark: Int64 {
        claim > 0 && window.spent.addingSaturated(older).addingSaturated(claim) <= bound ? claim : 0
    }

    /// What is free for requests that are not first in line.
    @inline(__always)
    var free: Int64 { bound.subtractingSaturated(window.spent.addingSaturated(window.held)).subtractingSaturated(earmark) }
}
