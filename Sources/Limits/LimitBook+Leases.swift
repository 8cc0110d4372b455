internal import Core

extension LimitBook {
    /// The cell of a leased limit, with its window turned to `now`, if `window` is the one.
    mutating func leased(_ identity: LimitIdentity, _ window: WallTime?, _ now: Int64) -> Int? {
        shared(identity, window, now).flatMap { cells[$0].isLeased ? $0 : nil }
    }

    /// The same of a limit that others count in too.
    mutating func shared(_ identity: LimitIdentity, _ window: WallTime?, _ now: Int64) -> Int? {
        let now = advance(now)
        guard let id = cellID(identity), cells[Int(id)].isShared else { return nil }
        touch(id, now)
        return cells[Int(id)].window.start == window?.microseconds ?? .min ? Int(id) : nil
    }

    private func cellID(_ identity: LimitIdentity) -> CellID? {
        let scope = identity.scope
        guard let node = nodeNumbers[scope.path] else { return nil }
        let candidates: [CellID]
        if let key = scope.key {
            candidates = (own[OwnName(node: node, isKey: true, name: key)]?.cells ?? []) + (keyCells[key] ?? [])
        } else if let user = scope.user {
            candidates = own[OwnName(node: node, isKey: false, name: user)]?.cells ?? []
        } else {
            candidates = nodes[Int(node)].cells
        }
        return candidates.first { rules[Int($0)].terms.identity(rules[Int($0)].scope) == identity }
    }

    mutating func grant(_ amount: Int64, _ identity: LimitIdentity, _ window: WallTime?, _ now: Int64) -> Bool {
        defer { drainTurned() }
        guard let index = leased(identity, window, now) else { return false }
        cells[index].capacity = cells[index].capacity.addingSaturated(max(0, amount))
        if cells[index].waiting > 0 { turned.append(CellID(index)) }
        return true
    }

    mutating func withdraw(_ amount: Int64, _ identity: LimitIdentity, _ window: WallTime?, _ now: Int64) -> Int64 {
        defer { drainTurned() }
        guard let index = leased(identity, window, now) else { return 0 }
        let used = cells[index].window.spent.addingSaturated(cells[index].window.held)
        let free = max(0, cells[index].capacity.subtractingSaturated(used))
        let taken = min(free, max(0, amount))
        cells[index].capacity -= taken
        return taken
    }

    /// Notes that a request was refused, or has to wait, because of what other gateways have, as of the last answer: they should learn that
    /// it is wanted.
    mutating func noteTurnedAway(_ id: CellID) {
        if cells[Int(id)].elsewhere > 0 { cells[Int(id)].turnedAway &+= 1 }
    }

    mutating func setElsewhere(_ amount: Int64, spent: Int64, _ identity: LimitIdentity, _ window: WallTime?, _ now: Int64) -> Bool {
        defer { drainTurned() }
        guard let index = shared(identity, window, now) else { return false }
        cells[index].elsewhere = max(0, amount)
        cells[index].spentElsewhere = min(max(0, spent), cells[index].elsewhere)
        tellIfSoftIsReached(CellID(index))
        if cells[index].waiting > 0 {
            turned.append(CellID(index))
            noteTurnedAway(CellID(index))
        }
        return true
    }
}
