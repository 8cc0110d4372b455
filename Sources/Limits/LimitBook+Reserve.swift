internal import Core

/// Names a hold. The generation tells apart those that had the same slot one after the other.
struct HoldID: Hashable, Sendable {
    let slot: Int32
    let generation: UInt32
}

/// What a hold has reserved in one limit.
struct HoldEntry {
    let cell: CellID
    /// The number of the cell's window in which the amount is reserved.
    var number: UInt32
    var held: Int64
    /// Whether the limit counts the request: a limit on other models does not, until one of them is called.
    var isJoined: Bool
    /// Whether a call that the limit counts was charged.
    var isCharged = false
    /// Whether a later entry of the hold is about the same limit: calls that begin now count in a later window.
    var isPast = false
    /// Whether the limit came into force after the hold had begun: calls that began before its window do not count in it.
    var isLate = false
    /// Whether the entry was made before its window was read: what the reading has is not counted again.
    var isFenced = false
}

/// A call that is covered and not charged yet.
struct CallCover {
    var model: String
    var usd: Int64
    var tokens: Int64
    /// When its room was taken, in microseconds since 1970.
    let began: Int64
}

/// A hold: what one request has reserved in all limits that bind it, those on other models included. Its storage is used again and again.
struct HoldSlot {
    var generation: UInt32 = 0
    var isOpen = false
    var entries: [HoldEntry] = []
    var covers: [CallCover] = []
    var requests: Int64 = 0
    var model = ""
    var scopes = RequestScopes(team: "")
    /// Holds are numbered in the order of their beginnings.
    var serial: UInt64 = 0
    /// Whether some entry is past or late, so that a charge must look for the right one.
    var isIrregular = false
}

/// What came of asking for room once.
enum Admission {
    case held(HoldID)
    /// The cell has no room now, but the request may wait for it.
    case mustWait(CellID, need: Int64)
    indirect case refused(LimitRefusal)
}

/// Until when a request can wait, in microseconds of a monotonic clock (``LimitBook/uptime``).
struct Patience {
    let arrival: Int64
    let end: Int64
    /// The request's place among those that wait; `nil`: it has none yet.
    var waiter: WaiterID?
}

extension LimitBook {
    enum QuickResult {
        case held(HoldID)
        indirect case mustWait(LimitRefusal)
        indirect case refused(LimitRefusal)
    }

    mutating func reserve(_ request: SpendRequest, _ now: Int64) -> QuickResult {
        switch newcomer(request, now, patience: .max) {
        case .held(let id): .held(id)
        case .refused(let refusal): .refused(refusal)
        case .mustWait(let id, let need): .mustWait(waitRefusal(id, need))
        }
    }

    /// The refusal of a request that has waited long enough, or may not wait.
    func waitRefusal(_ id: CellID, _ need: Int64) -> LimitRefusal { refusal(cells[Int(id)].window.isUnread ? .unread : .held, id, need) }

    /// Asks for one that is not in line yet, after those have had their turn whose windows have ended.
    /// - Parameter patience: how long it can wait, in microseconds.
    mutating func newcomer(_ request: SpendRequest, _ now: Int64, patience: Int64) -> Admission {
        let result = admit(request, nil, now, patience)
        guard !turned.isEmpty else { return result }
        // Lines may move because a window has turned. Those in line go first.
        if case .held(let id) = result { end(id, .undone, now) }
        drainTurned()
        return admit(request, nil, now, patience)
    }

