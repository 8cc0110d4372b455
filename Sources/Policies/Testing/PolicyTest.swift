internal import Chat

/// An example of what the policies are to decide: an entry of `tests:`.
public struct PolicyTest: Sendable {
    /// What the policy calls it.
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

    /// One thing that the decision must have.
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

/// What became of a policy test.
public struct PolicyTestResult: Sendable {
    /// The test.
    public let test: PolicyTest
    /// What is not as expected; empty when the test passed.
    public let mismatches: [Mismatch]
    /// How the decision came about.
    public let trace: DecisionTrace

    /// A difference.
    public struct Mismatch: Hashable, Sendable {
        /// What was looked at, by its key in `expect`.
        public let subject: String
        /// What the test says.
        public let expected: String
        /// What is the case.
        public let got: String
    }

    /// Whether everything is as expected.
    public var hasPassed: Bool { mismatches.isEmpty }
}
