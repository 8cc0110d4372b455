internal import Chat
internal import Core

/// OpenAI's `usage` object and what providers of its dialect make of it.
enum OpenAIUsage {
    /// The members of a usage object. Servers of this dialect have the same counts in different places.
    struct Members {
        private(set) var promptTokens: JSONValue?
        private(set) var completionTokens: JSONValue?
        private(set) var promptDetails: JSONValue?
        private var (inputTokens, outputTokens, total): (JSONValue?, JSONValue?, JSONValue?)
        private var (inputDetails, completionDetails, outputDetails): (JSONValue?, JSONValue?, JSONValue?)
        /// Beside the details: Moonshot, DeepSeek, proxies in front of Anthropic.
        private var (cached, cacheHit, cacheRead, cacheCreation, reasoning): (JSONValue?, JSONValue?, JSONValue?, JSONValue?, JSONValue?)

        mutating func note(_ name: JSONName, _ value: JSONValue) {
            switch name {
            case "prompt_tokens": promptTokens = value
            case "completion_tokens": completionTokens = value
            case "total_tokens": total = value
            case "prompt_tokens_details": promptDetails = value
            case "completion_tokens_details": completionDetails = value
            case "input_tokens": inputTokens = value
            case "output_tokens": outputTokens = value
            case "input_tokens_details": inputDetails = value
            case "output_tokens_details": outputDetails = value
            case "cached_tokens": cached = value
            case "prompt_cache_hit_tokens": cacheHit = value
            case "cache_read_input_tokens": cacheRead = value
            case "cache_creation_input_tokens": cacheCreation = value
            case "reasoning_tokens": reasoning = value
            default: break
            }
        }

        /// The report that the members make up.
        func report() -> UsageReport {
            let input = InputDetails(promptDetails ?? inputDetails)
            let output = OutputDetails(completionDetails)
            var counts = UsageReport.Counts()
            counts.input = first(promptTokens, inputTokens)
            counts.output = first(completionTokens, outputTokens)
            counts.total = first(total)
            counts.cached = first(input.cached, cached, cacheHit, cacheRead)
            counts.written = first(input.written, input.created, cacheCreation)
            counts.reasoning = first(output.reasoning, outputDetails?["reasoning_tokens"], reasoning)
            var report = UsageReport(counts)
            report.addSound(input: input.sound?.int64 ?? 0, output: output.sound?.int64 ?? 0)
            return report
        }

        /// The first count that is there.
        private func first(_ a: JSONValue?, _ b: JSONValue? = nil, _ c: JSONValue? = nil, _ d: JSONValue? = nil) -> UsageCount {
            if let a, !a.isNull { return UsageCount(a) }
            if let b, !b.isNull { return UsageCount(b) }
            if let c, !c.isNull { return UsageCount(c) }
            return UsageCount(d)
        }
    }

    /// `prompt_tokens_details`.
    private struct InputDetails {
        var (cached, written, created, sound): (JSONValue?, JSONValue?, JSONValue?, JSONValue?)

        init(_ details: JSONValue?) {
            guard let details else { return }
            for member in details.members {
                switch member.name.name {
                case "cached_tokens": cached = member.value
                case "cache_write_tokens": written = member.value
                case "cache_creation_tokens": created = member.value
                case "audio_tokens": sound = member.value
                default: break
                }
            }
        }
    }

    /// `completion_tokens_details`.
    private struct OutputDetails {
        var (reasoning, sound): (JSONValue?, JSONValue?)

        init(_ details: JSONValue?) {
            guard let details else { return }
            for member in details.members {
                switch member.name.name {
                case "reasoning_tokens": reasoning = member.value
                case "audio_tokens": sound = member.value
                default: break
                }
            }
        }
    }
}

/// Where the usage stands in a JSON text, and where its cost goes.
struct UsageSite {
    /// Offsets of the value of `usage`.
    let value: Range<Int>
    /// The reported usage.
    private(set) var report: UsageReport
    /// The usage that is reported and believed.
    var usage: TokenUsage? { report.believed }
    /// Offsets of the value of a `cost` that the provider already states; the gateway's cost takes its place.
    private let cost: Range<Int>?
    /// Whether cached tokens stand where clients look for them.
    private let hasDetails: Bool
    /// Whether the two main counts equal the believed usage; otherwise the object is rewritten.
    private let isRight: Bool

    /// Reads the member `usage`; `nil` when its value is not an object.
    init?(_ member: JSONRawMember) {
        guard member.value.kind == .object else { return nil }
        value = member.valueRange
        var members = OpenAIUsage.Members()
        var cost: Range<Int>?
        for part in member.rawMembers {
            if case "cost" = part.name.name { cost = part.valueRange } else { members.note(part.name.name, part.value) }
        }
        self.cost = cost
        report = members.report()
        hasDetails = members.promptDetails?.kind == .object
        isRight =
            members.promptTokens?.int64 == report.believed?.input && members.completionTokens?.int64 == report.believed?.output
    }

    /// Takes in the provider's word of the tier that served the call (`service_tier`, beside the usage).
    mutating func note(tier word: JSONValue?) { report.note(tier: word) }

    /// The value of `usage` for the client: the provider's object with `amount` as its cost, or an object that the gateway writes. The usage must be believed.
    func rendered(_ text: UnsafeRawBufferPointer, cost amount: NanoUSD) -> [UInt8] {
        var bytes: [UInt8] = []
        guard isRight, let usage else {
            bytes.appendUsage(usage ?? report.atLeast, cost: amount)
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
