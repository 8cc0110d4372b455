internal import Chat

/// What a Claude model can do, told by its name: `claude-3-5-sonnet-20241022`, `claude-opus-4-1`, `us.anthropic.claude-opus-4-6-v1:0`.
///
/// A Claude without a version, as an alias or a model to come, counts as the newest; what is no Claude at all (servers that speak Anthropic's
/// dialect for other models) gets what the dialect has had for long.
struct ClaudeModel {
    private let version: (major: Int, minor: Int)
    private let isOpus: Bool
    /// Whether the name is of a Claude model at all.
    let isClaude: Bool

    init(_ name: String) {
        // Looked at as bytes: splitting text by characters takes longer than writing the whole request.
        let name = Array(name.utf8)
        let start = name.firstRange(of: "claude".utf8)?.upperBound
        isClaude = start != nil
        let words = name[(start ?? name.endIndex)...].split { "-.@:_/".utf8.contains($0) }
        isOpus = words.contains { $0.elementsEqual("opus".utf8) }
        // A date is no version, and neither is Bedrock's `v1`, which comes last.
        let numbers = words.prefix { $0.first != UInt8(ascii: "v") }.compactMap(Self.number)
        version = isClaude ? (numbers.first ?? .max, numbers.dropFirst().first ?? 0) : (4, 0)
    }

    private static func number(_ word: ArraySlice<UInt8>) -> Int? {
        guard word.count <= 2, word.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return word.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    func isAtLeast(_ major: Int, _ minor: Int) -> Bool { version >= (major, minor) }

    /// Takes `output_config.format` (Anthropic, "Structured outputs": from Sonnet 4.5 and Opus 4.1 on).
    var hasStructuredOutputs: Bool { isAtLeast(4, 5) || (isOpus && isAtLeast(4, 1)) }

    /// The same where Bedrock runs it (Bedrock, "Structured outputs": from 4.5 on).
    var hasStructuredOutputsOnBedrock: Bool { isClaude && isAtLeast(4, 5) }

    /// Thinks as it sees fit, guided by `output_config.effort` (Anthropic, "Adaptive thinking": from 4.6 on).
    var thinksAdaptively: Bool { isAtLeast(4, 6) }

    /// Thinks without being told, and hides it unless asked (from 4.7 on hidden, from 5 on untold).
    var hidesThinking: Bool { isAtLeast(4, 7) }
    var thinksUntold: Bool { isAtLeast(5, 0) }

    /// Can think at all (from 3.7 on).
    var thinks: Bool { isAtLeast(3, 7) }

    /// Refuses `temperature`, `top_p` and `top_k` (from 4.7 on).
    var refusesSampling: Bool { isAtLeast(4, 7) }

    /// Goes on from the assistant's words at the end of a conversation (up to 4.5).
    var takesPrefill: Bool { !isAtLeast(4, 6) }

    /// Takes `temperature` or `top_p`, but not both (from Opus 4.1 on).
    var takesOneSampling: Bool { isAtLeast(4, 1) }

    /// The effort in its own words (`xhigh` from 4.7 on).
    func effort(_ effort: ReasoningEffort) -> StaticString {
        switch effort {
        case .none, .minimal, .low: "low"
        case .medium: "medium"
        case .high: "high"
        case .xhigh: hidesThinking ? "xhigh" : "high"
        }
    }
}
