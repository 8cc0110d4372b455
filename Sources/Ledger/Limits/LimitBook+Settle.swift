internal import Chat

extension LimitBook {
    /// The slot of a hold that is open.
    private func slot(_ id: HoldID) -> Int? {
        let index = Int(id.slot)
        guard slots.indices.contains(index), slots[index].isOpen, slots[index].generation == id.generation else { return nil }
        return index
    }

    mutating func topUp(_ id: HoldID, _ amount: Spending, _ model: String?) -> TopUp {
        guard let index = slot(id) else { return .ended }
        let model = model ?? slots[index].model
        let requests = slots[index].requests
        for position in slots[index].entries.indices {
            let entry = slots[index].entries[position]
            guard counts(entry.cell, model) else { continue }
            let need = need(entry, amount, requests)
            let cell = cells[Int(entry.cell)]
            let room = withWindow(entry.cell, entry.number) { cell.room(for: need, in: $0, isCurrent: $1) } ?? .enough
            if room != .enough { return .refused(topUpRefusal(room, entry.cell, need)) }
        }
        for position in slots[index].entries.indices where counts(slots[index].entries[position].cell, model) {
            let entry = slots[index].entries[position]
            let need = need(entry, amount, requests)
            withWindow(entry.cell, entry.number) { window, _ in window.hold(need) }
            slots[index].entries[position].held = entry.held.addingSaturated(need)
            slots[index].entries[position].isJoined = true
        }
        return .held
    }

    @inline(__always)
    private func counts(_ id: CellID, _ model: String) -> Bool { !cells[Int(id)].isRestricted || rules[Int(id)].counts(model) }

    private func need(_ entry: HoldEntry, _ amount: Spending, _ requests: Int64) -> Int64 {
        let kind = cells[Int(entry.cell)].kind
        let more = amount.units(kind)
        if entry.isJoined { return more }
        switch kind {
        case .requests: return more.addingSaturated(requests)
        case .concurrent: return 1
        case .usd, .tokens: return more
        }
    }

    private func topUpRefusal(_ room: LimitCell.Room, _ id: CellID, _ need: Int64) -> LimitRefusal {
        switch room {
        case .lease: refusal(.needsLease([leaseNeed(id, need)]), id, need)
        case .spent: refusal(.spent, id, need)
        case .held, .enough: refusal(.held, id, need)
        }
    }

    /// Charges a call, and gives back what was reserved for it.
    /// - Parameter doubt: the part of `actual` that is not known to be spent.
    mutating func charge(_ id: HoldID, _ actual: Spending, doubt: Spending, _ reserved: Spending, _ model: String?, _ now: Int64) -> Bool {
        guard let index = slot(id) else { return false }
        self.now = now
        let model = model ?? slots[index].model
        var isOverrun = false
        for position in slots[index].entries.indices where counts(slots[index].entries[position].cell, model) {
            let entry = slots[index].entries[position]
            let kind = cells[Int(entry.cell)].kind
            slots[index].entries[position].isJoined = true
            slots[index].entries[position].isCharged = true
            // Requests are those of the client, and count when the hold ends.
            if kind == .requests || kind == .concurrent { continue }
            let charged = actual.units(kind)
            // A call that cost more than was reserved for it uses what the hold has for others: all together stay within the limit.
            let released = min(entry.held, max(reserved.units(kind), charged))
            settle(entry, released: released, charged: charged)
            let inDoubt = min(charged, doubt.units(kind))
            if inDoubt > 0 { withWindow(entry.cell, entry.number) { window, _ in window.inDoubt = window.inDoubt.addingSaturated(inDoubt) } }
            slots[index].entries[position].held -= released
            if charged > entry.held { isOverrun = true }
        }
        drainTurned()
        return isOverrun
    }

    /// How a hold ends.
    enum Ending {
        /// Charges this, for a call of this model (`nil`: that of the reservation), and gives back what is left.
        case settled(Spending, model: String?)
        /// Nothing was sent: gives everything back.
        case released
        /// Its owner has lost it: everything held counts as spent.
        case lost
        /// Nobody has seen it.
        case undone
    }

    /// Ends a hold.
    /// - Returns: whether more was charged than was held.
    @discardableResult
    mutating func end(_ id: HoldID, _ ending: Ending, _ now: Int64) -> Bool {
        guard let index = slot(id) else { return false }
        self.now = now
        var isOverrun = false
        for position in slots[index].entries.indices {
            let entry = slots[index].entries[position]
            let charged = charge(entry, index, ending)
            settle(entry, released: entry.held, charged: charged)
            withWindow(entry.cell, entry.number) { window, _ in window.holds -= 1 }
            cells[Int(entry.cell)].holds -= 1
            freeIfUnused(entry.cell)
            if charged > entry.held { isOverrun = true }
        }
        slots[index].entries.removeAll(keepingCapacity: true)
        slots[index].isOpen = false
        slots[index].generation &+= 1
        freeSlots.append(id.slot)
        if case .undone = ending { return false }
        drainTurned()
        return isOverrun
    }

    @inline(__always)
    private func charge(_ entry: HoldEntry, _ slot: Int, _ ending: borrowing Ending) -> Int64 {
        let kind = cells[Int(entry.cell)].kind
        switch copy ending {
        case .released, .undone: return 0
        case .lost: return kind == .concurrent ? 0 : entry.held
        case .settled(let actual, let model):
            let isCounted = !cells[Int(entry.cell)].isRestricted || rules[Int(entry.cell)].counts(model ?? slots[slot].model)
            guard kind == .requests else { return isCounted ? actual.units(kind) : 0 }
            return isCounted || entry.isCharged ? max(actual.requests, slots[slot].requests) : 0
        }
    }

    @inline(__always)
    private mutating func settle(_ entry: HoldEntry, released: Int64, charged: Int64) {
        withWindow(entry.cell, entry.number) { window, _ in window.settle(released: released, charged: charged) }
        let index = Int(entry.cell)
        if cells[index].soft { tellIfSoftIsReached(entry.cell) }
        if cells[index].waiting > 0 { turned.append(entry.cell) }
    }
}

/// What came of asking for more.
public enum TopUp: Hashable, Sendable {
    /// It is set aside.
    case held
    /// Nothing more was set aside; what was, still is.
    case refused(LimitRefusal)
    /// The hold was ended before.
    case ended
}