    /// Reserves the request's amount in all its limits, or in none.
    /// - Parameters:
    ///   - known: its patience, if it has begun to wait.
    ///   - longest: how long it can wait, if it has not, in microseconds.
    mutating func admit(_ request: SpendRequest, _ known: Patience?, _ time: Int64, _ longest: Int64 = 0) -> Admission {
        if let crowd = pick(request.scopes, time) { return .refused(refusal(.tooManyScopes(crowd))) }
        var wait: (CellID, Int64)?
        var isLeaseShort = false
        for index in picked.indices {
            let id = picked[index]
            if cells[Int(id)].isRestricted, !rules[Int(id)].counts(request.model) { continue }
            let need = need(of: id, request.amount)
            switch cells[Int(id)].room(for: need) {
            case .enough: if cells[Int(id)].claim > 0, wait == nil, mustQueue(id, need, known?.waiter) { wait = (id, need) }
            case .lease: isLeaseShort = true
            case let room:
                let patience = known ?? newPatience(longest)
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

    func newPatience(_ longest: Int64) -> Patience {
        let arrival = uptime
        return Patience(arrival: arrival, end: arrival.addingSaturated(max(0, longest)))
    }

    /// Whether there is room only because the request that is first in line has not taken what is kept for it. Those that came before that one
    /// need not leave it anything.
    private func mustQueue(_ id: CellID, _ need: Int64, _ waiter: WaiterID?) -> Bool {
        let cell = cells[Int(id)]
        if need == 0 || cell.soft || cell.isRetired { return false }
        if let waiter, waiter <= cell.claimant { return false }
        return need > cell.free
    }

    private func canWait(_ id: CellID, _ room: LimitCell.Room, _ need: Int64, _ patience: Patience) -> Bool {
        let cell = cells[Int(id)]
        if room == .unread { return uptime < patience.end }
        let wait = rules[Int(id)].terms.wait
        if room == .held, wait == nil { return cell.kind == .usd || cell.kind == .tokens }
        guard wait != nil else { return false }
        let end = patienceEnd(id, patience)
        // A limit that is spent is worth waiting for when its next window begins in time and is large enough.
        return room == .held
            ? uptime < end : cell.window.end.subtractingSaturated(now) <= end.subtractingSaturated(uptime) && need <= cell.limit
    }

    /// Until when a request can wait for a limit.
    func patienceEnd(_ id: CellID, _ patience: Patience) -> Int64 {
        guard let wait = rules[Int(id)].terms.wait else { return patience.end }
        return min(patience.end, patience.arrival.addingSaturated(wait))
    }

    /// Of all limits that refuse the request, reports the one that resets last, so that a retry after that time succeeds.
    /// - Parameter index: the first of them in `picked`.
    private mutating func refuse(_ request: SpendRequest, _ patience: Patience, at index: Int) -> Admission {
        var longest = (id: picked[index], need: need(of: picked[index], request.amount), end: Int64.min)
        for id in picked[index...] where rules[Int(id)].counts(request.model) {
            let (cell, need) = (cells[Int(id)], need(of: id, request.amount))
            guard cell.room(for: need) == .spent, !canWait(id, .spent, need, patience) else { continue }
            let end = need > cell.limit ? .max : cell.window.end
            if end > longest.end { longest = (id, need, end) }
        }
        noteTurnedAway(longest.id)
        if cells[Int(longest.id)].window.isUnread { return .refused(refusal(.unread, longest.id, longest.need)) }
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
        slots[index].scopes = request.scopes
        holdsBegun += 1
        slots[index].serial = holdsBegun
        slots[index].covers.append(CallCover(request.model, request.amount, began: now))
        for position in picked.indices {
            let id = picked[position]
            let counts = !cells[Int(id)].isRestricted || rules[Int(id)].counts(request.model)
            let held = counts ? need(of: id, request.amount) : 0
            cells[Int(id)].window.hold(held)
            cells[Int(id)].window.holds += 1
            cells[Int(id)].holds += 1
            var entry = HoldEntry(cell: id, number: cells[Int(id)].window.number, held: held, isJoined: counts)
            entry.isFenced = cells[Int(id)].window.isUnread
            slots[index].entries.append(entry)
        }
        return HoldID(slot: slot, generation: slots[index].generation)
    }

    private mutating func newSlot() -> Int32 {
        slots.append(HoldSlot())
        return Int32(slots.count - 1)
    }
}

extension CallCover {
    init(_ model: String, _ amount: Spending, began: Int64) {
        self.init(model: model, usd: amount.usd.nanos, tokens: amount.tokens, began: began)
    }

    func units(_ kind: LimitKind) -> Int64 {
        switch kind {
        case .usd: usd
        case .tokens: tokens
        case .requests, .concurrent: 0
        }
    }
}
