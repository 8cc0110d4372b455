/// The kind of task that a prompt asks for.
public enum TaskType: String, Sendable, CaseIterable {
    /// Write, fix, explain or convert program code.
    case code
    /// A numeric or symbolic answer by calculation or proof.
    case math
    /// Compose new text: fiction, lyrics, role-play, mails, posts, names, ideas.
    case creative
    /// Explain, compare, advise, plan, judge, reason.
    case analysis
    /// A short fact, or small talk.
    case simple
    /// A question that needs fresh or local information.
    case search
    /// Answer from, classify, or pull fields out of a given text.
    case extract
    /// Translate a given text.
    case translate
    /// Summarize a given or named text.
    case summarize
}

/// How much a strong model is expected to gain over a weak one.
public enum ComplexityTier: String, Sendable, Comparable, CaseIterable {
    case low, medium, high

    /// Orders tiers by the expected gain.
    public static func < (left: ComplexityTier, right: ComplexityTier) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .low: 0
        case .medium: 1
        case .high: 2
        }
    }
}

/// The parts of a conversation that the classifier reads. The bytes should be UTF-8; invalid sequences are tolerated.
public struct ClassifierInput {
    let system: UnsafeRawBufferPointer
    let lastUser: UnsafeRawBufferPointer
    let userTurns: Int

    /// - Parameters:
    ///   - system: the system prompt, possibly empty.
    ///   - lastUser: the text of the last user message, possibly empty.
    ///   - userTurns: how many messages of the user the conversation has, the last one included.
    public init(system: UnsafeRawBufferPointer, lastUser: UnsafeRawBufferPointer, userTurns: Int) {
        self.system = system
        self.lastUser = lastUser
        self.userTurns = userTurns
    }
}

/// The classifier's result for a conversation.
public struct Classification: Sendable {
    /// What the prompt asks for.
    public let task: TaskType
    /// The share of usual prompts that are easier than this one, 0…1.
    public let complexityScore: Double
    /// The tier: the score compared with the model's two thresholds.
    public let complexity: ComplexityTier
    /// The prompt's language as an ISO 639-1 code; `nil` when uncertain.
    public let language: String?

    /// A classification made elsewhere, for example in a test of a policy.
    public init(task: TaskType, complexityScore: Double, complexity: ComplexityTier, language: String?) {
        self.task = task
        self.complexityScore = complexityScore
        self.complexity = complexity
        self.language = language
    }
}
