/// What the gateway puts into a request though the client did not say it so, and what it can leave out or say otherwise when the provider refuses it.
public struct Additions: OptionSet, Hashable, Sendable {
    /// The raw bits.
    public let rawValue: UInt16

    /// From the raw bits.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The gateway's own `stream_options`, which asks for the usage of a stream.
    public static let streamOptions = Additions(rawValue: 1)
    /// A limit of output by the name of `max_tokens`; the other name stands in for it.
    public static let maxTokens = Additions(rawValue: 2)
    /// A limit of output by the name of `max_completion_tokens`; the other name stands in for it.
    public static let maxCompletionTokens = Additions(rawValue: 4)
    /// Marks for the prompt cache.
    public static let cacheMarks = Additions(rawValue: 8)
    /// Thinking with a budget of tokens; thinking by effort stands in for it.
    public static let thinkingBudget = Additions(rawValue: 16)
    /// Thinking by effort; thinking with a budget stands in for it.
    public static let adaptiveThinking = Additions(rawValue: 32)
    /// The word that turns thinking off; the least effort stands in for it.
    public static let thinkingOff = Additions(rawValue: 64)
    /// `effort` and whatever else is said about thinking: nothing is said.
    public static let thinking = Additions(rawValue: 128)
    /// A conversation that ends with the assistant's words; a short request to go on stands behind them instead.
    public static let prefill = Additions(rawValue: 256)
    /// A format that the model itself keeps to; a forced tool stands in for it, or words.
    public static let nativeFormat = Additions(rawValue: 512)
    /// A tool that stands in for a format and must be called; words stand in for it.
    public static let forcedFormat = Additions(rawValue: 1024)

    /// Both names of the limit of output. A limit is sent by one of them, whatever the provider says.
    private static let limitNames: Additions = [.maxTokens, .maxCompletionTokens]

    /// Decides on one more request to the same target after it has refused one.
    /// - Parameters:
    ///   - refused: the additions that the refusal names.
    ///   - known: those that the target had refused before, and that the refused request went without.
    /// - Returns: the additions that the next request goes without; `nil` when there is nothing left to leave out.
    public static func reduction(after refused: Additions, known: Additions) -> Additions? {
        let all = known.union(refused)
        guard all != known, !all.isSuperset(of: limitNames) else { return nil }
        return all
    }
}
