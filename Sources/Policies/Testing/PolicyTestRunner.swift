internal import Chat
internal import Classifier

extension PolicySnapshot {
    /// Runs the policies' own tests, without calls. Every target counts as available, and none has been measured.
    ///
    /// For the tests to mean something without API keys, compile with `assumesProvidersOn`.
    public func runTests() -> [PolicyTestResult] { tests.map(run) }

    private func run(_ test: PolicyTest) -> PolicyTestResult {
        let features = features(of: test)
        let outcome: Result<Decision, DecisionFailure> = Result { () throws(DecisionFailure) in
            switch access(of: features) {
            case .key(let key): try decide(features, allowed: key, state: FreshTargetState())
            case .team(let team): try decide(features, allowed: team, state: FreshTargetState())
            case .everything: try decide(features, allowed: ModelSet.everything, state: FreshTargetState())
            }
        }
        let observed = Observed(outcome)
        let mismatches = test.expected.compactMap { observed.mismatch($0) }
        return PolicyTestResult(test: test, mismatches: mismatches, trace: observed.trace)
    }

    private func features(of test: PolicyTest) -> RequestFeatures {
        var features = test.given.features
        let estimate = features.facts.inputTokens.estimate
        features.measure(test.given.conversation)
        if test.given.hasOwnTokenCount {
            features.facts.inputTokens.estimate = estimate
            features.facts.inputTokens.upperBound = max(features.facts.inputTokens.upperBound, estimate)
        }
        let asks = test.expected.contains { [.task, .complexity, .language].contains($0.subject) }
        if asks || needs(features.facts).contains(.classification) {
            features.classification = test.given.conversation.classified(by: classifier)
        }
        return features
    }

    private enum Access {
        case key(PolicyKey)
        case team(Team)
        case everything
    }

    /// What the test's key may use, else its team; a test that names neither may use everything.
    private func access(of features: RequestFeatures) -> Access {
        let key = keys.first { $0.id == features.keyID || ($0.name == features.keyName && $0.team.path == features.team) }
        if let key { return .key(key) }
        return features.team.flatMap(team).map { .team($0) } ?? .everything
    }
}

/// The properties of a decision that a test may check.
private struct Observed {
    let trace: DecisionTrace
    private let calls: [PlannedCall]
    private let error: GatewayError?

    init(_ outcome: Result<Decision, DecisionFailure>) {
        switch outcome {
        case .success(let decision): (trace, calls, error) = (decision.trace, decision.calls, nil)
        case .failure(let failure): (trace, calls, error) = (failure.trace, [], failure.error)
        }
    }

    func mismatch(_ expectation: PolicyTest.Expectation) -> PolicyTestResult.Mismatch? {
        let expected = expectation.texts.joined(separator: ", ")
        let got: String
        if expectation.subject == .excluded {
            let excluded = trace.candidates.filter { $0.excludedBecause != nil }.map(\.model)
            guard !expectation.texts.allSatisfy(excluded.contains) else { return nil }
            got = excluded.isEmpty ? "none" : excluded.joined(separator: ", ")
        } else {
            got = text(expectation.subject)
            guard got != expected else { return nil }
        }
        return PolicyTestResult.Mismatch(subject: expectation.subject.rawValue, expected: expected, got: got)
    }

    private func text(_ subject: PolicyTest.Expectation.Subject) -> String {
        let none = error.map { "refused with \($0.code.name): \($0.publicMessage)" } ?? "none"
        return switch subject {
        case .model: trace.model ?? none
        case .models: calls.isEmpty ? none : calls.map(\.model.name).joined(separator: ", ")
        case .task: trace.classification?.task.rawValue ?? none
        case .complexity: trace.classification?.complexity.rawValue ?? none
        case .language: trace.classification?.language ?? none
        case .rule: trace.rule ?? none
        case .route: trace.route
        case .experiment: trace.experiment ?? none
        case .arm: trace.arm ?? none
        case .refused: error?.code.name ?? "taken by \(trace.model ?? "no model")"
        case .maxTokens: calls.first?.maxOutputTokens.map { String($0) } ?? none
        case .excluded: ""
        }
    }
}
