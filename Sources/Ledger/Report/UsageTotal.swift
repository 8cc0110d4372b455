public import Chat

/// The sums of one group of calls.
public struct UsageTotal: Hashable, Sendable {
    /// The group's values, one for each grouping of the query; `nil`: the calls have none.
    public var group: [String?]
    /// Calls.
    public var calls: Int64 = 0
    /// Calls that did not end with `ok`, refunds aside.
    public var failed: Int64 = 0
    /// Calls whose price is not known: `cost` is too low by theirs.
    public var unpriced: Int64 = 0
    /// Tokens.
    public var tokens = TokenUsage()
    /// What the calls cost.
    public var cost = NanoUSD.zero

    /// Makes an empty sum.
    public init(group: [String?] = []) { self.group = group }

    /// Adds `other` to this sum, saturating.
    public mutating func add(_ other: UsageTotal) {
        calls = calls.addingSaturating(other.calls)
        failed = failed.addingSaturating(other.failed)
        unpriced = unpriced.addingSaturating(other.unpriced)
        tokens.input = tokens.input.addingSaturating(other.tokens.input)
        tokens.cachedInput = tokens.cachedInput.addingSaturating(other.tokens.cachedInput)
        tokens.cacheWrite = tokens.cacheWrite.addingSaturating(other.tokens.cacheWrite)
        tokens.output = tokens.output.addingSaturating(other.tokens.output)
        tokens.reasoning = tokens.reasoning.addingSaturating(other.tokens.reasoning)
        cost = cost + other.cost
    }
}

extension Int64 {
    /// The sum, saturating at the ends of the range.
    func addingSaturating(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other > 0 ? .max : .min) : sum
    }
}
