internal import Classifier

/// Reads `expect:` of a test.
struct ExpectationDecoder {
    /// The error codes of decisions.
    private static let codes = [
        "invalid_request_error", "model_not_allowed", "model_not_found", "max_cost_exceeded", "no_healthy_upstream",
    ]

    let models: ModelTable
    let isComplete: Bool

    func decode(_ field: FieldReader) -> [PolicyTest.Expectation]? {
        guard let reader = field.mapping(.expect) else { return nil }
        let expected = PolicyTest.Expectation.Subject.allCases.compactMap { subject in
            reader[subject.rawValue].map { (subject, texts(subject, $0)) }
        }
        // An unknown key has been reported; an otherwise empty mapping is then not reported too.
        guard !expected.isEmpty else { return field.isEmptyMapping ? field.refuse("the test expects nothing") : nil }
        guard !expected.contains(where: { $0.1 == nil }) else { return nil }
        return expected.map { PolicyTest.Expectation(subject: $0, texts: $1 ?? []) }
    }

    private func texts(_ subject: PolicyTest.Expectation.Subject, _ field: FieldReader) -> [String]? {
        switch subject {
        case .models, .excluded:
            let names = field.list(of: "model names")?.map(model) ?? [nil]
            return names.contains { $0 == nil } ? nil : names.compactMap(\.self)
        case .model: return model(field).map { [$0] }
        case .task: return field.word("task", as: TaskType.self).map { [$0.rawValue] }
        case .complexity: return field.word("complexity", as: ComplexityTier.self).map { [$0.rawValue] }
        case .refused: return code(field).map { [$0] }
        case .language, .rule, .route, .experiment, .arm, .maxTokens: return field.literal(expected: "a text").map { [$0] }
        }
    }

    /// The full name of a model.
    private func model(_ field: FieldReader) -> String? {
        guard let text = field.text() else { return nil }
        switch models.resolve(text) {
        case .model(let model): return model.name
        case .virtual(let model): return model.name
        case .off(let name, _): return name
        case .unknown(let nearest):
            return isComplete ? field.refuse("unknown model \"\(shortened(text))\"", suggestion: nearest) : text
        }
    }

    private func code(_ field: FieldReader) -> String? {
        guard let text = field.text() else { return nil }
        if Self.codes.contains(text) { return text }
        let suggestion = EditDistance.nearest(to: text, among: Self.codes)
        let list = suggestion == nil ? "; it must be one of \(Self.codes.joined(separator: ", "))" : ""
        return field.refuse("unknown code \"\(shortened(text))\"\(list)", suggestion: suggestion)
    }
}
