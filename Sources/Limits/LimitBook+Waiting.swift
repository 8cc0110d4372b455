internal import Core

extension LimitBook {
    enum PatientResult {
        case held(HoldID)
        case waiting(WaiterID, after: Int64)
        indirect case refused(LimitRefusal)
    }

    mutating func reserve(
        _ request: SpendRequest, _ now: Int64, patience: Int64, _ notify: @escaping @Sendable (WaitOutcome) -> Void
    ) -> PatientResult {
        switch newcomer(request, now, patience: patience) {
        case .held(let id): return .held(id)
        case .refused(let refusal): return .refused(refusal)
        case .mustWait(let cell, let need):
            guard waiters.count < LimitBounds.waiting else { return .refused(refusal(.tooManyWaiting, cell, need)) }
            arrivals += 1
            let new = newPatience(patience)
            let waiter = Waiter(
                request: request, arrival: new.arrival, patience: new.end, end: new.end, cell: cell, group: 0, need: need, notify: notify)
            waiters[arrivals] = waiter
            queue(arrivals, at: cell, need)
            return .waiting(arrivals, after: delay(arrivals) ?? 0)
        }
    }

    /// Puts a waiter into the line for a limit.
    private mutating func queue(_ id: WaiterID, at cell: CellID, _ need: Int64) {
        guard var waiter = waiters[id] else { return }
        waiter.cell = cell
        waiter.need = need
        waiter.end = patienceEnd(cell, Patience(arrival: waiter.arrival, end: waiter.patience))
        waiter.group = group(of: waiter.request.scopes.team, below: rules[Int(cell)].node)
        waiters[id] = waiter
        cells[Int(cell)].waiting += 1
        noteTurnedAway(cell)
        queues[cell, default: WaitQueue()].insert(id, need, waiter.group, weight: nodes[Int(waiter.group)].weight)
        callFirst(cell)
    }

    /// The scope directly below `node` through which requests of `team` come; `node` where there is none.
    private mutating func group(of team: String, below node: NodeID) -> NodeID {
        var below = nodeID(team)
        while below != node, nodes[Int(below)].parent >= 0 {
            if nodes[Int(below)].parent == node { return below }
            below = nodes[Int(below)].parent
        }
        return node
    }

    private mutating func leave(_ id: WaiterID, _ waiter: Waiter) {
        queues[waiter.cell]?.remove(id, waiter.need, waiter.group)
        cells[Int(waiter.cell)].waiting -= 1
        if cells[Int(waiter.cell)].waiting == 0 { queues[waiter.cell] = nil }
        if cells[Int(waiter.cell)].claimant == id {
            cells[Int(waiter.cell)].claimant = 0
            cells[Int(waiter.cell)].claim = 0
            callFirst(waiter.cell)
        }
    }

    /// Makes the request whose turn it is the first in line, unless there is one: the holds of this moment are those that are older.
    private mutating func callFirst(_ cell: CellID) {
        let index = Int(cell)
        guard cells[index].claimant == 0, let next = queues[cell]?.next, let waiter = waiters[next] else { return }
        cells[index].claimant = next
        cells[index].claim = max(1, waiter.need)
        cells[index].claimMark = holdsBegun
        cells[index].older = cells[index].window.held
    }

    /// Gives room to requests that wait for the cells in `turned`, as far as the room goes.
    @inline(__always)
    mutating func drainTurned() {
        if !turned.isEmpty { drainAll() }
    }

    private mutating func drainAll() {
        while let cell = turned.popLast() {
            while cells[Int(cell)].claim > 0, let waiter = waiters[cells[Int(cell)].claimant],
                serve(cells[Int(cell)].claimant, waiter)
            {}
            while let id = nextThatFits(cell), let waiter = waiters[id], serve(id, waiter) {}
        }
    }

    /// The request behind the first in line that may pass it.
    private func nextThatFits(_ cell: CellID) -> WaiterID? {
        let (index, free) = (Int(cell), cells[Int(cell)].free)
        guard cells[index].waiting > 1, free > 0, !cells[index].window.isUnread else { return nil }
        return queues[cell]?.next(needing: free) { waiters[$0]?.need ?? .max }
    }

    /// Tries to give room to a request in line.
    /// - Returns: whether the line has moved.
    private mutating func serve(_ id: WaiterID, _ waiter: Waiter) -> Bool {
        switch admit(waiter.request, Patience(arrival: waiter.arrival, end: waiter.patience, waiter: id), now) {
        case .held(let hold):
            let limit = Double(max(1, cells[Int(waiter.cell)].limit))
            queues[waiter.cell]?.give(Double(waiter.need) / limit, to: waiter.group)
            finish(id, waiter, .held(hold))
        case .refused(let refusal): finish(id, waiter, .refused(refusal))
        case .mustWait(let cell, let need):
            if cell == waiter.cell { return false }
            leave(id, waiter)
            queue(id, at: cell, need)
        }
        return true
    }

    private mutating func finish(_ id: WaiterID, _ waiter: Waiter, _ outcome: Delivery.Outcome) {
        leave(id, waiter)
        conclude(id, waiter, outcome)
    }

    private mutating func conclude(_ id: WaiterID, _ waiter: Waiter, _ outcome: Delivery.Outcome) {
        waiters[id] = nil
        deliver(outcome, waiter.notify)
    }

    /// Tries one waiter again because its wake time has come.
    /// - Returns: after how many microseconds to look again; `nil` when it does not wait any more.
    mutating func wake(_ id: WaiterID, _ time: Int64) -> Int64? {
        guard let waiter = waiters[id] else { return nil }
        touch(waiter.cell, advance(time))
        turned.append(waiter.cell)
        drainTurned()
        guard let waiter = waiters[id] else { return nil }
        guard uptime >= waiter.end else { return delay(id) }
        finish(id, waiter, .refused(waitRefusal(waiter.cell, waiter.need)))
        turned.append(waiter.cell)
        drainTurned()
        return nil
    }

    /// How long until a waiter is to be tried again, in microseconds.
    private func delay(_ id: WaiterID) -> Int64? {
        waiters[id].map { waiter in
            let patience = waiter.end.subtractingSaturated(uptime)
            return max(0, min(patience, cells[Int(waiter.cell)].window.end.subtractingSaturated(now)))
        }
    }

    mutating func cancel(_ id: WaiterID) -> Bool {
        guard let waiter = waiters[id] else { return false }
        leave(id, waiter)
        waiters[id] = nil
        // Those behind it may fit where it did not.
        turned.append(waiter.cell)
        drainTurned()
        return true
    }

    /// Takes all that wait out of their lines, in the order of arrival.
    mutating func leaveAll() -> [(WaiterID, Waiter)] {
        let waiting = waiters.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        for (id, waiter) in waiting { leave(id, waiter) }
        return waiting
    }

    /// Asks again for those that had left their lines.
    mutating func requeue(_ waiting: [(WaiterID, Waiter)]) {
        for (id, waiter) in waiting {
            switch admit(waiter.request, Patience(arrival: waiter.arrival, end: waiter.patience, waiter: id), now) {
            case .held(let hold): conclude(id, waiter, .held(hold))
            case .refused(let refusal): conclude(id, waiter, .refused(refusal))
            case .mustWait(let cell, let need): queue(id, at: cell, need)
            }
        }
        drainTurned()
    }
}
