internal import Chat
internal import Core

/// The usage of providers that count cached input beside the other input, and that tell it in parts while a stream goes on: each count only grows.
struct SplitUsage: Sendable {
    /// Input tokens that were neither read from the cache nor written to it; `nil` until they are told.
    private var plain: Int64?
    private var cacheRead: Int64 = 0
    private var cacheWrite: Int64 = 0
    private var cacheWriteHour: Int64 = 0
    private var tier = ServiceTier.standard
    private var output: Int64?
    private var reasoning: Int64 = 0
    private var total: Int64 = 0
    private var isDoubtful = false

    init() {}

    /// - Parameters:
    ///   - reasoning: is part of `output`.
    ///   - total: of all the others.
    mutating func add(
        plain: JSONValue?, cacheRead: JSONValue?, cacheWrite: JSONValue?, output: JSONValue?, reasoning: JSONValue? = nil,
        total: JSONValue? = nil
    ) {
        if let count = count(plain) { self.plain = max(self.plain ?? 0, count) }
        self.cacheRead = max(self.cacheRead, count(cacheRead) ?? 0)
        self.cacheWrite = max(self.cacheWrite, count(cacheWrite) ?? 0)
        self.reasoning = max(self.reasoning, count(reasoning) ?? 0)
        self.total = max(self.total, count(total) ?? 0)
        if let count = count(output) { self.output = max(self.output ?? 0, count) }
    }

    /// Takes in the part of the cache writes that stay for an hour.
    mutating func add(cacheWriteHour: JSONValue?) { self.cacheWriteHour = max(self.cacheWriteHour, count(cacheWriteHour) ?? 0) }

    /// Takes in the provider's word of the tier that served the call.
    mutating func note(tier word: JSONValue?) {
        if let word = word?.string { tier = ServiceTier(servedAs: word) }
    }

    private mutating func count(_ value: JSONValue?) -> Int64? {
        let count = UsageCount(value)
        if count.isDoubtful { isDoubtful = true }
        return count.number
    }

    /// What is believed; `nil` when something in it cannot be true, or when there is none.
    var tokens: TokenUsage? {
        guard !isDoubtful, plain != nil, let output, total <= input + output else { return nil }
        let usage = TokenUsage(
            input: input, cachedInput: cacheRead, cacheWrite: cacheWrite, cacheWriteHour: min(cacheWriteHour, cacheWrite), output: output,
            reasoning: reasoning, tier: tier)
        return usage.isPlausible && usage.input > 0 ? usage : nil
    }

    /// The least that was told, believed or not.
    var atLeast: TokenUsage? {
        let told = max(output ?? 0, total - input) + (reasoning > output ?? 0 ? reasoning : 0)
        let usage = TokenUsage(
            input: input, cacheWrite: cacheWrite, cacheWriteHour: min(cacheWriteHour, cacheWrite), output: told,
            reasoning: min(reasoning, told), tier: tier)
        return usage.isPlausible && usage.input + usage.output > 0 ? usage : nil
    }

    private var input: Int64 { (plain ?? 0) + cacheRead + cacheWrite }
}
