internal import Core

extension LimitBook {
    /// The slot of a hold that is open.
    private func slot(_ id: HoldID) -> Int? {
        let index = Int(id.slot)
        guard slots.indices.contains(index), slots[index].isOpen, slots[index].generation == id.generation else { return nil }
        return index
    }

    /// Takes room for a call that begins now, in the windows of now, whatever windows the hold began in.
    /// - Parameter time: `nil`: the latest that is known.
    mutating func topUp(_ id: HoldID, _ amount: Spending, _ model: String?, _ time: Int64?) -> TopUp {
        guard let index = slot(id) else { return .ended }
        let now = advance(time ?? now)
        defer { drainTurned() }
        let model = model ?? slots[index].model
        for position in slots[index].entries.indices {
            let entry = slots[index].entries[position]
            guard !entry.isPast, counts(entry.cell, model) else { continue }
            touch(entry.cell, now)
            let need = need(entry, amount, slots[index].requests)
            let cell = cells[Int(entry.cell)]
            // A limit that came into force under the request does not stop it while the limit's window is being read.
            if cell.window.isUnread, entry.number == cell.window.number { continue }
            let room = cell.room(for: need)
            if room != .enough { return .refused(topUpRefusal(room, entry.cell, need)) }
        }
        for position in slots[index].entries.indices where counts(slots[index].entries[position].cell, model) {
            take(amount, index, position)
        }
        slots[index].covers.append(CallCover(model, amount, began: now))
        return .held
    }

    /// Reserves what a call needs of one limit.
    private mutating func take(_ amount: Spending, _ index: Int, _ position: Int) {
        var entry = slots[index].entries[position]
        if entry.isPast { return }
        let need = need(entry, amount, slots[index].requests)
        let cell = Int(entry.cell)
        if entry.number != cells[cell].window.number, need > 0 {
            if entry.held == 0 {
                withWindow(entry.cell, entry.number) { $0.holds -= 1 }
            } else {
                // Calls of an earlier window are under way.
                slots[index].entries[position].isPast = true
                slots[index].isIrregular = true
                slots[index].entries.append(entry)
                cells[cell].holds += 1
                entry.held = 0
            }
            cells[cell].window.holds += 1
            entry.number = cells[cell].window.number
            entry.isFenced = cells[cell].window.isUnread
        }
        let place = slots[index].entries[position].isPast ? slots[index].entries.count - 1 : position
        withWindow(entry.cell, entry.number) { $0.hold(need) }
        if slots[index].serial <= cells[cell].claimMark, entry.number == cells[cell].window.number {
            cells[cell].older = cells[cell].older.addingSaturated(need)
        }
        entry.held = entry.held.addingSaturated(need)
        entry.isJoined = true
        slots[index].entries[place] = entry
    }

