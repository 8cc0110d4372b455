internal import Chat
internal import Core

/// A limit, and where it is written.
struct WrittenLimit {
    let rule: LimitRule
    let place: Place
}

/// Reads `limits`, `each_key` and `each_user`. A limit that it accepts satisfies every requirement of the limits in memory.
struct LimitDecoder {
    /// The highest amounts of a limit: large enough for any use, and far from an overflow.
    private static let most = (usd: NanoUSD(nanos: 1_000_000_000 * 1_000_000_000), count: 1_000_000_000_000_000, concurrent: 1_000_000)
    private static let longestWait = Duration.seconds(600)

    let references: ModelReferences
    let environment: [String: String]

    /// The limits of a list that can be read; what is wrong with the others is reported.
    func limits(_ field: FieldReader?) -> [WrittenLimit] {
        var limits: [WrittenLimit] = []
        for item in field?.list(of: "limits such as {usd: 50, per: day}") ?? [] {
            guard let rule = rule(item) else { continue }
            if let first = limits.first(where: { $0.rule.isSame(as: rule) }) {
                let place = item.diagnostics.describe(first.place)
                item.diagnostics.error(
                    at: item.node.start, "this limit and the one at \(place) differ in nothing but the amount; keep one of them")
            } else {
                limits.append(WrittenLimit(rule: rule, place: item.node.start))
            }
        }
        return limits
    }

    private func rule(_ item: FieldReader) -> LimitRule? {
        guard let reader = item.mapping(.limit), reader.isClean, let kind = kind(reader, item),
            let amount = reader[kind.name].flatMap({ Self.amount($0, kind) })
        else { return nil }
        var rule = LimitRule(amount)
        let parts = [
            readPeriod(reader, item, into: &rule), readModels(reader, into: &rule), readReaction(reader, into: &rule),
            readWebhook(reader, into: &rule),
        ]
        return parts.contains(false) ? nil : rule
    }

    /// The kind of the limit: exactly one must be given.
    private func kind(_ reader: MappingReader, _ item: FieldReader) -> LimitKind? {
        let given = LimitKind.allCases.filter { reader[$0.name] != nil }
        guard let kind = given.first else {
            return item.refuse("the limit does not say what it counts; give it one of usd, tokens, requests, concurrent")
        }
        if given.count > 1, let second = reader[given[1].name] {
            return second.refuse("a limit counts one thing, and this one has \"\(kind.name)\" and \"\(given[1].name)\"; write two limits")
        }
        return kind
    }

    private static func amount(_ field: FieldReader, _ kind: LimitKind) -> LimitAmount? {
        switch kind {
        case .usd: usd(field).map { .usd($0) }
        case .tokens: field.integer(in: 0...most.count).map { .tokens(Int64($0)) }
        case .requests: field.integer(in: 0...most.count).map { .requests(Int64($0)) }
        case .concurrent: field.integer(in: 0...most.concurrent).map { .concurrent($0) }
        }
    }

    private static func usd(_ field: FieldReader) -> NanoUSD? {
        guard let text = field.literal(expected: "an amount in USD such as 50 or 0.25") else { return nil }
        if let unavailability = DecimalSyntax.unavailability(to: text) { return field.refuse("\"usd\" \(unavailability)") }
        guard let amount = NanoUSD(decimal: text), amount <= most.usd else {
            return field.refuse("\"usd\" is more than \(most.usd.decimalString); leave the limit out when nothing is to be limited")
        }
        return amount
    }
}

/// Each function reads a part of a limit; `false` when it is invalid, which is reported.
extension LimitDecoder {
    private func readPeriod(_ reader: MappingReader, _ item: FieldReader, into rule: inout LimitRule) -> Bool {
        let isNeeded = rule.amount.kind != .concurrent
        let names = LimitPeriod.allCases.map(\.name)
        guard let field = reader["per"] else {
            let advice = "the limit has no \"per\"; say over which time it counts: \(names.joined(separator: ", "))"
            return isNeeded ? item.refuse(advice) ?? false : true
        }
        guard isNeeded else { return field.refuse("\"concurrent\" counts the requests under way now; leave \"per\" out") ?? false }
        guard let text = field.literal(expected: "one of \(names.joined(separator: ", "))") else { return false }
        rule.period = LimitPeriod.allCases.first { $0.name == text }
        if rule.period != nil { return true }
        let suggestion = EditDistance.nearest(to: text, among: names)
        let list = suggestion == nil ? "; it must be one of \(names.joined(separator: ", "))" : ""
        return field.refuse("unknown period \"\(shortened(text))\"\(list)", suggestion: suggestion) ?? false
    }

    private func readModels(_ reader: MappingReader, into rule: inout LimitRule) -> Bool {
        guard let field = reader["models"] else { return true }
        guard let models = references.counted(field) else { return false }
        rule.models = models.contains("*") ? nil : models
        return true
    }

    /// Reads `soft` and `wait`; a limit has at most one of them.
    private func readReaction(_ reader: MappingReader, into rule: inout LimitRule) -> Bool {
        if let field = reader["soft"] {
            guard let soft = field.boolean() else { return false }
            rule.soft = soft
            if soft, rule.amount.kind == .concurrent {
                return field.refuse("a soft limit tells once in every window, and \"concurrent\" has none; leave \"soft\" out") ?? false
            }
        }
        guard let field = reader["wait"] else { return true }
        if rule.soft {
            return field.refuse("a soft limit refuses nothing, so nothing waits for it; leave \"wait\" or \"soft\" out") ?? false
        }
        rule.wait = field.duration(atMost: Self.longestWait)
        return rule.wait != nil
    }

    /// - Returns: false when the environment is not the reason.
    private func noteNoWebhook(_ field: FieldReader, _ scope: EnvironmentScope) -> Bool {
        guard let reason = scope.missing.first.map({ "\($0.variable) is not set in the environment" }) ?? scope.broken.first?.reason else {
            return false
        }
        field.diagnostics.notice(at: field.node.start, "the limit has no webhook: \(reason)")
        return true
    }

    /// Reads `webhook`. If a variable is missing, or has a line break inside, there is no address; that is a notice, because the log still
    /// reports that the limit is reached.
    private func readWebhook(_ reader: MappingReader, into rule: inout LimitRule) -> Bool {
        guard let field = reader["webhook"] else { return true }
        guard rule.soft else { return field.refuse("a webhook goes with a soft limit; add \"soft: true\", or leave it out") ?? false }
        var scope = EnvironmentScope(environment)
        guard let text = scope.text(field) else {
            return noteNoWebhook(field, scope)
        }
        if let unavailability = WebhookURL.unavailability(to: text) { return field.refuse("the webhook \(unavailability)") ?? false }
        rule.webhook = text
        return true
    }
}

extension LimitRule {
    /// Whether both are the same limit, apart from the amount.
    fileprivate func isSame(as other: LimitRule) -> Bool {
        amount.kind == other.amount.kind && period == other.period && soft == other.soft
            && models.map { Set($0) } == other.models.map { Set($0) }
    }
}
