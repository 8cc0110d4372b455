/// Reads `route:`, a list of rules.
struct RouteDecoder {
    private struct Written {
        let rule: Rule
        let field: FieldReader
    }

    let targets: TargetDecoder
    let context: Condition.Context
    /// Called with each header that a condition uses.
    let note: (String) -> Void

    func strategy(_ field: FieldReader) -> Strategy? {
        guard let items = field.list(of: "rules") else { return nil }
        guard !items.isEmpty else { return field.refuse("the route has no rules") }
        guard items.count <= PolicyLimits.rules else { return field.refuse("the route has more than \(PolicyLimits.rules) rules") }
        let rules = items.enumerated().map { rule($1, number: $0 + 1) }
        let written = zip(rules, items).compactMap { rule, item in rule.map { Written(rule: $0, field: item) } }
        reportRepeatedNames(written)
        reportUnreachable(written)
        guard written.count == items.count else { return nil }
        if let last = written.last, !last.rule.conditions.isEmpty {
            field.diagnostics.notice(
                at: last.field.node.start,
                "a request that no rule fits is refused, because the last rule has conditions too; add a rule without \"when\"")
        }
        return .route(written.map(\.rule))
    }

    private func rule(_ field: FieldReader, number: Int) -> Rule? {
        guard let reader = field.mapping(.rule) else { return nil }
        let conditions = conditions(reader["when"])
        let label = reader["name"].map { $0.text().flatMap(validLabel($0)) } ?? String(number)
        guard reader.unsupportedKeys.isEmpty, let conditions, let label, let action = action(reader, field) else { return nil }
        return Rule(label: label, conditions: conditions, action: action, mcpServers: reader["mcp_servers"].map(servers) ?? [])
    }

    private func validLabel(_ field: FieldReader) -> (String) -> String? {
        { text in
            if let unavailability = NameRules.unavailability(to: text) {
                return field.refuse("the rule name \"\(shortened(text))\" \(unavailability)")
            }
            // A number is refused as a name: it could be the number of another rule.
            return Int(text) == nil ? text : field.refuse("the rule name \"\(text)\" is a number; rules without a name have theirs as name")
        }
    }

    private func servers(_ field: FieldReader) -> [String] {
        var names: [String] = []
        for item in field.list(of: "names of MCP servers") ?? [] {
            guard let name = item.text() else { continue }
            if context.isComplete, !context.mcpServers.contains(name) {
                let _: String? = item.refuse(
                    "there is no MCP server \"\(shortened(name))\"",
                    suggestion: EditDistance.nearest(to: name, among: Array(context.mcpServers)))
            }
            if !names.contains(name) { names.append(name) }
        }
        return names
    }

    /// The conditions; `nil` when one is invalid.
    private func conditions(_ field: FieldReader?) -> [Condition]? {
        guard let field else { return [] }
        guard let entries = field.entries(expected: "a mapping of conditions such as {task: code}") else { return nil }
        let conditions = entries.map { entry in
            entry.value.node.isNull
                ? entry.value.refuse("the condition \"\(shortened(entry.name))\" has no value") : Condition.decode(entry, context)
        }
        for case .named(let condition)? in conditions where condition.subject == .header { note(condition.name) }
        return conditions.contains { $0 == nil } ? nil : conditions.compactMap(\.self)
    }

    /// Exactly one of `use` and `among`, with `fallback` behind it; or `fallback` alone.
    private func action(_ reader: MappingReader, _ field: FieldReader) -> Rule.Action? {
        if let use = reader["use"], reader["among"] != nil {
            return use.refuse("a rule has either \"use\" or \"among\", not both")
        }
        if reader["among"] == nil, let prefer = reader["prefer"] { return prefer.refuse("\"prefer\" goes with \"among\" only") }
        let fallback = reader["fallback"].map { targets.list($0, of: "model names") } ?? []
        if let use = reader["use"] {
            guard let entry = targets.entry(reader, of: field), let fallback else { return nil }
            targets.reportRepeated([(entry, use)] + fallback.map { ($0, reader["fallback"] ?? use) })
            return .chain([entry] + fallback)
        }
        if let among = reader["among"] {
            guard let choice = targets.choice(among: among, prefer: reader["prefer"]), let fallback else { return nil }
            let entries = choice.among.map { targets.withTerms($0, reader) }
            return .choose(Choice(among: entries, preference: choice.preference), fallback: fallback)
        }
        guard let fallback else { return nil }
        guard !fallback.isEmpty else { return field.refuse("the rule has no \"use\", \"among\" or \"fallback\"") }
        return .chain(fallback)
    }

    private func reportRepeatedNames(_ written: [Written]) {
        var first: [String: Place] = [:]
        for (rule, field) in written.map({ ($0.rule, $0.field) }) {
            if let place = first[rule.label] {
                field.diagnostics.error(
                    at: field.node.start, "two rules are called \"\(rule.label)\", the first at \(field.diagnostics.describe(place))")
            }
            first[rule.label] = first[rule.label] ?? field.node.start
        }
    }

    /// Reports rules that are never reached because an earlier rule covers them.
    private func reportUnreachable(_ written: [Written]) {
        for (position, later) in written.enumerated() {
            guard let earlier = written[..<position].first(where: { $0.rule.covers(later.rule) }) else { continue }
            let diagnostics = later.field.diagnostics
            let why = earlier.rule.conditions.isEmpty ? "has no conditions" : "holds whenever this one does"
            diagnostics.error(
                at: later.field.node.start, "the rule is never reached: the one at \(diagnostics.describe(earlier.field.node.start)) \(why)"
            )
        }
    }
}

extension Rule {
    /// Whether this rule holds for every request for which `other` holds.
    fileprivate func covers(_ other: Rule) -> Bool {
        conditions.allSatisfy { own in other.conditions.contains { $0.implies(own) } }
    }
}
