internal import Chat

/// Number of a cell in its book.
typealias CellID = Int32

/// What was counted in one window.
struct WindowCount {
    /// Microseconds since 1970.
    var start: Int64
    var end: Int64
    /// The numbers under which holds know the window: more than one when a clock that was set back joined several.
    var firstNumber: UInt32
    var number: UInt32
    var spent: Int64 = 0
    var held: Int64 = 0
    var inDoubt: Int64 = 0
    /// Holds that belong to it.
    var holds: Int32 = 0

    init(_ window: CalendarWindow, number: UInt32) {
        (start, end) = (window.start, window.end)
        (firstNumber, self.number) = (number, number)
    }

    @inline(__always)
    func has(_ number: UInt32) -> Bool { firstNumber <= number && number <= self.number }

    /// Takes in what `earlier`, the window before, has counted.
    mutating func join(_ earlier: WindowCount) {
        firstNumber = earlier.firstNumber
        spent = spent.addingSaturated(earlier.spent)
        held = held.addingSaturated(earlier.held)
        inDoubt = inDoubt.addingSaturated(earlier.inDoubt)
        holds += earlier.holds
    }

    /// Sets `amount` more aside.
    @inline(__always)
    mutating func hold(_ amount: Int64) { held = held.addingSaturated(amount) }

    /// Gives back `released` of what was held, and counts `charged`.
    @inline(__always)
    mutating func settle(released: Int64, charged: Int64) {
        held = max(0, held &- released)
        spent = spent.addingSaturated(charged)
    }
}

/// What is touched of a limit by every request: plain numbers.
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
    /// No rule has it any more; it is there for the holds that know it.
    var isRetired = false
    var limit: Int64
    /// What was granted to this process in this window; `Int64.max` where nothing needs to be.
    var capacity: Int64
    /// What others have spent or leased in this window.
    var elsewhere: Int64 = 0
    /// The part of that which they have spent.
    var spentElsewhere: Int64 = 0
    /// Counts those who got nothing because of what others have, as last heard.
    var turnedAway: UInt32 = 0
    var window: WindowCount
    /// A clock that shows less was set back by more than a window.
    var earliest: Int64
    /// Requests in line for it.
    var waiting: Int32 = 0
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
        earliest = Self.earliest(calendar)
    }

    /// A clock set back by less than one window stays in the window that has begun.
    static func earliest(_ window: CalendarWindow) -> Int64 {
        window == .always ? .min : window.start.subtractingSaturated(window.end - window.start)
    }

    @inline(__always)
    func isOver(at now: Int64) -> Bool { now >= window.end || now < earliest }

    enum Room { case enough, held, lease, spent }

    /// Whether `need` more fits into `window`: this cell's current one, or an earlier one of it.
    @inline(__always)
    func room(for need: Int64, in window: WindowCount, isCurrent: Bool = true) -> Room {
        if soft || isRetired || need == 0 { return .enough }
        let reach = isCurrent ? limit.subtractingSaturated(elsewhere) : limit
        let granted = isCurrent ? capacity : .max
        let certain = window.spent.addingSaturated(need)
        let all = certain.addingSaturated(window.held)
        if all <= min(reach, granted) { return .enough }
        // Nobody spends slots: what others have comes back when their calls end.
        if kind == .concurrent { return need > limit ? .spent : all <= reach ? .lease : .held }
        if certain > reach { return .spent }
        if all <= reach || certain > granted { return .lease }
        return .held
    }
}
