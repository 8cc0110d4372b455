internal import Core

extension LimitBook {
    /// Puts other rules in force.
    /// - Returns: the limits of named scopes that are new.
    mutating func reconfigure(_ rules: OrganizationRules, _ time: Int64) -> [LimitIdentity] {
        _ = advance(time)
        history.rulesHaveChanged(at: latest)
        let waiting = leaveAll()
        var fresh: [LimitIdentity] = []
        let names = Set(rules.scopes.map(\.path))
        for index in nodes.indices where !names.contains(nodes[index].path) { empty(index) }
        nodeIDs.removeAll()
        for scope in rules.scopes { apply(scope, &fresh) }
        applyKeys(rules.keys, &fresh)
        hasNoRules = keyCells.isEmpty && nodes.allSatisfy { $0.chain.isEmpty && $0.templates.isEmpty }
        for name in own.keys { refresh(name) }
        if history.hasNoReading, nodes.contains(where: { !$0.templates.isEmpty }) { noteUnread() }
        joinHolds()
        requeue(waiting)
        return fresh
    }

    /// Takes the limits from a scope that policies name no longer. Its number stays its own.
    private mutating func empty(_ index: Int) {
        nodes[index].cells.forEach { retire($0) }
        nodes[index].cells = []
        nodes[index].eachKey = []
        nodes[index].eachUser = []
        nodes[index].chain = []
        nodes[index].templates = []
    }

    /// Comes after the scope above it.
    private mutating func apply(_ scope: CompiledScope, _ fresh: inout [LimitIdentity]) {
        let id = node(scope.path)
        let index = Int(id)
        nodeIDs[scope.path] = id
        nodes[index].weight = scope.weight
        nodes[index].zone = scope.zone
        nodes[index].eachKey = scope.eachKey
        nodes[index].eachUser = scope.eachUser
        nodes[index].cells = renew(nodes[index].cells, scope.limits, LimitScope(path: scope.path), id) { fresh.append($0) }
        let above = nodes[index].parent
        nodes[index].chain = (above < 0 ? [] : nodes[Int(above)].chain) + nodes[index].cells
        nodes[index].templates = above < 0 ? [] : nodes[Int(above)].templates
        if !scope.eachKey.isEmpty { nodes[index].templates.append(ScopeNode.Template(node: id, isForKeys: true)) }
        if !scope.eachUser.isEmpty { nodes[index].templates.append(ScopeNode.Template(node: id, isForKeys: false)) }
    }

    private mutating func node(_ path: String) -> NodeID {
        if let known = nodeNumbers[path] { return known }
        let parent = path.lastIndex(of: "/").flatMap { nodeIDs[String(path[..<$0])] }
        nodes.append(ScopeNode(path: path, parent: parent ?? -1))
        let id = NodeID(nodes.count - 1)
        nodeNumbers[path] = id
        return id
    }

    private mutating func applyKeys(_ keys: [CompiledKey], _ fresh: inout [LimitIdentity]) {
        var remaining = keyCells
        keyCells = [:]
        for key in keys {
            let old = remaining.removeValue(forKey: key.id) ?? []
            keyCells[key.id] = renew(old, key.limits, LimitScope(path: key.path, key: key.id), nodeID(key.path)) { fresh.append($0) }
        }
        for id in remaining.values.joined() { retire(id) }
    }

    /// Makes the limits of one key or user those of its template.
    private mutating func refresh(_ name: OwnName) {
        let terms = ownTerms(name)
        let renewed = renew(own[name]?.cells ?? [], terms, ownScope(name), name.node) { _ in }
        if terms.isEmpty { forget(name) } else { own[name]?.cells = renewed }
    }

    /// Counts the holds that are open in limits that have come into force under them: what they keep for calls that began in the windows of
    /// now, and later what those cost.
    private mutating func joinHolds() {
        for index in slots.indices where slots[index].isOpen {
            guard pick(slots[index].scopes, now) == nil else { continue }
            let known = Set(slots[index].entries.map(\.cell))
            for id in picked where !known.contains(id) { join(id, index) }
        }
    }

    private mutating func join(_ id: CellID, _ index: Int) {
        let (window, kind) = (cells[Int(id)].window, cells[Int(id)].kind)
        let covers = slots[index].covers.filter { counts(id, $0.model) && window.contains($0.began) }
        let isCounted = !covers.isEmpty || (slots[index].covers.isEmpty && counts(id, slots[index].model))
        var entry = HoldEntry(cell: id, number: window.number, held: 0, isJoined: isCounted)
        switch kind {
        case .usd, .tokens: entry.held = covers.reduce(0) { $0.addingSaturated($1.units(kind)) }
        case .requests: entry.held = isCounted ? slots[index].requests : 0
        case .concurrent: entry.held = isCounted ? 1 : 0
        }
        entry.isLate = true
        entry.isFenced = window.isUnread
        cells[Int(id)].window.hold(entry.held)
        cells[Int(id)].window.holds += 1
        cells[Int(id)].holds += 1
        slots[index].entries.append(entry)
        slots[index].isIrregular = true
    }

    /// Makes cells for `terms`: those that were there with other amounts, new ones, and retires the rest.
    private mutating func renew(
        _ old: [CellID], _ terms: [LimitTerms], _ scope: LimitScope, _ node: NodeID, _ isNew: (LimitIdentity) -> Void
    ) -> [CellID] {
        var remaining = old
        let renewed = terms.map { terms in
            let known = remaining.firstIndex { rules[Int($0)].terms.isSame(as: terms) && rules[Int($0)].scope == scope }
            guard let known else {
                isNew(terms.identity(scope))
                let made = makeCell(terms, scope, node, now)
                markUnread(made, history.mayHaveSpending(since: cells[Int(made)].window.start))
                return made
            }
            let id = remaining.remove(at: known)
            change(id, terms, node)
            return id
        }
        remaining.forEach { retire($0) }
        return renewed
    }

    /// Changes amount, wait, webhook and time zone of a limit. Its window goes on to the end that it had; the next one is of the new zone.
    private mutating func change(_ id: CellID, _ terms: LimitTerms, _ node: NodeID) {
        let index = Int(id)
        if cells[index].limit < terms.units { cells[index].isTold = false }
        cells[index].limit = terms.units
        rules[index].terms = terms
        rules[index].zone = nodes[Int(node)].zone
    }
}
