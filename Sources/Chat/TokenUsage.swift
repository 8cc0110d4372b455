/// The tokens of one upstream call, each dimension counted once, whatever the provider's own way of nesting them.
public struct TokenUsage: Hashable, Sendable {
    /// All input tokens, the cached and cache-written ones included (OpenAI's `prompt_tokens`).
    public var input: Int64
    /// Input tokens that were read from the provider's prompt cache; part of `input`.
    public var cachedInput: Int64
    /// Input tokens that were written to the provider's prompt cache; part of `input`.
    public var cacheWrite: Int64
    /// All output tokens, reasoning included (OpenAI's `completion_tokens`).
    public var output: Int64
    /// Output tokens spent on hidden reasoning; part of `output`.
    public var reasoning: Int64

    /// The largest count that is believed of one call; a provider that reports more, or less than zero, is treated as having reported nothing.
    public static let plausible: ClosedRange<Int64> = 0...1_000_000_000

    /// Makes a usage; counts default to zero.
    public init(input: Int64 = 0, cachedInput: Int64 = 0, cacheWrite: Int64 = 0, output: Int64 = 0, reasoning: Int64 = 0) {
        self.input = input
        self.cachedInput = cachedInput
        self.cacheWrite = cacheWrite
        self.output = output
        self.reasoning = reasoning
    }

    /// Whether every count is in range and no part exceeds its whole: what a provider must report to be believed.
    public var isPlausible: Bool {
        let counts = [input, cachedInput, cacheWrite, output, reasoning]
        return counts.allSatisfy(Self.plausible.contains) && cachedInput + cacheWrite <= input && reasoning <= output
    }
}
