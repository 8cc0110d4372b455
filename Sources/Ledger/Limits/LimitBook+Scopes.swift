internal import Chat

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

extension LimitBook {
    /// Puts the cells that bind requests of `scopes` into `picked`, those of all models, with windows turned to `now`.
    /// - Returns: `false` when a key or user cannot be counted any more.
    mutating func pick(_ scopes: RequestScopes, _ now: Int64) -> Bool {
        self.now = now
        picked.removeAll(keepingCapacity: true)
        let node = Int(nodeID(scopes.team))
        picked.append(contentsOf: nodes[node].chain)
        for template in nodes[node].templates {
            guard let name = template.isForKeys ? scopes.key : scopes.user else { continue }
            guard let cells = ownCells(OwnName(node: template.node, isKey: template.isForKeys, name: name), now) else { return false }
            picked.append(contentsOf: cells)
        }
        if !keyCells.isEmpty, let key = scopes.key, let cells = keyCells[key] { picked.append(contentsOf: cells) }
        for index in picked.indices { touch(picked[index], now) }
        return true
    }

    /// The node that binds a team: its own, or the nearest above it.
    mutating func nodeID(_ path: String) -> NodeID {
        if let known = nodeIDs[path] { return known }
        guard let slash = path.lastIndex(of: "/") else { return 0 }
        let above = nodeID(String(path[..<slash]))
        if nodeIDs.count < nodes.count + LimitBounds.unknownPaths { nodeIDs[path] = above }
        return above
    }

    private mutating func ownCells(_ name: OwnName, _ now: Int64) -> [CellID]? {
        if let known = own[name] { return known }
        if own.count >= LimitBounds.ownScopes { sweep(now) }
        guard own.count < LimitBounds.ownScopes else { return nil }
        let scope = ownScope(name)
        let made = ownTerms(name).map { makeCell($0, scope, name.node, now) }
        own[name] = made
        return made
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
            rules[Int(id)].past = []
            rules[Int(id)].left = []
            freeCells.append(id)
        }
    }

    /// Forgets the keys and users whose windows are over or empty. At most once a second, for it looks at all of them.
    private mutating func sweep(_ now: Int64) {
        guard now < lastSweep || now >= lastSweep.addingSaturated(1_000_000) else { return }
        lastSweep = now
        for (name, ids) in own where ids.allSatisfy({ isForgettable($0, now) }) {
            ids.forEach { retire($0) }
            own[name] = nil
        }
    }

    private func isForgettable(_ id: CellID, _ now: Int64) -> Bool {
        let cell = cells[Int(id)]
        if cell.holds > 0 || cell.waiting > 0 { return false }
        return now >= cell.window.end || (cell.window.spent == 0 && (!cell.isLeased || cell.capacity == 0))
    }
}
