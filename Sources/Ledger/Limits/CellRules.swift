internal import Chat

/// What is rarely touched of a limit.
struct CellRules {
    var terms: LimitTerms
    let scope: LimitScope
    /// The node of the scope, or of the template it was made from.
    let node: NodeID
    var zone: TimeZoneRules
    /// Windows that are over and still have holds, and the last two in any case: a clock that is set back may need them. The oldest first.
    var past: [WindowCount] = []
    /// Windows that a clock set back has left, as they stood then, the latest last: when it is set right again they go on.
    var left: [WindowCount] = []

    /// What was last told of it to whoever keeps leases.
    var told: LeaseMark?

    static let remembered = 2

    func calendar(_ now: Int64) -> CalendarWindow {
        terms.period.map { CalendarWindow(containing: now, $0, zone) } ?? .always
    }

    @inline(__always)
    func counts(_ model: String) -> Bool { terms.models?.contains(model) ?? true }
}

extension LimitBook {
    /// Makes the window of a cell the one for `now`, if it is not.
    ///
    /// A window begins where the one before has ended, so no moment is in two and none is opened again. When the clock
    /// was set back by more than
    /// a window, the window of now takes in all that was counted since it began, so a leap into the future and back forgives nothing and
    /// does not stop anybody until the future comes.
    @inline(__always)
    mutating func touch(_ id: CellID, _ now: Int64) {
        if cells[Int(id)].isOver(at: now) { turn(Int(id), now) }
    }

    private mutating func turn(_ index: Int, _ now: Int64) {
        let fresh = rules[index].calendar(now)
        var old = cells[index].window
        let before = rules[index].left.last { $0.start <= now && now < $0.end }
        if now >= old.end, let before, old.has(before.number) {
            // The clock is right again, and all that was counted meanwhile counts in the same window.
            (old.start, old.end) = (before.start, before.end)
            cells[index].window = old
        } else if now >= old.end {
            var next = WindowCount(fresh, number: old.number &+ 1)
            next.start = max(fresh.start, old.end)
            (next.spent, next.inDoubt) = (before?.spent ?? 0, before?.inDoubt ?? 0)
            rules[index].close(old)
            cells[index].window = next
            cells[index].isTold = false
            cells[index].elsewhere = 0
            cells[index].spentElsewhere = 0
            if cells[index].isLeased { cells[index].capacity = 0 }
        } else {
            rules[index].leave(old)
            while let earlier = rules[index].past.last, earlier.end > fresh.start {
                old.join(earlier)
                rules[index].past.removeLast()
            }
            (old.start, old.end) = (fresh.start, fresh.end)
            cells[index].window = old
        }
        cells[index].earliest = LimitCell.earliest(fresh)
        if cells[index].waiting > 0 { turned.append(CellID(index)) }
    }

    /// Gives the window of a cell under which a hold knows it.
    @discardableResult
    @inline(__always)
    mutating func withWindow<T>(_ id: CellID, _ number: UInt32, _ body: (inout WindowCount, _ isCurrent: Bool) -> T) -> T? {
        let index = Int(id)
        if cells[index].window.has(number) { return body(&cells[index].window, true) }
        guard let past = rules[index].past.lastIndex(where: { $0.has(number) }) else { return nil }
        return body(&rules[index].past[past], false)
    }
}

extension CellRules {
    /// Remembers a window that a clock set back has left. More than a few such steps are not made.
    fileprivate mutating func leave(_ window: WindowCount) {
        left.removeAll { $0.start == window.start }
        left.append(window)
        if left.count > 4 { left.removeFirst() }
    }

    /// Keeps a window that is over for as long as it may be needed.
    fileprivate mutating func close(_ window: WindowCount) {
        past.append(window)
        let old = past.count - Self.remembered
        if old > 0, past[..<old].contains(where: { $0.holds == 0 }) {
            past = past[..<old].filter { $0.holds > 0 } + past[old...]
        }
    }
}
