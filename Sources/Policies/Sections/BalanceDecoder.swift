/// Reads `balance:`.
struct BalanceDecoder {
    let targets: TargetDecoder

    func strategy(_ field: FieldReader) -> Strategy? {
        // The short form is a list of targets.
        if case .list = field.node.content {
            return members(field).map { .balance(Balance(method: .weighted, affinity: nil, members: $0)) }
        }
        guard let reader = field.mapping(.balance) else { return nil }
        guard let list = reader["targets"] else { return field.refuse("the balance has no \"targets\"") }
        let method: Balance.Method? = reader["strategy"].map { $0.word("strategy") } ?? .weighted
        let affinity = affinity(reader["affinity"])
        guard let members = members(list), let method, let affinity else { return nil }
        return .balance(Balance(method: method, affinity: affinity.unit, members: members))
    }

    private func affinity(_ field: FieldReader?) -> (unit: Unit?, Void)? {
        guard let field else { return (nil, ()) }
        if case .scalar(let scalar) = field.node.content, scalar.text == "none" { return (nil, ()) }
        return TargetDecoder.unit(field, orNone: true).map { ($0, ()) }
    }

    /// The members by priority; equal ones in the order of the policy.
    private func members(_ field: FieldReader) -> [Balance.Member]? {
        guard let items = field.list(of: "targets") else { return nil }
        guard !items.isEmpty else { return field.refuse("\"\(field.label)\" has no models") }
        let members = items.map(member)
        targets.reportRepeated(zip(members, items).compactMap { member, item in member.map { ($0.entry, item) } })
        guard !members.contains(where: { $0 == nil }) else { return nil }
        return members.compactMap(\.self).enumerated().sorted { ($0.element.priority, $0.offset) < ($1.element.priority, $1.offset) }
            .map(\.element)
    }

    private func member(_ field: FieldReader) -> Balance.Member? {
        guard case .mapping = field.node.content else {
            return targets.entry(field, shape: .balancedTarget).map { Balance.Member(weight: 1, priority: 1, entry: $0) }
        }
        guard let reader = field.mapping(.balancedTarget) else { return nil }
        let weight = TargetDecoder.weight(reader["weight"])
        let priority = reader["priority"].map { $0.integer(in: 1...1000) } ?? 1
        guard let entry = targets.entry(reader, of: field), let weight, let priority else { return nil }
        return Balance.Member(weight: weight, priority: priority, entry: entry)
    }
}
