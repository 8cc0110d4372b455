internal import Chat

/// A test of the policies: an entry of `tests:`.
public struct PolicyTest: Sendable {
    /// The name in the policy.
    public let name: String
    /// The file that has it.
    public let file: String
    /// The line where it begins, from 1.
    public let line: Int
    let given: Given
    let expected: [Expectation]

    /// A request.
    struct Given: Sendable {
        var models: [String] = []
        var conversation = SampleConversation(messages: [])
        var features = RequestFeatures(requestedModels: [])
        /// Whether ``RequestFeatures/inputTokensEstimate`` is given and not counted.
        var hasOwnTokenCount = false
    }

    /// One expected property of the decision.
    struct Expectation: Sendable {
        enum Subject: String, Sendable, CaseIterable {
            case model, models, task, complexity, language, rule, route, experiment, arm, refused, excluded
            case maxTokens = "max_tokens"
        }

        let subject: Subject
        /// One text; for ``Subject/models`` and ``Subject/excluded`` a list.
        let texts: [String]
    }
}

/// The result of a policy test.
public struct PolicyTestResult: Sendable {
    /// The test.
    public let test: PolicyTest
    /// The differences from the expectation; empty when the test passed.
    public let mismatches: [Mismatch]
    /// How the decision came about.
    public let trace: DecisionTrace

    /// A difference.
    public struct Mismatch: Hashable, Sendable {
        /// The property that differs, by its key in `expect`.
        public let subject: String
        /// The expected value.
        public let expected: String
        /// The actual value.
        public let got: String
    }

    /// Whether the test passed.
    public var hasPassed: Bool { mismatches.isEmpty }
}
