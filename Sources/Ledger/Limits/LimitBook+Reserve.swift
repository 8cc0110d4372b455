internal import Chat

/// Names a hold. The generation tells apart those that had the same slot one after the other.
struct HoldID: Hashable, Sendable {
    let slot: Int32
    let generation: UInt32
}

/// What a hold has set aside in one limit.
struct HoldEntry {
    let cell: CellID
    /// Which window of the cell.
    let number: UInt32
    var held: Int64
    /// Whether the limit counts the request: a limit on other models does not, until one of them is called.
    var isJoined: Bool
    /// Whether a call that the limit counts was charged.
    var isCharged = false
}

/// A hold: what one request has set aside in all limits that bind it, those on other models included. Its storage is used again and again.
struct HoldSlot {
    var generation: UInt32 = 0
    var isOpen = false
    var entries: [HoldEntry] = []
    var requests: Int64 = 0
    var model = ""
}

/// What came of asking for room once.
enum Admission {
    case held(HoldID)
    /// In the way of it: a cell that may be waited for.
    case mustWait(CellID, need: Int64)
    indirect case refused(LimitRefusal)
}

/// Until when a request can wait, in microseconds since 1970.
struct Patience {
    let arrival: Int64
    let end: Int64
    /// The request's place among those that wait; `nil`: it has none yet.
    var waiter: WaiterID?
    /// The cell in whose line it is the first.
    var line: CellID?
}

extension LimitBook {
    enum QuickResult {
        case held(HoldID)
        indirect case mustWait(LimitRefusal)
        indirect case refused(LimitRefusal)
    }

    mutating func reserve(_ request: SpendRequest, _ now: Int64) -> QuickResult {
        switch newcomer(request, Patience(arrival: now, end: .max)) {
        case .held(let id): .held(id)
        case .refused(let refusal): .refused(refusal)
        case .mustWait(let id, let need): .mustWait(refusal(.held, id, need))
        }
    }

    /// Asks for one that is not in line yet, after those have had their turn whose windows have ended.
    mutating func newcomer(_ request: SpendRequest, _ patience: Patience) -> Admission {
        let result = admit(request, patience, patience.arrival)
        guard !turned.isEmpty else { return result }
        // Lines may move because a window has turned. Those in line go first.
        if case .held(let id) = result { end(id, .undone, now) }
        drainTurned()
        return admit(request, patience, patience.arrival)
    }

    /// Sets the request's amount aside in all its limits, or in none.
    mutating func admit(_ request: SpendRequest, _ patience: Patience, _ now: Int64) -> Admission {
        guard pick(request.scopes, now) else { return .refused(refusal(.tooManyScopes)) }
        var wait: (CellID, Int64)?
        var isLeaseShort = false
        for index in picked.indices {
            let id = picked[index]
            if cells[Int(id)].isRestricted, !rules[Int(id)].counts(request.model) { continue }
            let need = need(of: id, request.amount)
            switch cells[Int(id)].room(for: need, in: cells[Int(id)].window) {
            case .enough: if wait == nil, mustQueue(id, need, patience) { wait = (id, need) }
            case .lease: isLeaseShort = true
            case let room:
                guard canWait(id, room, need, patience) else { return refuse(request, patience, at: index) }
                if wait == nil { wait = (id, need) }
            }
        }
        if isLeaseShort { return .refused(leaseRefusal(request)) }
        if let (id, need) = wait { return .mustWait(id, need: need) }
        return .held(open(request))
    }

    @inline(__always)
    func need(of id: CellID, _ amount: Spending) -> Int64 {
        let kind = cells[Int(id)].kind
        return kind == .concurrent ? 1 : amount.units(kind)
    }

    /// Whether others who came earlier wait for the same limit.
    @inline(__always)
    private func mustQueue(_ id: CellID, _ need: Int64, _ patience: Patience) -> Bool {
        guard cells[Int(id)].waiting > 0, need > 0, id != patience.line else { return false }
        guard let waiter = patience.waiter, let oldest = queues[id]?.oldest else { return true }
        return oldest < waiter
    }

    private func canWait(_ id: CellID, _ room: LimitCell.Room, _ need: Int64, _ patience: Patience) -> Bool {
        let cell = cells[Int(id)]
        let wait = rules[Int(id)].terms.wait
        if room == .held, wait == nil { return cell.kind == .usd || cell.kind == .tokens }
        guard wait != nil else { return false }
        let end = patienceEnd(id, patience)
        // A limit that is spent is worth waiting for when its next window begins in time and is large enough.
        return room == .held ? now < end : cell.window.end <= end && need <= cell.limit
    }

    /// Until when a request can wait for a limit.
    func patienceEnd(_ id: CellID, _ patience: Patience) -> Int64 {
        guard let wait = rules[Int(id)].terms.wait else { return patience.end }
        return min(patience.end, patience.arrival.addingSaturated(wait))
    }

    /// Names of all limits that are in the way the one that is longest: who comes back when another has room would be refused again.
    /// - Parameter index: the first of them in `picked`.
    private mutating func refuse(_ request: SpendRequest, _ patience: Patience, at index: Int) -> Admission {
        var longest = (id: picked[index], need: need(of: picked[index], request.amount), end: Int64.min)
        for id in picked[index...] where rules[Int(id)].counts(request.model) {
            let (cell, need) = (cells[Int(id)], need(of: id, request.amount))
            guard cell.room(for: need, in: cell.window) == .spent, !canWait(id, .spent, need, patience) else { continue }
            let end = need > cell.limit ? .max : cell.window.end
            if end > longest.end { longest = (id, need, end) }
        }
        noteTurnedAway(longest.id)
        guard longest.end > .min else { return .refused(refusal(.held, longest.id, longest.need)) }
        tell(.refused, longest.id)
        return .refused(refusal(.spent, longest.id, longest.need))
    }

    private mutating func open(_ request: SpendRequest) -> HoldID {
        let slot = freeSlots.popLast() ?? newSlot()
        let index = Int(slot)
        slots[index].isOpen = true
        slots[index].requests = request.amount.requests
        slots[index].model = request.model
        for position in picked.indices {
            let id = picked[position]
            let counts = !cells[Int(id)].isRestricted || rules[Int(id)].counts(request.model)
            let held = counts ? need(of: id, request.amount) : 0
            cells[Int(id)].window.hold(held)
            cells[Int(id)].window.holds += 1
            cells[Int(id)].holds += 1
            slots[index].entries.append(HoldEntry(cell: id, number: cells[Int(id)].window.number, held: held, isJoined: counts))
        }
        return HoldID(slot: slot, generation: slots[index].generation)
    }

    private mutating func newSlot() -> Int32 {
        slots.append(HoldSlot())
        return Int32(slots.count - 1)
    }
}
