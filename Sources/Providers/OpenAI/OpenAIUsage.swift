internal import Chat

/// OpenAI's `usage` object and what providers of its dialect make of it.
enum OpenAIUsage {
    /// The tokens that the provider reports; `nil` when a count is missing, has the wrong type or cannot be true.
    static func read(_ usage: JSONValue) -> TokenUsage? {
        guard let input = usage["prompt_tokens"]?.int64, let output = usage["completion_tokens"]?.int64 else { return nil }
        guard
            // DeepSeek reports cached tokens beside the total instead of in its details.
            let cached = count("cached_tokens", in: usage["prompt_tokens_details"]) ?? count("prompt_cache_hit_tokens", in: usage)
                ?? .some(0),
            let reasoning = count("reasoning_tokens", in: usage["completion_tokens_details"]) ?? .some(0),
            let written = count("cache_write_tokens", in: usage["prompt_tokens_details"]) ?? .some(0)
        else { return nil }
        var tokens = TokenUsage(input: input, cachedInput: cached, cacheWrite: written, output: output, reasoning: reasoning)
        tokens.addSound(
            input: usage["prompt_tokens_details"]?["audio_tokens"]?.int64 ?? 0, output: usage["completion_tokens_details"]?["audio_tokens"]?.int64 ?? 0)
        return tokens.isPlausible ? tokens : nil
    }

    /// The count of that name: outer `nil` when it is absent or null, inner `nil` when it is not an integer.
    private static func count(_ name: StaticString, in details: JSONValue?) -> Int64?? {
        guard let value = details?[name], !value.isNull else { return nil }
        return .some(value.int64)
    }

    /// Appends a whole usage object, as for an answer that came without one.
    static func append(_ usage: TokenUsage, cost: NanoUSD, to bytes: inout [UInt8]) {
        bytes.append("{\"prompt_tokens\":")
        bytes.appendJSONNumber(usage.input)
        bytes.append(",\"completion_tokens\":")
        bytes.appendJSONNumber(usage.output)
        bytes.append(",\"total_tokens\":")
        bytes.appendJSONNumber(usage.input + usage.output)
        bytes.append(",\"prompt_tokens_details\":{\"cached_tokens\":")
        bytes.appendJSONNumber(usage.cachedInput)
        if usage.cacheWrite > 0 {
            bytes.append(",\"cache_write_tokens\":")
            bytes.appendJSONNumber(usage.cacheWrite)
        }
        bytes.append("},\"completion_tokens_details\":{\"reasoning_tokens\":")
        bytes.appendJSONNumber(usage.reasoning)
        bytes.append("},\"cost\":")
        bytes.appendJSONNumber(cost)
        bytes.append("}")
    }
}

/// Where the usage stands in a JSON text, and where its cost goes.
struct UsageSite {
    /// Offsets of the value of `usage`.
    let value: Range<Int>
    /// Offsets of the value of a `cost` that the provider already states; ours takes its place.
    let cost: Range<Int>?
    /// The usage that is reported and believed.
    private(set) var usage: TokenUsage?

    /// Takes in the provider's word of the tier that served the call (`service_tier`, beside the usage).
    mutating func note(tier word: JSONValue?) {
        if let word = word?.string { usage?.tier = ServiceTier(servedAs: word) }
    }

    /// A place that is known from before.
    init(value: Range<Int>, cost: Range<Int>?, usage: TokenUsage?) {
        self.value = value
        self.cost = cost
        self.usage = usage
    }

    /// Reads the member `usage`; `nil` when its value is not an object.
    init?(_ member: JSONRawMember) {
        guard member.value.kind == .object else { return nil }
        value = member.valueRange
        cost = member.rawMembers.first { $0.name.isString("cost") }?.valueRange
        usage = OpenAIUsage.read(member.value)
    }

    /// Appends `text` with `amount` as `usage.cost`. The usage must be believed, so it has members.
    func append(_ text: UnsafeRawBufferPointer, cost amount: NanoUSD, to bytes: inout [UInt8]) {
        if let cost {
            bytes.append(contentsOf: text[..<cost.lowerBound])
            bytes.appendJSONNumber(amount)
            bytes.append(contentsOf: text[cost.upperBound...])
        } else {
            let closingBrace = value.upperBound - 1
            bytes.append(contentsOf: text[..<closingBrace])
            bytes.append(",\"cost\":")
            bytes.appendJSONNumber(amount)
            bytes.append(contentsOf: text[closingBrace...])
        }
    }

    /// Appends `text` with `null` as usage.
    func appendWithoutUsage(_ text: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: text[..<value.lowerBound])
        bytes.append("null")
        bytes.append(contentsOf: text[value.upperBound...])
    }
}
