internal import Chat
internal import Classifier
internal import Core

extension DecisionTrace {
    /// The trace as text for a terminal: what was requested and chosen, the features, and a table of the candidates. Ends with a line
    /// break.
    public var text: String {
        var lines = ["\(requested.joined(separator: ", ")) → \(model ?? "no model")"]
        if route != Self.direct { lines.append("  decided by \(route)" + (rule.map { ", rule \($0)" } ?? "")) }
        if let experiment, let arm {
            lines.append("  experiment \(experiment), arm \(arm)" + (assignedBy.map { ", assigned by \($0)" } ?? ""))
        }
        lines.append("  " + featuresText)
        let rows = candidates.map { candidate in
            [candidate.model, candidate.estimatedCost?.decimalString ?? "?", candidate.excludedBecause.map { "no: " + $0 } ?? "yes"]
        }
        let table = rows.isEmpty ? "" : "\n" + TextTable.text([["Candidate", "At most USD", "Called"]] + rows)
        return lines.joined(separator: "\n") + "\n" + table
    }
}

/// What the decision looked at.
extension DecisionTrace {
    private var featuresText: String {
        var parts: [String] = []
        if let classification {
            let score = classification.scoreInBillionths.decimalString
            parts.append("task \(classification.task.rawValue), complexity \(classification.complexity.rawValue) (\(score))")
            if let language = classification.language { parts.append("language \(language)") }
        }
        parts.append("about \(facts.inputTokens.estimate) input tokens")
        parts += [
            ("tools", facts.hasTools), ("images", facts.hasImages), ("structured output", facts.wantsStructuredOutput),
            ("stream", facts.stream),
        ].filter(\.1).map(\.0)
        return parts.joined(separator: ", ")
    }
}
