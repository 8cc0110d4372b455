public import Core

/// One reading of the ledger for one organization: which windows it is for.
public struct WindowReading: Sendable {
    let limits: OrganizationLimits
    let number: UInt32
    /// The organization's name.
    public var organization: String { limits.name }
    /// The moments at which sums of what was spent must be cut: where the windows begin and end.
    public let moments: [WallTime]

    /// Counts what was spent.
    /// - Parameters:
    ///   - totals: sums cut at ``moments``, of this organization and perhaps others.
    ///   - reach: up to which records the sums go.
    /// - Returns: whether all could be counted; otherwise a team has too many keys or users (``LimitBounds/ownScopes``).
    public func finish(_ totals: [SpendingTotal], reach: JournalReach, at now: WallTime) -> Bool {
        let mine = totals.compactMap(PastSpending.init).filter { $0.scopes.team.prefix { $0 != "/" } == limits.name }
        var isComplete = true
        var rest = mine[...]
        // Reservations wait meanwhile, so the lock is never held for long.
        while !rest.isEmpty {
            let some = rest.prefix(512)
            rest = rest.dropFirst(512)
            if !limits.locked({ $0.read(Array(some), number, now.microseconds) }) { isComplete = false }
        }
        limits.locked { $0.finishReading(number, reach, now.microseconds) }
        return isComplete
    }
}

extension OrganizationLimits {
    func readWindows(latest: Int64) { locked { $0.readWindows(latest: latest) } }

    /// Begins to read the windows that wait for it; `nil`: none does.
    func beginReading(at now: WallTime) -> WindowReading? {
        locked { book -> (UInt32, [Int64])? in book.beginReading(now.microseconds) }.map { number, moments in
            WindowReading(limits: self, number: number, moments: moments.map(WallTime.init(microseconds:)))
        }
    }
}

extension LimitBook {
    mutating func readWindows(latest: Int64) {
        history.begin(latest: latest)
        for id in allCells { markUnread(id, history.mayHaveSpending(since: cells[Int(id)].window.start)) }
    }

    mutating func markUnread(_ id: CellID, _ isUnread: Bool) {
        guard isUnread, cells[Int(id)].kind != .concurrent else { return }
        cells[Int(id)].window.isUnread = true
        noteUnread()
    }

    /// Notes which windows are going to be read.
    /// - Returns: the reading's number, and where to cut sums; `nil` when there is nothing to read.
    mutating func beginReading(_ time: Int64) -> (UInt32, [Int64])? {
        let now = advance(time)
        defer { drainTurned() }
        var moments: Set<Int64> = []
        var isNeeded = history.hasNoReading && nodes.contains { !$0.templates.isEmpty }
        readings &+= 1
        for id in allCells {
            touch(id, now)
            let window = cells[Int(id)].window
            guard window.isUnread else { continue }
            isNeeded = true
            cells[Int(id)].window.reading = readings
            // An earlier reading may have failed half-way.
            (cells[Int(id)].window.spent, cells[Int(id)].window.inDoubt) = (0, 0)
            moments.formUnion([window.start, window.end])
        }
        guard isNeeded else { return nil }
        for node in nodes {
            for period in (node.eachKey + node.eachUser).compactMap(\.period) {
                let window = CalendarWindow(containing: now, period, node.zone)
                moments.formUnion([window.start, window.end])
            }
        }
        return (readings, moments.filter { $0 > .min && $0 < .max }.sorted())
    }

    /// Counts some of what a reading has found.
    mutating func read(_ spending: [PastSpending], _ number: UInt32, _ now: Int64) -> Bool {
        var isComplete = true
        for past in spending {
            let known = cellsMade
            if pick(past.scopes, now) != nil {
                isComplete = false
                continue
            }
            for id in picked where isMeant(id, past) {
                // Limits of keys and users that the reading has brought up have no holds that it does not know.
                if cellsMade > known, cells[Int(id)].window.isUnread, cells[Int(id)].window.reading == 0 {
                    cells[Int(id)].window.reading = number
                }
                if cells[Int(id)].window.isUnread, cells[Int(id)].window.reading == number { add(past, id) }
            }
        }
        drainTurned()
        return isComplete
    }

    /// Opens the windows that were read.
    mutating func finishReading(_ number: UInt32, _ reach: JournalReach, _ time: Int64) {
        history.noteReading(at: advance(time))
        for id in allCells {
            if cells[Int(id)].window.isUnread, cells[Int(id)].window.reading == number {
                finish(Int(id), reach)
                if cells[Int(id)].soft, cells[Int(id)].window.spent >= cells[Int(id)].limit { cells[Int(id)].isTold = true }
                if cells[Int(id)].waiting > 0 { turned.append(id) }
            } else if cells[Int(id)].window.isUnread {
                noteUnread()
            }
        }
        drainTurned()
    }

    /// Opens one window: what was charged meanwhile counts as far as the reading does not have it.
    private mutating func finish(_ index: Int, _ reach: JournalReach) {
        var window = cells[index].window
        for late in rules[index].late where late.window == window.number && !(late.mark.map(reach.includes) ?? false) {
            window.spent = window.spent.addingSaturated(late.amount)
        }
        rules[index].late.removeAll { $0.window == window.number }
        rules[index].fences.append(WindowFence(window: window.number, reach: reach))
        if rules[index].fences.count > CellRules.remembered { rules[index].fences.removeFirst() }
        window.isUnread = false
        window.reading = 0
        cells[index].window = window
    }

    /// What counts of a charge by an entry that was made before its window was read.
    mutating func fenced(_ entry: HoldEntry, _ charged: Int64, _ mark: JournalMark?) -> Int64 {
        let index = Int(entry.cell)
        if window(entry.cell, entry.number)?.isUnread ?? false {
            rules[index].late.append(LateCharge(window: entry.number, amount: charged, mark: mark))
            return 0
        }
        guard let mark, let fence = rules[index].fences.last(where: { $0.window == entry.number }) else { return charged }
        return fence.reach.includes(mark) ? 0 : charged
    }

    /// Counts a call that had no hold in the windows in which it began.
    mutating func count(_ past: PastSpending, _ mark: JournalMark?, _ now: Int64) {
        defer { drainTurned() }
        if pick(past.scopes, now) != nil { return }
        for id in picked where counts(id, past.model) {
            let (current, time) = (cells[Int(id)].window, past.time.microseconds)
            guard let window = current.contains(time) ? current : rules[Int(id)].others.last(where: { $0.contains(time) }) else { continue }
            var entry = HoldEntry(cell: id, number: window.number, held: 0, isJoined: true)
            entry.isFenced = true
            let kind = cells[Int(id)].kind
            let counted = fenced(entry, past.amount.units(kind), mark)
            let inDoubt = min(counted, past.doubt.units(kind))
            withWindow(id, window.number) {
                $0.settle(released: 0, charged: counted)
                $0.inDoubt = $0.inDoubt.addingSaturated(inDoubt)
            }
            if cells[Int(id)].soft { tellIfSoftIsReached(id) }
            if cells[Int(id)].waiting > 0 { turned.append(id) }
        }
    }
}
