internal import Chat

/// OpenAI's `usage` object and what providers of its dialect make of it.
enum OpenAIUsage {
    /// Reads a usage object. Servers of this dialect have the same counts in different places.
    static func read(_ usage: JSONValue) -> UsageReport {
        let (input, output) = (usage["prompt_tokens_details"] ?? usage["input_tokens_details"], usage["completion_tokens_details"])
        var counts = UsageReport.Counts()
        counts.input = first([usage["prompt_tokens"], usage["input_tokens"]])
        counts.output = first([usage["completion_tokens"], usage["output_tokens"]])
        counts.total = first([usage["total_tokens"]])
        // Beside the details: Moonshot, DeepSeek, proxies in front of Anthropic.
        counts.cached = first([
            input?["cached_tokens"], usage["cached_tokens"], usage["prompt_cache_hit_tokens"], usage["cache_read_input_tokens"],
        ])
        counts.written = first([input?["cache_write_tokens"], input?["cache_creation_tokens"], usage["cache_creation_input_tokens"]])
        counts.reasoning = first([
            output?["reasoning_tokens"], usage["output_tokens_details"]?["reasoning_tokens"], usage["reasoning_tokens"],
        ])
        var report = UsageReport(counts)
        report.addSound(input: input?["audio_tokens"]?.int64 ?? 0, output: output?["audio_tokens"]?.int64 ?? 0)
        return report
    }

    /// The first count that is there.
    private static func first(_ values: [JSONValue?]) -> UsageCount {
        for value in values { if let value, !value.isNull { return UsageCount(value) } }
        return .absent
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
    /// What is reported.
    private(set) var report: UsageReport
    /// The usage that is reported and believed.
    var usage: TokenUsage? { report.believed }
    /// Offsets of the value of a `cost` that the provider already states; ours takes its place.
    private let cost: Range<Int>?
    /// Whether cached tokens stand where clients look for them.
    private let hasDetails: Bool
    /// Whether the two main counts are what is believed: else the object is written anew.
    private let isRight: Bool

    /// Reads the member `usage`; `nil` when its value is not an object.
    init?(_ member: JSONRawMember) {
        guard member.value.kind == .object else { return nil }
        value = member.valueRange
        cost = member.rawMembers.first { $0.name.isString("cost") }?.valueRange
        report = OpenAIUsage.read(member.value)
        hasDetails = member.value["prompt_tokens_details"]?.kind == .object
        isRight =
            member.value["prompt_tokens"]?.int64 == report.believed?.input
            && member.value["completion_tokens"]?.int64 == report.believed?.output
    }

    /// Takes in the provider's word of the tier that served the call (`service_tier`, beside the usage).
    mutating func note(tier word: JSONValue?) { report.note(tier: word) }

    /// The value of `usage` for the client: the provider's object with `amount` as its cost, or an object that the gateway writes. The usage must be believed.
    func rendered(_ text: UnsafeRawBufferPointer, cost amount: NanoUSD) -> [UInt8] {
        var bytes: [UInt8] = []
        guard isRight, let usage else {
            OpenAIUsage.append(usage ?? report.atLeast, cost: amount, to: &bytes)
            return bytes
        }
        let closingBrace = value.upperBound - 1
        if let cost {
            bytes.append(contentsOf: text[value.lowerBound..<cost.lowerBound])
            bytes.appendJSONNumber(amount)
            bytes.append(contentsOf: text[cost.upperBound..<closingBrace])
        } else {
            bytes.append(contentsOf: text[value.lowerBound..<closingBrace])
            bytes.append(",\"cost\":")
            bytes.appendJSONNumber(amount)
        }
        if usage.cachedInput > 0, !hasDetails {
            bytes.append(",\"prompt_tokens_details\":{\"cached_tokens\":")
            bytes.appendJSONNumber(usage.cachedInput)
            bytes.append("}")
        }
        bytes.append("}")
        return bytes
    }
}
