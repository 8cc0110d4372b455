/// The tokens of one call, each dimension counted once, however the provider nests them.
public struct TokenUsage: Hashable, Sendable {
    /// All input tokens, the cached and cache-written ones included (OpenAI's `prompt_tokens`).
    public var input: Int64
    /// Input tokens that were read from the provider's prompt cache; part of `input`.
    public var cachedInput: Int64
    /// Input tokens that were written to the provider's prompt cache, for however long; part of `input`.
    public var cacheWrite: Int64
    /// Input tokens that were written to the prompt cache for an hour; part of `cacheWrite`. The others stay for minutes and cost less.
    public var cacheWriteHour: Int64
    /// Audio input tokens that were not read from the prompt cache; part of `input`.
    public var audioInput: Int64
    /// All output tokens, reasoning included (OpenAI's `completion_tokens`).
    public var output: Int64
    /// Output tokens spent on hidden reasoning; part of `output`.
    public var reasoning: Int64
    /// Audio output tokens; part of `output`.
    public var audioOutput: Int64
    /// The tier at which the provider served the call.
    public var tier: ServiceTier

    /// The largest credible count of one call. A report of more, or of less than zero, is treated as missing.
    public static let plausible: ClosedRange<Int64> = 0...1_000_000_000

    /// Makes a usage; counts default to zero, the tier to the standard one.
    public init(
        input: Int64 = 0, cachedInput: Int64 = 0, cacheWrite: Int64 = 0, cacheWriteHour: Int64 = 0, audioInput: Int64 = 0,
        output: Int64 = 0, reasoning: Int64 = 0, audioOutput: Int64 = 0, tier: ServiceTier = .standard
    ) {
        self.input = input
        self.cachedInput = cachedInput
        self.cacheWrite = cacheWrite
        self.cacheWriteHour = cacheWriteHour
        self.audioInput = audioInput
        self.output = output
        self.reasoning = reasoning
        self.audioOutput = audioOutput
        self.tier = tier
    }

    /// Whether all input and output tokens cost the same each: none was cached, none is sound.
    var isPlain: Bool { cachedInput | cacheWrite | cacheWriteHour | audioInput | audioOutput == 0 }

    /// Whether the usage is credible: every count is in range, and no part exceeds its whole.
    public var isPlausible: Bool {
        let areInRange =
            Self.plausible ~= input && Self.plausible ~= cachedInput && Self.plausible ~= cacheWrite && Self.plausible ~= cacheWriteHour
            && Self.plausible ~= audioInput && Self.plausible ~= output && Self.plausible ~= reasoning && Self.plausible ~= audioOutput
        return areInRange && cachedInput + cacheWrite + audioInput <= input && cacheWriteHour <= cacheWrite && reasoning <= output
            && audioOutput <= output
    }
}

/// The tiers of service that providers charge differently. The provider reports the tier that served a call.
public enum ServiceTier: UInt8, Hashable, Sendable, CaseIterable {
    /// The usual one (`default`, `standard`, `on_demand` …).
    case standard
    /// Slower and cheaper.
    case flex
    /// Faster and dearer.
    case priority
    /// The fast mode of some models (Anthropic's `speed: "fast"`, OpenAI's `service_tier: "fast"`).
    case fast

    /// The word in price lists, price versions and records.
    public var word: String {
        switch self {
        case .standard: "standard"
        case .flex: "flex"
        case .priority: "priority"
        case .fast: "fast"
        }
    }

    /// Reads a provider's word for the tier that served a call. Unknown words mean the standard tier; reserved capacity (`scale`,
    /// `provisioned`) is not paid per call.
    public init(servedAs word: String) {
        self = Self.allCases.first { $0.word == word } ?? .standard
    }
}

extension TokenUsage {
    /// Both together: of calls that one answer was made of. The tier is that of the first.
    public static func + (a: TokenUsage, b: TokenUsage) -> TokenUsage {
        var sum = a
        sum.input = a.input.addingSaturated(b.input)
        sum.cachedInput = a.cachedInput.addingSaturated(b.cachedInput)
        sum.cacheWrite = a.cacheWrite.addingSaturated(b.cacheWrite)
        sum.cacheWriteHour = a.cacheWriteHour.addingSaturated(b.cacheWriteHour)
        sum.audioInput = a.audioInput.addingSaturated(b.audioInput)
        sum.output = a.output.addingSaturated(b.output)
        sum.reasoning = a.reasoning.addingSaturated(b.reasoning)
        sum.audioOutput = a.audioOutput.addingSaturated(b.audioOutput)
        return sum
    }
}
