internal import Core

extension LimitBook {
    /// How every limit stands, from the organization down to single keys and users.
    mutating func states(_ time: Int64) -> [LimitState] {
        let now = advance(time)
        let groups = nodes.map(\.cells) + keyCells.values + own.values.map(\.cells)
        for id in groups.joined() { touch(id, now) }
        drainTurned()
        let names = groups.filter { !$0.isEmpty }.map { (scope: rules[Int($0[0])].scope, ids: $0) }
        let sorted = names.sorted { $0.scope < $1.scope }
        var states: [LimitState] = []
        for (_, ids) in sorted {
            for id in ids { states.append(state(id)) }
        }
        return states
    }

    /// How the limits stand that bind such a request.
    mutating func states(_ scopes: RequestScopes, _ model: String, _ now: Int64) -> [LimitState] {
        _ = pick(scopes, now)
        var states: [LimitState] = []
        for id in picked where rules[Int(id)].counts(model) { states.append(state(id)) }
        drainTurned()
        return states
    }

    /// The tightest hard limits of each kind for such a request.
    /// - Parameter time: when the request came, which may be long ago: that enters no window again.
    mutating func headroom(_ scopes: RequestScopes, _ model: String, _ time: Int64, asking need: Spending?) -> Headroom {
        defer { drainTurned() }
        return headroomBeforeOthers(scopes, model, time, asking: need)
    }

    /// The same before the requests in line get what has become free.
    mutating func headroomBeforeOthers(_ scopes: RequestScopes, _ model: String, _ time: Int64, asking need: Spending? = nil) -> Headroom {
        _ = pick(scopes, max(time, now))
        var headroom = Headroom()
        for index in picked.indices {
            let id = Int(picked[index])
            if cells[id].isRestricted, !rules[id].counts(model) { continue }
            headroom.isCounted = true
            if cells[id].soft { continue }
            switch cells[id].kind {
            case .usd: Self.tighten(&headroom.usd, cells[id], need)
            case .tokens: Self.tighten(&headroom.tokens, cells[id], need)
            case .requests: Self.tighten(&headroom.requests, cells[id], need)
            case .concurrent: Self.tighten(&headroom.concurrent, cells[id], nil)
            }
        }
        return headroom
    }

    @inline(__always)
    private static func tighten(_ tightest: inout Headroom.Tightest?, _ cell: LimitCell, _ need: Spending?) {
        let unspent = max(
            0,
            cell.limit.subtractingSaturated(cell.window.spent).subtractingSaturated(cell.window.carried).subtractingSaturated(
                cell.elsewhere))
        let candidate = Headroom.Tightest(
            limit: cell.limit, left: max(0, unspent.subtractingSaturated(cell.window.held)), unspent: unspent,
            resets: cell.window.end == .max ? nil : WallTime(microseconds: cell.window.end))
        if let known = tightest, !candidate.isTighter(than: known, asking: need?.units(cell.kind)) { return }
        tightest = candidate
    }
}

extension Headroom.Tightest {
    /// Whether it says more than `other` about when there is room: the one with less left does, and of those that lack room for `need` the one
    /// that lacks it longest.
    @inline(__always)
    func isTighter(than other: Self, asking need: Int64?) -> Bool {
        if let need {
            let (lacksRoom, otherLacksRoom) = (left < need, other.left < need)
            if lacksRoom != otherLacksRoom { return lacksRoom }
            if lacksRoom, end != other.end { return end > other.end }
        }
        if left != other.left { return left < other.left }
        return unspent == other.unspent ? end > other.end : unspent < other.unspent
    }

    @inline(__always)
    private var end: Int64 { resets?.microseconds ?? .max }
}
