internal import Core

extension LimitBook {
    /// A refusal that no limit is the cause of.
    func refusal(_ reason: LimitRefusal.Reason) -> LimitRefusal {
        LimitRefusal(reason: reason, state: nil, needed: 0, retryAfter: .seconds(1))
    }

    func refusal(_ reason: LimitRefusal.Reason, _ id: CellID, _ need: Int64) -> LimitRefusal {
        let state = state(id)
        return LimitRefusal(reason: reason, state: state, needed: need, retryAfter: retryAfter(reason, state, need))
    }

    private func retryAfter(_ reason: LimitRefusal.Reason, _ state: LimitState, _ need: Int64) -> Duration? {
        guard reason == .spent else { return .seconds(1) }
        guard let resets = state.resets, need <= state.limit else { return nil }
        return .microseconds(max(1, resets.microseconds.subtractingSaturated(now)))
    }

    /// Names all slices of a request that are too small. `picked` holds its cells.
    func leaseRefusal(_ request: SpendRequest) -> LimitRefusal {
        var needs: [LeaseNeed] = []
        var first: (CellID, Int64)?
        for id in picked where rules[Int(id)].counts(request.model) {
            let cell = cells[Int(id)]
            let need = need(of: id, request.amount)
            guard cell.isLeased, cell.room(for: need) == .lease else { continue }
            needs.append(leaseNeed(id, need))
            first = first ?? (id, need)
        }
        guard let (id, need) = first else { return refusal(.needsLease(needs)) }
        return refusal(.needsLease(needs), id, need)
    }

    func leaseNeed(_ id: CellID, _ need: Int64) -> LeaseNeed {
        let (cell, state) = (cells[Int(id)], state(id))
        let wanted = cell.window.spent.addingSaturated(cell.window.held).addingSaturated(need)
        return LeaseNeed(identity: state.identity, window: state.since, missing: max(0, wanted.subtractingSaturated(cell.capacity)))
    }
}