    @inline(__always)
    func counts(_ id: CellID, _ model: String) -> Bool { !cells[Int(id)].isRestricted || rules[Int(id)].counts(model) }

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
        case .unread: refusal(.unread, id, need)
        case .held, .enough: refusal(.held, id, need)
        }
    }

    /// Charges a call, and gives back what was reserved for it.
    mutating func charge(_ id: HoldID, _ call: EndedCall, _ mark: JournalMark?, _ now: Int64) -> Bool {
        defer { drainTurned() }
        return chargeBeforeOthers(id, call, mark, now)
    }

    /// The same before the requests in line get what has become free.
    private mutating func chargeBeforeOthers(_ id: HoldID, _ call: EndedCall, _ mark: JournalMark?, _ now: Int64) -> Bool {
        guard let index = slot(id) else { return false }
        _ = advance(now)
        let (actual, doubt, reserved) = (call.actual, call.doubt, call.reserved)
        let model = call.model ?? slots[index].model
        let began = slots[index].takeCover(model, reserved)
        var isOverrun = false
        for position in slots[index].entries.indices where counts(slots[index].entries[position].cell, model) {
            let entry = slots[index].entries[position]
            let kind = cells[Int(entry.cell)].kind
            slots[index].entries[position].isJoined = entry.isJoined || !entry.isLate
            if call.wasMade { slots[index].entries[position].isCharged = true }
            // Requests are those of the client, and count when the hold ends.
            if kind == .requests || kind == .concurrent { continue }
            if slots[index].isIrregular, !isMeant(position, index, began) { continue }
            let charged = actual.units(kind)
            // A call that cost more than was reserved for it uses what the hold has for others: all together stay within the limit.
            let released = min(entry.held, max(reserved.units(kind), charged))
            let counted = settle(entry, slots[index].serial, released: released, charged: charged, mark)
            let inDoubt = min(counted, doubt.units(kind))
            if inDoubt > 0 { withWindow(entry.cell, entry.number) { $0.inDoubt = $0.inDoubt.addingSaturated(inDoubt) } }
            slots[index].entries[position].held -= released
            if charged > entry.held { isOverrun = true }
        }
        return isOverrun
    }

    /// Whether an entry is the one of its limit that is about a call that began at `began`.
    private func isMeant(_ position: Int, _ index: Int, _ began: Int64) -> Bool {
        let entry = slots[index].entries[position]
        if window(entry.cell, entry.number)?.contains(began) ?? false { return true }
        if entry.isPast || entry.isLate { return false }
        return !slots[index].entries.contains { other in
            other.isPast && other.cell == entry.cell && window(other.cell, other.number)?.contains(began) ?? false
        }
    }

    func window(_ id: CellID, _ number: UInt32) -> WindowCount? {
        let current = cells[Int(id)].window
        return current.number == number ? current : rules[Int(id)].others.last { $0.number == number }
    }

    /// Charges calls that are over, then reserves more for the next one: the next call gets what they give back before requests in line
    /// do.
    /// - Parameter need: what the next one needs, by what is then left for it.
    mutating func exchange(
        _ id: HoldID, _ ended: [EndedCall], _ scopes: RequestScopes, _ model: String, _ now: Int64, _ need: (Headroom) -> Spending?
    ) -> TopUp? {
        defer { drainTurned() }
        for call in ended { _ = chargeBeforeOthers(id, call, nil, now) }
        guard let amount = need(headroomBeforeOthers(scopes, model, now)) else { return nil }
        return topUp(id, amount, model, now)
    }

    /// The way in which a hold ends.
    enum Ending {
        /// Charges this, for a call of this model (`nil`: that of the reservation), and gives back what is left. The record of the call is at
        /// `mark`; `nil`: it has none.
        case settled(Spending, model: String?, mark: JournalMark?)
        /// Nothing was sent: gives everything back.
        case released
        /// Its owner has lost it: everything held counts as spent.
        case lost
        /// The hold was never handed out.
        case undone
    }

    /// Ends a hold.
    /// - Returns: whether more was charged than was held.
    @discardableResult
    mutating func end(_ id: HoldID, _ ending: Ending, _ now: Int64) -> Bool {
        guard let index = slot(id) else { return false }
        _ = advance(now)
        var isOverrun = false
        var mark: JournalMark?
        if case .settled(_, _, let last) = ending { mark = last }
        for position in slots[index].entries.indices {
            let entry = slots[index].entries[position]
            let charged = charge(entry, index, ending)
            settle(entry, slots[index].serial, released: entry.held, charged: charged, mark)
            withWindow(entry.cell, entry.number) { $0.holds -= 1 }
            cells[Int(entry.cell)].holds -= 1
            freeIfUnused(entry.cell)
            if charged > entry.held { isOverrun = true }
        }
        slots[index].close()
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
        case .settled(let actual, let model, _):
            if entry.isPast || (entry.isLate && !entry.isJoined) { return 0 }
            let isCounted = counts(entry.cell, model ?? slots[slot].model)
            guard kind == .requests else { return isCounted ? actual.units(kind) : 0 }
            return isCounted || entry.isCharged ? max(actual.requests, slots[slot].requests) : 0
        }
    }

    /// - Returns: how much of `charged` was counted now.
    @discardableResult
    @inline(__always)
    private mutating func settle(_ entry: HoldEntry, _ serial: UInt64, released: Int64, charged: Int64, _ mark: JournalMark?) -> Int64 {
        let index = Int(entry.cell)
        let counted = entry.isFenced && charged > 0 ? fenced(entry, charged, mark) : charged
        withWindow(entry.cell, entry.number) { $0.settle(released: released, charged: counted) }
        if cells[index].soft { tellIfSoftIsReached(entry.cell) }
        guard cells[index].waiting > 0 else { return counted }
        turned.append(entry.cell)
        if serial <= cells[index].claimMark, entry.number == cells[index].window.number {
            cells[index].older = max(0, cells[index].older - released)
        }
        return counted
    }
}

extension HoldSlot {
    /// Notes that a call is over.
    /// - Returns: when its room was taken.
    fileprivate mutating func takeCover(_ model: String, _ reserved: Spending) -> Int64 {
        let exact = covers.firstIndex { $0.usd == reserved.usd.nanos && $0.tokens == reserved.tokens && $0.model == model }
        guard let place = exact ?? covers.firstIndex(where: { $0.model == model }) else { return covers.last?.began ?? .min }
        let began = covers[place].began
        covers[place].usd = max(0, covers[place].usd - reserved.usd.nanos)
        covers[place].tokens = max(0, covers[place].tokens - reserved.tokens)
        if covers[place].usd == 0, covers[place].tokens == 0 { covers.remove(at: place) }
        return began
    }

    fileprivate mutating func close() {
        entries.removeAll(keepingCapacity: true)
        covers.removeAll(keepingCapacity: true)
        isOpen = false
        isIrregular = false
        generation &+= 1
    }
}

/// What came of asking for more.
public enum TopUp: Hashable, Sendable {
    /// The amount is reserved.
    case held
    /// Nothing more was reserved; what was, still is.
    case refused(LimitRefusal)
    /// The hold was ended before.
    case ended
}
