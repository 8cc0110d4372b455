internal import Chat
internal import Core

extension TokenUsage {
    /// Takes in counts of tokens of sound. They are a finer account of what is counted already, so that they never make a report unbelievable:
    /// what exceeds its whole, or is below zero, is cut to it.
    mutating func addSound(input heard: Int64, output spoken: Int64) {
        audioInput = max(0, min(heard, input.subtractingReportingOverflow(cachedInput).partialValue - cacheWrite))
        audioOutput = max(0, min(spoken, output))
    }
}
