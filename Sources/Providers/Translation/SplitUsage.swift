internal import Chat

/// The usage of providers that count cached input beside the other input, and that tell it in parts while a stream goes on: each count only grows.
struct SplitUsage: Sendable {
    /// Input tokens that were neither read from the cache nor written to it.
    private var plain: Int64 = 0
    private var cacheRead: Int64 = 0
    private var cacheWrite: Int64 = 0
    private var cacheWriteHour: Int64 = 0
    private var tier = ServiceTier.standard
    private var output: Int64?
    private var reasoning: Int64 = 0
    private var isForged = false

    init() {}

    /// - Parameter reasoning: is part of `output`.
    mutating func add(plain: JSONValue?, cacheRead: JSONValue?, cacheWrite: JSONValue?, output: JSONValue?, reasoning: JSONValue? = nil) {
        self.plain = max(self.plain, count(plain) ?? 0)
        self.cacheRead = max(self.cacheRead, count(cacheRead) ?? 0)
        self.cacheWrite = max(self.cacheWrite, count(cacheWrite) ?? 0)
        self.reasoning = max(self.reasoning, count(reasoning) ?? 0)
        if let count = count(output) { self.output = max(self.output ?? 0, count) }
    }

    /// Takes in the part of the cache writes that stay for an hour.
    mutating func add(cacheWriteHour: JSONValue?) { self.cacheWriteHour = max(self.cacheWriteHour, count(cacheWriteHour) ?? 0) }

    /// Takes in the provider's word of the tier that served the call.
    mutating func note(tier word: JSONValue?) {
        if let word = word?.string { tier = ServiceTier(servedAs: word) }
    }

    private mutating func count(_ value: JSONValue?) -> Int64? {
        guard let value, !value.isNull else { return nil }
        guard let count = value.int64, TokenUsage.plausible.contains(count) else {
            isForged = true
            return nil
        }
        return count
    }

    /// What is believed; `nil` when something in it cannot be true, or when there is none.
    var tokens: TokenUsage? {
        guard !isForged, let output else { return nil }
        let usage = TokenUsage(
            input: plain + cacheRead + cacheWrite, cachedInput: cacheRead, cacheWrite: cacheWrite, cacheWriteHour: min(cacheWriteHour, cacheWrite), output: output,
            reasoning: reasoning, tier: tier)
        return usage.isPlausible && usage.input > 0 ? usage : nil
    }
}
