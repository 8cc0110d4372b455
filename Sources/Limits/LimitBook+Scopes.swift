internal import Core

/// Number of a node in its book.
typealias NodeID = Int32

/// An organization or a team.
struct ScopeNode: Sendable {
    /// Limits that every key, or every user, of a scope gets on its own.
    struct Template: Sendable {
        let node: NodeID
        let isForKeys: Bool
    }

    let path: String
    /// -1 at the top.
    let parent: NodeID
    var weight = 1
    var zone = TimeZoneRules.utc
    /// The limits of this scope itself.
    var cells: [CellID] = []
    var eachKey: [LimitTerms] = []
    var eachUser: [LimitTerms] = []
    /// The limits of this scope and of all above it, from the top.
    var chain: [CellID] = []
    /// The templates of this scope and of all above it, from the top.
    var templates: [Template] = []
}

/// A key or a user with limits made from the templates of a node.
struct OwnName: Hashable, Sendable {
    let node: NodeID
    let isKey: Bool
    let name: String
}

/// The limits of one key or user, and the team whose request came first.
struct OwnCells: Sendable {
    var cells: [CellID]
    let crowd: OwnCrowd
}

/// The keys or the users that requests of one team have brought.
struct OwnCrowd: Hashable, Sendable {
    let team: NodeID
    let isOfKeys: Bool
}

extension LimitBook {
    /// Puts the cells that bind requests of `scopes` into `picked`, those of all models, with windows turned to `now`.
    /// - Returns: the key or user that exceeds the bound on counted scopes; `nil`: all of them are counted.
    mutating func pick(_ scopes: RequestScopes, _ time: Int64) -> LimitCrowd? {
        let now = advance(time)
        picked.removeAll(keepingCapacity: true)
        if hasNoRules { return nil }
        let node = Int(nodeID(scopes.team))
        picked.append(contentsOf: nodes[node].chain)
        for template in nodes[node].templates {
            guard let name = template.isForKeys ? scopes.key : scopes.user else { continue }
            let crowd = OwnCrowd(team: NodeID(node), isOfKeys: template.isForKeys)
            guard let cells = ownCells(OwnName(node: template.node, isKey: template.isForKeys, name: name), crowd) else {
                return LimitCrowd(team: nodes[node].path, isOfKeys: template.isForKeys)
            }
            picked.append(contentsOf: cells)
        }
        if !keyCells.isEmpty, let key = scopes.key, let cells = keyCells[key] { picked.append(contentsOf: cells) }
        for index in picked.indices { touch(picked[index], now) }
        return nil
    }

    /// The node that binds a team: its own, or the nearest above it.
    mutating func nodeID(_ path: String) -> NodeID {
        if let known = nodeIDs[path] { return known }
        guard let slash = path.lastIndex(of: "/") else { return 0 }
        let above = nodeID(String(path[..<slash]))
        if nodeIDs.count < nodes.count + LimitBounds.unknownPaths { nodeIDs[path] = above }
        return above
    }

    private mutating func ownCells(_ name: OwnName, _ crowd: OwnCrowd) -> [CellID]? {
        if let known = own[name] { return known.cells }
        if crowds[crowd, default: 0] >= LimitBounds.ownScopes { sweep(now) }
        guard crowds[crowd, default: 0] < LimitBounds.ownScopes else { return nil }
        let scope = ownScope(name)
        let made = ownTerms(name).map { makeCell($0, scope, name.node, now) }
        for id in made { markUnread(id, history.mayHaveUnknownSpending(in: cells[Int(id)].window)) }
        own[name] = OwnCells(cells: made, crowd: crowd)
        crowds[crowd, default: 0] += 1
        return made
    }

    mutating func forget(_ name: OwnName) {
        guard let known = own.removeValue(forKey: name), let count = crowds[known.crowd] else { return }
        crowds[known.crowd] = count > 1 ? count - 1 : nil
    }

    func ownScope(_ name: OwnName) -> LimitScope {
        let path = nodes[Int(name.node)].path
        return name.isKey ? LimitScope(path: path, key: name.name) : LimitScope(path: path, user: name.name)
    }

    /// The limits that a template gives to a key or user. A limit of the key's own takes the place of the same one of the template.
    func ownTerms(_ name: OwnName) -> [LimitTerms] {
        let node = nodes[Int(name.node)]
        guard name.isKey else { return node.eachUser }
        let particular = (keyCells[name.name] ?? []).map { rules[Int($0)] }.filter { $0.node == name.node }
        return node.eachKey.filter { terms in !particular.contains { $0.terms.isSame(as: terms) } }
    }

    mutating func makeCell(_ terms: LimitTerms, _ scope: LimitScope, _ node: NodeID, _ now: Int64) -> CellID {
        let rule = CellRules(terms: terms, scope: scope, node: node, zone: nodes[Int(node)].zone)
        let cell = LimitCell(terms, rule.calendar(now), isLeased: isLeased)
        cellsMade += 1
        if let id = freeCells.popLast() {
            cells[Int(id)] = cell
            rules[Int(id)] = rule
            return id
        }
        cells.append(cell)
        rules.append(rule)
        return CellID(cells.count - 1)
    }

    /// Takes a cell out of use. It is kept for as long as holds know it, and refuses nothing.
    mutating func retire(_ id: CellID) {
        cells[Int(id)].isRetired = true
        freeIfUnused(id)
    }

    @inline(__always)
    mutating func freeIfUnused(_ id: CellID) {
        if cells[Int(id)].isRetired, cells[Int(id)].holds == 0 {
            rules[Int(id)].others = []
            rules[Int(id)].late = []
            rules[Int(id)].fences = []
            freeCells.append(id)
        }
    }

    /// Forgets the keys and users whose windows are over or empty. At most once a second, for it looks at all of them.
    private mutating func sweep(_ now: Int64) {
        guard now < lastSweep || now >= lastSweep.addingSaturated(1_000_000) else { return }
        lastSweep = now
        for (name, known) in own where known.cells.allSatisfy({ isForgettable($0, now) }) {
            known.cells.forEach { retire($0) }
            forget(name)
        }
    }

    private func isForgettable(_ id: CellID, _ now: Int64) -> Bool {
        let cell = cells[Int(id)]
        if cell.holds > 0 || cell.waiting > 0 || cell.window.isUnread { return false }
        return now >= cell.window.end || (cell.window.spent == 0 && (!cell.isLeased || cell.capacity == 0))
    }
}
