public import Core
public import Limits

/// `purser budgets`: how every limit stands, by the ledger alone.
public enum BudgetReport {
    /// How the report is written.
    public enum Format: String, CaseIterable, Sendable {
        /// Aligned columns for people.
        case table
        /// A list of objects.
        case json
    }

    /// The limits of `configuration` with what is spent and held of them. A gateway may be at work on the ledger.
    ///
    /// Keys and users that have limits by `each_key` and `each_user` are there as soon as something of theirs counts, at most
    /// ``LimitBounds/ownScopes`` in an organization, the latest first.
    /// - Throws: ``LedgerFailure``: `invalid` for a ledger of an older version; `journalDamaged`, `inputOutput`, `corrupt` …
    public static func states(
        _ configuration: LimitConfiguration, from reader: UsageReader, at now: WallTime
    ) throws(LedgerFailure) -> [LimitState] {
        let tree = LimitTree(configuration, hooks: LimitHooks(alert: { _ in }, misuse: { _ in }))
        let standing = try reader.standing(cutAt: tree.organizations.flatMap { $0.windowStarts(at: now) })
        for total in standing.totals.sorted(by: { $0.begin > $1.begin }) {
            if let past = PastSpending(total) { _ = tree.organization(of: past.scopes.team).restore(past, at: now) }
        }
        for held in standing.held { _ = tree.organization(of: held.scopes.team).note(held: held, at: now) }
        return worthTelling(tree.states(at: now))
    }

    /// All limits but those of users that have nothing spent or held: there may be many of those, whose windows are over.
    public static func worthTelling(_ states: [LimitState]) -> [LimitState] {
        states.filter { $0.identity.scope.user == nil || $0.spent > 0 || $0.held > 0 }
    }

    /// Limits as a page of text, or as a JSON list of objects on one line each. Ends with a line break.
    public static func text(_ states: [LimitState], as format: Format) -> String {
        switch format {
        case .table: table(states)
        case .json: states.isEmpty ? "[]\n" : "[\n" + states.map(json).joined(separator: ",\n") + "\n]\n"
        }
    }

    /// One limit as a JSON object. Money is a decimal string in USD; everything else is a whole number.
    public static func json(_ state: LimitState) -> String {
        let identity = state.identity
        let fields: [(name: String, value: String)] = [
            ("scope", JSONText.string(identity.scope.path)), ("key", identity.scope.key.map(JSONText.string) ?? "null"),
            ("user", identity.scope.user.map(JSONText.string) ?? "null"), ("kind", JSONText.string(identity.kind.name)),
            ("period", identity.period.map { JSONText.string($0.name) } ?? "null"),
            ("models", identity.models.map { "[" + $0.patterns.map(JSONText.string).joined(separator: ",") + "]" } ?? "null"),
            ("limit", number(state.limit, identity.kind)), ("spent", number(state.spent, identity.kind)),
            ("in_doubt", number(state.inDoubt, identity.kind)), ("held", number(state.held, identity.kind)),
            ("left", number(state.left, identity.kind)), ("resets", state.resets.map { JSONText.string($0.rfc3339) } ?? "null"),
            ("soft", String(identity.soft)),
        ]
        return "{" + fields.map { "\(JSONText.string($0.name)):\($0.value)" }.joined(separator: ",") + "}"
    }

    private static func number(_ units: Int64, _ kind: LimitKind) -> String {
        kind == .usd ? JSONText.string(NanoUSD(nanos: units).decimalString) : String(units)
    }

    private static let head = ["scope", "kind", "period", "models", "limit", "spent", "held", "left", "resets", ""]

    private static func table(_ states: [LimitState]) -> String {
        if states.isEmpty { return "The policies have no limits.\n" }
        let rows = states.map(row)
        let widths = head.indices.map { column in ([head] + rows).map { $0[column].count }.max() ?? 0 }
        var lines = ([head] + rows).map { UsageTable.line($0, widths, leading: 4) }
        lines.insert(widths.filter { $0 > 0 }.map { String(repeating: "-", count: $0) }.joined(separator: "  "), at: 1)
        return lines.joined(separator: "\n") + "\n"
    }

    private static func row(_ state: LimitState) -> [String] {
        let identity = state.identity
        func amount(_ units: Int64) -> String {
            identity.kind == .usd ? NanoUSD(nanos: units).decimalString : UsageTable.grouped(units)
        }
        return [
            UsageTable.printable(identity.scope.description), identity.kind.name, identity.period?.name ?? "-",
            UsageTable.printable(identity.models?.patterns.joined(separator: " ") ?? "all"), amount(state.limit), amount(state.spent),
            amount(state.held), amount(state.left), state.resets?.rfc3339 ?? "-", identity.soft ? "soft" : "",
        ]
    }
}
