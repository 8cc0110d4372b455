public import Core

/// The sums of one group of calls.
public struct UsageTotal: Hashable, Sendable {
    /// The group's values, one for each grouping of the query; `nil`: the calls have none.
    public var group: [String?]
    /// The number of calls.
    public var calls: Int64 = 0
    /// Calls that did not end with `ok`, refunds aside.
    public var failed: Int64 = 0
    /// Calls whose price is not known: `cost` is too low by theirs.
    public var unpriced: Int64 = 0
    /// The tokens used.
    public var tokens = TokenUsage()
    /// What the calls cost.
    public var cost = NanoUSD.zero
    /// What calls that ended without a final usage may have cost besides; refunds are part of ``cost``.
    public var inDoubt = NanoUSD.zero

    /// Makes an empty sum.
    public init(group: [String?] = []) { self.group = group }

    /// Adds `other` to this sum, saturating.
    public mutating func add(_ other: UsageTotal) {
        calls = calls.addingSaturated(other.calls)
        failed = failed.addingSaturated(other.failed)
        unpriced = unpriced.addingSaturated(other.unpriced)
        tokens.input = tokens.input.addingSaturated(other.tokens.input)
        tokens.cachedInput = tokens.cachedInput.addingSaturated(other.tokens.cachedInput)
        tokens.cacheWrite = tokens.cacheWrite.addingSaturated(other.tokens.cacheWrite)
        tokens.output = tokens.output.addingSaturated(other.tokens.output)
        tokens.reasoning = tokens.reasoning.addingSaturated(other.tokens.reasoning)
        cost = cost + other.cost
        inDoubt = inDoubt + other.inDoubt
    }
}
