extension LimitBook {
    /// When the windows of now began, the earliest first: of every limit and template.
    mutating func windowStarts(_ now: Int64) -> [Int64] {
        self.now = now
        var starts: Set<Int64> = []
        for id in (nodes.map(\.cells) + keyCells.values + own.values).joined() {
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
        guard pick(past.scopes, now) else { return false }
        for id in picked where isMeant(id, past) {
            if let only, !only.contains(rules[Int(id)].terms.identity(rules[Int(id)].scope)) { continue }
            let amount = past.amount.units(cells[Int(id)].kind)
            cells[Int(id)].window.spent = cells[Int(id)].window.spent.addingSaturated(amount)
            if past.isInDoubt { cells[Int(id)].window.inDoubt = cells[Int(id)].window.inDoubt.addingSaturated(amount) }
            // That a soft limit was reached was told when it was.
            if cells[Int(id)].soft, cells[Int(id)].window.spent >= cells[Int(id)].limit { cells[Int(id)].isTold = true }
        }
        return true
    }

    /// Gives back what was charged in doubt, where the window is still the one; never more than is in doubt.
    mutating func refund(_ past: PastSpending, _ now: Int64) {
        if pick(past.scopes, now) {
            for id in picked where isMeant(id, past) {
                let amount = min(past.amount.units(cells[Int(id)].kind), cells[Int(id)].window.inDoubt)
                cells[Int(id)].window.inDoubt -= amount
                cells[Int(id)].window.spent = max(0, cells[Int(id)].window.spent - amount)
                if cells[Int(id)].waiting > 0 { turned.append(id) }
            }
        }
        drainTurned()
    }

    private func isMeant(_ id: CellID, _ past: PastSpending) -> Bool {
        let window = cells[Int(id)].window
        return window.start <= past.time.microseconds && past.time.microseconds < window.end && rules[Int(id)].counts(past.model)
    }
}
