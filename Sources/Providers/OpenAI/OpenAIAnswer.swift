public import Chat

/// A whole (not streamed) chat completion as a provider of OpenAI's dialect sent it.
public struct OpenAIAnswer: Sendable {
    /// Why a choice ended.
    public enum FinishReason: Hashable, Sendable {
        case stop, length, toolCalls, functionCall, contentFilter
        /// A reason that is not OpenAI's.
        case other
        /// None was given.
        case missing
    }

    /// The tokens used; `nil` when the provider reported none, or none that can be true.
    public let usage: TokenUsage?
    /// Why each choice ended, in the order of the answer; empty when the answer has no choice.
    public let finishReasons: [FinishReason]

    private enum Site: Sendable {
        case believed(value: Range<Int>, cost: Range<Int>?)
        case unusable(value: Range<Int>)
        case absent(insertAt: Int)
    }
    private let site: Site

    /// Reads an answer with status 200.
    /// - Throws: an error of the upstream when the body is not a completion, or carries an `error`.
    public static func read(body: [UInt8], reader: JSONReader) throws(GatewayError) -> OpenAIAnswer {
        // The two failures must be told apart: what the text is not, and what it says.
        let outcome: Result<OpenAIAnswer, GatewayError>
        do {
            outcome = try reader.read(body) { (root) throws(GatewayError) in
                Result { () throws(GatewayError) in try OpenAIAnswer(root, body) }
            }
        } catch { throw OpenAIFailure.unusable(error.publicMessage) }
        return try outcome.get()
    }

    private init(_ root: JSONValue, _ body: [UInt8]) throws(GatewayError) {
        guard root.kind == .object, let members = root.rawMembers else { throw OpenAIFailure.unusable("the answer is not a JSON object") }
        var reasons: [FinishReason]?
        var usageMember: JSONRawMember?
        var tier: JSONValue?
        var end = 0
        for member in members {
            end = member.range.upperBound
            if member.name.isString("choices") {
                reasons = try Self.readChoices(member.value)
            } else if member.name.isString("usage") {
                usageMember = member
            } else if member.name.isString("service_tier") {
                tier = member.value
            } else if member.name.isString("error"), !member.value.isNull {
                throw body.withUnsafeBytes { OpenAIFailure.embedded(root, in: $0) }
            }
        }
        guard let reasons else { throw OpenAIFailure.unusable("the answer has no choices") }
        finishReasons = reasons
        var found = usageMember.flatMap(UsageSite.init)
        found?.note(tier: tier)
        usage = found?.usage
        if let found, found.usage != nil {
            site = .believed(value: found.value, cost: found.cost)
        } else if let usageMember {
            site = .unusable(value: usageMember.valueRange)
        } else {
            site = .absent(insertAt: end)
        }
    }

    private static func readChoices(_ value: JSONValue) throws(GatewayError) -> [FinishReason] {
        guard value.kind == .array else { throw OpenAIFailure.unusable("choices is not a list") }
        var reasons: [FinishReason] = []
        for choice in value.elements {
            guard choice.kind == .object else { throw OpenAIFailure.unusable("a choice is not an object") }
            reasons.append(FinishReason(choice["finish_reason"]))
        }
        return reasons
    }

    /// The answer for the client: `body`, which this was read from, with `usage.cost`.
    /// - Parameter estimate: stands in for the usage when the provider reported none that is believed.
    public func rendering(_ body: [UInt8], cost: NanoUSD, estimate: TokenUsage) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(body.count + 256)
        body.withUnsafeBytes { text in
            switch site {
            case .believed(let value, let costRange):
                UsageSite(value: value, cost: costRange, usage: usage).append(text, cost: cost, to: &bytes)
            case .unusable(let value):
                bytes.append(contentsOf: text[..<value.lowerBound])
                OpenAIUsage.append(estimate, cost: cost, to: &bytes)
                bytes.append(contentsOf: text[value.upperBound...])
            case .absent(let position):
                bytes.append(contentsOf: text[..<position])
                bytes.append(",\"usage\":")
                OpenAIUsage.append(estimate, cost: cost, to: &bytes)
                bytes.append(contentsOf: text[position...])
            }
        }
        return bytes
    }
}

extension OpenAIAnswer.FinishReason {
    /// Reads the value of a `finish_reason`.
    init(_ value: JSONValue?) {
        guard let value, value.kind == .string else {
            self = .missing
            return
        }
        if value.isString("stop") {
            self = .stop
        } else if value.isString("length") {
            self = .length
        } else if value.isString("tool_calls") {
            self = .toolCalls
        } else if value.isString("function_call") {
            self = .functionCall
        } else if value.isString("content_filter") {
            self = .contentFilter
        } else {
            self = .other
        }
    }
}
