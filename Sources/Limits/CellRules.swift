internal import Core

/// The part of a limit that is rarely used.
struct CellRules {
    var terms: LimitTerms
    let scope: LimitScope
    /// The node of the scope, or of the template it was made from.
    let node: NodeID
    var zone: TimeZoneRules
    /// Windows other than the current one, the one left last at the end: those that still have holds, and a few more in any case, for a clock
    /// that is set may need them again.
    var others: [WindowCount] = []
    /// The number of the next window.
    var nextNumber: UInt32 = 1
    /// Charges that wait for the reading of their window: whether they are in it is not known yet.
    var late: [LateCharge] = []
    /// Up to where the readings of windows went.
    var fences: [WindowFence] = []

    /// The state that was last reported for leases.
    var told: LeaseMark?

    /// Windows without holds that are remembered besides the current one.
    static let remembered = 8

    init(terms: LimitTerms, scope: LimitScope, node: NodeID, zone: TimeZoneRules) {
        (self.terms, self.scope, self.node, self.zone) = (terms, scope, node, zone)
    }

    func calendar(_ now: Int64) -> CalendarWindow {
        terms.period.map { CalendarWindow(containing: now, $0, zone) } ?? .always
    }

    @inline(__always)
    func counts(_ model: String) -> Bool { terms.models?.contains(model) ?? true }

    /// Makes the window of `now`, which is not among the remembered ones. It overlaps none of them: where a change of the time zone has
    /// moved the borders, it is the shorter for it, and no moment is in two windows.
    mutating func makeWindow(_ now: Int64, besides current: WindowCount) -> WindowCount {
        var window = WindowCount(calendar(now), number: nextNumber)
        nextNumber &+= 1
        for known in others + [current] {
            if known.end <= now { window.start = max(window.start, known.end) }
            if known.start > now { window.end = min(window.end, known.start) }
        }
        return window
    }

    /// Remembers a window that is left, for as long as it may be needed.
    mutating func keep(_ window: WindowCount) {
        others.append(window)
        let spare = others.count - Self.remembered
        if spare > 0, others[..<spare].contains(where: { $0.holds == 0 }) {
            others = others[..<spare].filter { $0.holds > 0 } + others[spare...]
        }
    }
}

extension LimitBook {
    /// Makes the window of a cell the one for `now`, if it is not.
    ///
    /// A window counts the calls that begin in it, whatever the clock did: one that is entered again goes on where it was left, and one that is
    /// not remembered, but may be older than the ledger's latest record, is read from the ledger. A step back into a window that is not
    /// remembered takes along what was counted in the one that it leaves.
    @inline(__always)
    mutating func touch(_ id: CellID, _ now: Int64) {
        if cells[Int(id)].isOver(at: now) { turn(Int(id), now) }
    }

    private mutating func turn(_ index: Int, _ now: Int64) {
        let old = cells[index].window
        var next: WindowCount
        if now < old.start { history.clockWasSetBack(from: latest) }
        if let place = rules[index].others.lastIndex(where: { $0.contains(now) }) {
            next = rules[index].others.remove(at: place)
            if next.isUnread { noteUnread() }
        } else {
            next = rules[index].makeWindow(now, besides: old)
            if now < old.start { next.carried = old.counted }
            next.isUnread = history.mayHaveSpending(since: next.start)
            if next.isUnread { noteUnread() }
        }
        rules[index].keep(old)
        cells[index].window = next
        cells[index].isTold = false
        cells[index].elsewhere = 0
        cells[index].spentElsewhere = 0
        if cells[index].isLeased { cells[index].capacity = 0 }
        cells[index].older = next.held
        cells[index].claimMark = holdsBegun
        if cells[index].waiting > 0 { turned.append(CellID(index)) }
    }

    /// Gives the window of a cell under which a hold knows it.
    @discardableResult
    @inline(__always)
    mutating func withWindow<T>(_ id: CellID, _ number: UInt32, _ body: (inout WindowCount) -> T) -> T? {
        let index = Int(id)
        if cells[index].window.number == number { return body(&cells[index].window) }
        guard let other = rules[index].others.lastIndex(where: { $0.number == number }) else { return nil }
        return body(&rules[index].others[other])
    }

    /// The latest time, in microseconds since 1970. Threads read the clock before they take the lock, so that the one may come with an
    /// earlier time than the one before it: that is not a step of the clock.
    @inline(__always)
    mutating func advance(_ time: Int64) -> Int64 {
        if time >= now || now.subtractingSaturated(time) > Self.jitter { now = time }
        if now > latest { latest = now }
        return now
    }

    private static var jitter: Int64 { 1_000_000 }
}
