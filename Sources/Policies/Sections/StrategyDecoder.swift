/// Reads the strategy of a virtual model.
struct StrategyDecoder {
    let compiler: VirtualModelCompiler

    func strategy(_ draft: VirtualModelDraft) -> Strategy? {
        guard let reader = draft.reader else {
            return targets.list(draft.entry.value, of: "model names").map { .fallback($0) }
        }
        let diagnostics = draft.entry.value.diagnostics
        let given = Shape.strategies.compactMap { key in reader[key].map { (key, $0) } }
        guard let (key, field) = given.first else {
            let needed = Shape.strategies.map { "\"\($0)\"" }.joined(separator: ", ")
            diagnostics.error(at: draft.entry.place, "the virtual model \"\(draft.entry.name)\" needs one of \(needed)")
            return nil
        }
        if given.count > 1 {
            diagnostics.error(at: given[1].1.node.start, "a virtual model has one strategy: either \"\(key)\" or \"\(given[1].0)\"")
            return nil
        }
        if key != "among", let prefer = reader["prefer"] { return prefer.refuse("\"prefer\" goes with \"among\" only") }
        switch key {
        case "route": return RouteDecoder(targets: targets, context: compiler.context, note: compiler.note).strategy(field)
        case "fallback": return targets.list(field, of: "model names").map { .fallback($0) }
        case "split": return SplitDecoder(targets: targets).strategy(field)
        case "balance": return BalanceDecoder(targets: targets).strategy(field)
        default: return targets.choice(among: field, prefer: reader["prefer"]).map { .choose($0) }
        }
    }

    private var targets: TargetDecoder { TargetDecoder(compiler: compiler) }

    /// Reads `hedge:`.
    static func hedge(_ field: FieldReader, of strategy: Strategy) -> Duration? {
        let count: Int? =
            switch strategy {
            case .fallback(let entries): entries.count
            case .balance(let balance): balance.members.count
            case .route, .choose, .split: nil
            }
        guard let count else { return field.refuse("\"hedge\" goes with \"fallback\" or \"balance\" only") }
        guard count > 1 else { return field.refuse("\"hedge\" needs two targets or more") }
        guard let reader = field.mapping(.hedge) else { return nil }
        guard let after = reader["after"] else { return field.refuse("the hedge has no \"after\"; write {after: 2s}") }
        return after.duration()
    }
}
