internal import Chat
internal import Classifier
internal import Core

extension Condition {
    /// The keys of conditions in policies; `header.` and `metadata.` are followed by a name.
    static let keys = [
        "task", "complexity", "complexity_score", "input_tokens", "max_cost", "tools", "images", "structured_output", "stream", "language",
        "header.NAME", "metadata.NAME", "user", "team", "key", "budget_left", "time_of_day", "weekday",
    ]

    /// The facts from the rest of the policies that conditions need.
    struct Context {
        let timeZone: TimeZoneRules
        /// The paths of all teams; empty when the policies name none.
        let teams: Set<String>
        let isComplete: Bool
        /// The names of all MCP servers.
        var mcpServers: Set<String> = []
    }

    /// Reads one entry of `when`.
    /// - Returns: `nil` when it is invalid, which is reported.
    static func decode(_ entry: NamedField, _ context: Context) -> Condition? {
        let value = entry.value
        switch entry.name {
        case "task": return TaskCondition(value).map { .task($0) }
        case "complexity": return ComplexityCondition(value).map { .complexity($0) }
        case "complexity_score", "input_tokens", "max_cost", "budget_left":
            return NumberCondition.Subject(rawValue: entry.name).flatMap { NumberCondition($0, value) }.map { .number($0) }
        case "tools", "images", "structured_output", "stream":
            return FlagCondition.Subject(rawValue: entry.name).flatMap { FlagCondition($0, value) }.map { .flag($0) }
        case "language": return TextCondition(language: value).map { .language($0) }
        case "user", "team", "key":
            return CallerCondition.Subject(rawValue: entry.name).flatMap { CallerCondition($0, value, context) }.map { .caller($0) }
        case "time_of_day": return TimeOfDayCondition(value, zone: context.timeZone).map { .timeOfDay($0) }
        case "weekday": return WeekdayCondition(value, zone: context.timeZone).map { .weekday($0) }
        default: return decodeNamed(entry)
        }
    }

    private static func decodeNamed(_ entry: NamedField) -> Condition? {
        if let name = name(in: entry, after: "header.") {
            let lowered = name.lowercased()
            if let unavailability = HeaderRules.unavailability(toName: lowered) {
                entry.value.diagnostics.error(at: entry.place, "header \"\(shortened(name))\" \(unavailability)")
                return nil
            }
            guard !credentials.contains(lowered) else {
                let message = "\"header.\(name)\" carries a credential, which conditions do not see; use \"key\" or \"team\""
                entry.value.diagnostics.error(at: entry.place, message)
                return nil
            }
            return TextCondition(entry.value).map { .named(NamedCondition(.header, name: lowered, $0)) }
        }
        if let name = name(in: entry, after: "metadata.") {
            return TextCondition(entry.value).map { .named(NamedCondition(.metadata, name: name, $0)) }
        }
        let suggestion = EditDistance.nearest(to: entry.name, among: keys)
        let list = suggestion == nil ? "; valid conditions are \(keys.joined(separator: ", "))" : ""
        entry.value.diagnostics.error(at: entry.place, "unknown condition \"\(shortened(entry.name))\"\(list)", suggestion: suggestion)
        return nil
    }

    private static let credentials: Set<String> = ["authorization", "proxy-authorization", "x-api-key", "api-key", "cookie"]

    private static func name(in entry: NamedField, after prefix: String) -> String? {
        guard entry.name.hasPrefix(prefix), entry.name != prefix else { return nil }
        return String(entry.name.dropFirst(prefix.count))
    }
}

extension FieldReader {
    /// A condition's value: one scalar, or a list of which one must match. Empty lists and repeated items are reported.
    func alternatives() -> [FieldReader]? {
        guard case .list(let nodes) = node.content else { return [self] }
        if nodes.isEmpty { return refuse("\"\(label)\" can never hold: its list is empty") }
        var seen: Set<String> = []
        for case let node in nodes {
            guard case .scalar(let scalar) = node.content else { continue }
            if !seen.insert(scalar.text).inserted {
                diagnostics.error(at: node.start, "\"\(shortened(scalar.text))\" is in this list already")
                return nil
            }
        }
        return nodes.map { FieldReader(node: $0, label: label, diagnostics: diagnostics) }
    }

    /// The value as one of `words`.
    func word<Word: RawRepresentable & CaseIterable>(_ what: String, as _: Word.Type = Word.self) -> Word? where Word.RawValue == String {
        let words = Word.allCases.map(\.rawValue)
        guard let text = literal(expected: "one of \(words.joined(separator: ", "))") else { return nil }
        if let word = Word(rawValue: text) { return word }
        let suggestion = EditDistance.nearest(to: text, among: words)
        let list = suggestion == nil ? "; it must be one of \(words.joined(separator: ", "))" : ""
        return refuse("unknown \(what) \"\(shortened(text))\"\(list)", suggestion: suggestion)
    }
}
