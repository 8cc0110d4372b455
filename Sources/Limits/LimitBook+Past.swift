internal import Core

extension LimitBook {
    /// When the windows of now began, the earliest first: of every limit and template.
    mutating func windowStarts(_ time: Int64) -> [Int64] {
        let now = advance(time)
        var starts: Set<Int64> = []
        for id in allCells {
            touch(id, now)
            starts.insert(cells[Int(id)].window.start)
        }
        for node in nodes {
            for period in (node.eachKey + node.eachUser).compactMap(\.period) {
                starts.insert(CalendarWindow(containing: now, period, node.zone).start)
            }
        }
        drainTurned()
        return starts.filter { $0 > .min }.sorted()
    }

    /// Counts what was spent before, in the limits in whose windows of now it was.
    /// - Returns: `false` when its key or user could not be counted.
    mutating func restore(_ past: PastSpending, _ now: Int64, only: Set<LimitIdentity>?) -> Bool {
        defer { drainTurned() }
        guard pick(past.scopes, now) == nil else { return false }
        for id in picked where isMeant(id, past) {
            if let only, !only.contains(rules[Int(id)].terms.identity(rules[Int(id)].scope)) { continue }
            add(past, id)
        }
        return true
    }

    func add(_ past: PastSpending, to window: inout WindowCount, _ kind: LimitKind) {
        let amount = past.amount.units(kind)
        window.spent = window.spent.addingSaturated(amount)
        if past.isInDoubt { window.inDoubt = window.inDoubt.addingSaturated(amount) }
    }

    mutating func add(_ past: PastSpending, _ id: CellID) {
        let index = Int(id)
        var window = cells[index].window
        add(past, to: &window, cells[index].kind)
        cells[index].window = window
        // The alert that a soft limit was reached was sent when it was reached.
        if cells[index].soft, window.spent >= cells[index].limit { cells[index].isTold = true }
    }

    /// Every limit that is in force.
    var allCells: [CellID] { Array((nodes.map(\.cells) + keyCells.values + own.values.map(\.cells)).joined()) }

    /// Counts what a hold that is kept elsewhere has reserved, in the limits in whose windows of now it was made. Nothing here ends it.
    mutating func note(held: PastSpending, _ now: Int64) -> Bool {
        defer { drainTurned() }
        guard pick(held.scopes, now) == nil else { return false }
        for id in picked where isMeant(id, held) {
            let kind = cells[Int(id)].kind
            cells[Int(id)].window.hold(kind == .concurrent ? 1 : held.amount.units(kind))
        }
        return true
    }

    /// Gives back what was charged in doubt, where the window is still the one; never more than is in doubt.
    mutating func refund(_ past: PastSpending, _ now: Int64) {
        if pick(past.scopes, now) == nil {
            for id in picked where isMeant(id, past) {
                let amount = min(past.amount.units(cells[Int(id)].kind), cells[Int(id)].window.inDoubt)
                cells[Int(id)].window.inDoubt -= amount
                cells[Int(id)].window.spent = max(0, cells[Int(id)].window.spent - amount)
                if cells[Int(id)].waiting > 0 { turned.append(id) }
            }
        }
        drainTurned()
    }

    func isMeant(_ id: CellID, _ past: PastSpending) -> Bool {
        cells[Int(id)].window.contains(past.time.microseconds) && rules[Int(id)].counts(past.model)
    }
}
