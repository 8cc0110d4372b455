internal import Chat

/// The abilities of a Claude model, by its name: `claude-3-5-sonnet-20241022`, `claude-opus-4-1`, `us.anthropic.claude-opus-4-6-v1:0`,
/// `claude-sonnet-5@20260630`.
///
/// A Claude without a version, as an alias or a model to come, counts as the newest; a model that is not a Claude (on servers that speak
/// Anthropic's dialect for other models) gets the features that the dialect has had for long.
struct ClaudeModel {
    private enum Family { case haiku, sonnet, opus, other }

    private let version: (major: Int, minor: Int)
    private let family: Family
    /// Whether the name is of a Claude model at all.
    let isClaude: Bool

    init(_ name: String) {
        // Looked at as bytes: splitting text by characters takes longer than writing the whole request.
        let name = Array(name.utf8)
        let start = name.firstRange(of: "claude".utf8)?.upperBound
        isClaude = start != nil
        let words = name[(start ?? name.endIndex)...].split { "-.@:_/[".utf8.contains($0) }
        family = Self.family(words)
        version = isClaude ? Self.version(words) : (4, 0)
    }

    private static func family(_ words: [ArraySlice<UInt8>]) -> Family {
        for word in words {
            if word.elementsEqual("opus".utf8) { return .opus }
            if word.elementsEqual("sonnet".utf8) { return .sonnet }
            if word.elementsEqual("haiku".utf8) { return .haiku }
        }
        return .other
    }

    private static func version(_ words: [ArraySlice<UInt8>]) -> (Int, Int) {
        // `claude-instant-v1` and `claude-v2:1` say their version in a way of their own.
        if words.contains(where: { $0.elementsEqual("instant".utf8) }) { return (1, 0) }
        if let first = words.first, first.first == UInt8(ascii: "v"), let major = number(first.dropFirst()) { return (major, 0) }
        // A date is not a version, and neither is Bedrock's `v1`, which comes last.
        let numbers = words.prefix { $0.first != UInt8(ascii: "v") }.compactMap(number)
        return (numbers.first ?? .max, numbers.dropFirst().first ?? 0)
    }

    private static func number(_ word: ArraySlice<UInt8>) -> Int? {
        guard !word.isEmpty, word.count <= 2, word.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return word.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    /// Whether it is of this version or a later one.
    func isAtLeast(_ major: Int, _ minor: Int) -> Bool { version >= (major, minor) }

    /// Goes on from the assistant's words at the end of a conversation (up to 4.5).
    var takesPrefill: Bool { !isAtLeast(4, 6) }

    // MARK: Formats and tools

    /// Takes `output_config.format` (Anthropic, "Structured outputs": from Sonnet 4.5 and Opus 4.1 on).
    var hasStructuredOutputs: Bool { isAtLeast(4, 5) || (family == .opus && isAtLeast(4, 1)) }

    /// The same where Bedrock runs it (Bedrock, "Structured outputs": from 4.5 on).
    var hasStructuredOutputsOnBedrock: Bool { isClaude && isAtLeast(4, 5) }

    /// Calls the tool that it is told to call, as long as it does not think. Models that always think, and Sonnet from 5.5 on, refuse `any` and
    /// `tool` (Anthropic, "What's new in Claude Opus 5.5", "… Sonnet 5.5", "… Fable 5.1").
    var forcesTools: Bool { thinkingOff != .leastEffort && thinkingOff != .betweenTools }

    // MARK: Thinking

    /// Can think at all (from 3.7 on).
    var thinks: Bool { isAtLeast(3, 7) }

    /// Takes a budget of tokens for its thinking (3.7 to 4.6).
    var takesBudget: Bool { thinks && !isAtLeast(4, 7) }

    /// Thinks as it sees fit, guided by `output_config.effort` (Anthropic, "Adaptive thinking": from 4.6 on).
    var thinksAdaptively: Bool { isAtLeast(4, 6) }

    /// Hides its thinking unless it is asked to show it (from 4.7 on).
    var hidesThinking: Bool { isAtLeast(4, 7) }

    /// Thinks when nothing is said about thinking (from 5 on).
    var thinksUntold: Bool { isAtLeast(5, 0) }

    /// How a model is kept from thinking.
    enum ThinkingOff {
        /// By saying nothing.
        case silence
        /// By `{"type":"disabled"}`.
        case disabled
        /// By `{"type":"between_tools"}`, the least that the model has.
        case betweenTools
        /// Not at all; the least effort comes nearest.
        case leastEffort
    }

    /// How this model is kept from thinking (Anthropic, "Thinking"). Fable, Mythos and Opus from 5.5 on always think.
    var thinkingOff: ThinkingOff {
        guard thinksUntold else { return isClaude ? .silence : .disabled }
        switch family {
        case .haiku: return .disabled
        case .sonnet: return isAtLeast(5, 5) ? .betweenTools : .disabled
        case .opus: return isAtLeast(5, 5) ? .leastEffort : .disabled
        case .other: return .leastEffort
        }
    }

    /// The effort in its own words (`xhigh` from 4.7 on).
    func effort(_ effort: ReasoningEffort) -> StaticString {
        switch effort {
        case .none, .minimal, .low: "low"
        case .medium: "medium"
        case .high: "high"
        case .xhigh: hidesThinking ? "xhigh" : "high"
        }
    }

    // MARK: Sampling

    /// Refuses `temperature`, `top_p` and `top_k` (from 4.7 on).
    var refusesSampling: Bool { isAtLeast(4, 7) }

    /// Takes `temperature` or `top_p`, but not both (from Opus 4.1 on).
    var takesOneSampling: Bool { isAtLeast(4, 1) }
}
