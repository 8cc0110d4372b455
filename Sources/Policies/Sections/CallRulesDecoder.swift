/// Reads `retry:` and `breaker:` of providers.
enum CallRulesDecoder {
    static func retry(_ field: FieldReader) -> RetryRules {
        var rules = RetryRules()
        guard let reader = field.mapping(.retry) else { return rules }
        if let attempts = reader["attempts"]?.integer(in: 1...10) { rules.attempts = attempts }
        if let backoff = reader["backoff"]?.duration() { rules.backoff = backoff }
        if let causes = reader["on"].flatMap(causes) { rules.on = causes }
        return rules
    }

    private static func causes(_ field: FieldReader) -> RetryRules.Causes? {
        guard let items = field.list(of: "causes such as connect and 5xx") else { return nil }
        let words = RetryRules.Causes.words
        var causes: RetryRules.Causes = []
        for item in items {
            guard let text = item.literal(expected: "a cause") else { continue }
            guard let cause = words.first(where: { $0.name == text })?.cause else {
                let names = words.map(\.name)
                let suggestion = EditDistance.nearest(to: text, among: names)
                let list = suggestion == nil ? "; it must be one of \(names.joined(separator: ", "))" : ""
                item.diagnostics.error(
                    at: item.node.start, "unknown cause \"\(shortened(text))\" for a retry\(list)", suggestion: suggestion)
                continue
            }
            causes.insert(cause)
        }
        return causes
    }

    static func breaker(_ field: FieldReader) -> BreakerRules {
        var rules = BreakerRules()
        if case .scalar(let scalar) = field.node.content, scalar.text == "off" {
            rules.isOn = false
            return rules
        }
        guard let reader = field.mapping(.breaker) else { return rules }
        if let count = reader["consecutive_failures"]?.integer(in: 1...1000) { rules.consecutiveFailures = count }
        if let rate = reader["failure_rate"].flatMap(share) { rules.failureRate = rate }
        if let count = reader["min_requests"]?.integer(in: 1...100_000) { rules.minRequests = count }
        if let window = reader["window"]?.duration() { rules.window = window }
        if let cooldown = reader["cooldown"]?.duration() { rules.cooldown = cooldown }
        return rules
    }

    private static func share(_ field: FieldReader) -> Double? {
        guard let text = field.literal(expected: "a number above 0 and at most 1"), let share = Double(text), share > 0, share <= 1 else {
            return field.refuse("\"\(field.label)\" must be a number above 0 and at most 1, such as 0.5")
        }
        return share
    }
}
