internal import Chat
internal import Classifier
internal import Core

/// `complexity_score`, `input_tokens`, `max_cost`, `budget_left`: a number, exact to nine decimal places.
final class NumberCondition: Sendable {
    enum Subject: String, Sendable {
        case complexityScore = "complexity_score"
        case inputTokens = "input_tokens"
        case maxCost = "max_cost"
        case budgetLeft = "budget_left"
    }

    let subject: Subject
    private let values: NumberSet

    init?(_ subject: Subject, _ field: FieldReader) {
        guard let items = field.alternatives() else { return nil }
        var values = NumberSet()
        for item in items {
            guard let text = item.literal(expected: "a number or a comparison such as \">=0.05\"") else { return nil }
            guard let some = NumberSyntax.parse(text) else {
                _ =
                    item.refuse("\"\(field.label)\" must be a number, a comparison such as \">=0.05\", or a range such as \"0.2..0.5\"")
                    as Subject?
                return nil
            }
            let possible = some.intersection(subject.domain)
            if possible.isEmpty {
                _ = item.refuse("\"\(field.label)\" can never hold: no number is \(shortened(text))\(subject.hint)") as Subject?
                return nil
            }
            values.formUnion(possible)
        }
        self.subject = subject
        self.values = values
    }

    func holds(_ features: RequestFeatures) -> Bool {
        switch subject {
        case .complexityScore:
            guard let score = features.classification?.complexityScore, score.isFinite else { return false }
            return values.contains(Int64((min(max(score, 0), 1) * 1e9).rounded()))
        case .inputTokens: return values.contains(Int64(clamping: Int128(features.facts.inputTokens.estimate) * 1_000_000_000))
        // Without a ceiling or a budget any amount may be spent.
        case .maxCost: return values.contains(features.facts.maxCost?.nanos ?? .max)
        case .budgetLeft: return values.contains(features.budgetLeft?.nanos ?? .max)
        }
    }

    func implies(_ other: NumberCondition) -> Bool { subject == other.subject && values.isSubset(of: other.values) }
}

extension NumberCondition.Subject {
    /// The numbers that the feature can have.
    fileprivate var domain: ClosedRange<Int64> {
        switch self {
        case .complexityScore: 0...1_000_000_000
        case .inputTokens, .maxCost: 0...Int64.max
        case .budgetLeft: Int64.min...Int64.max
        }
    }

    fileprivate var hint: String {
        switch self {
        case .complexityScore: " and from 0 to 1"
        case .inputTokens, .maxCost: " and not negative"
        case .budgetLeft: ""
        }
    }
}
