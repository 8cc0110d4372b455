public import Chat
public import Core

/// A whole (not streamed) chat completion as a provider of OpenAI's dialect sent it.
public struct OpenAIAnswer: Sendable {
    /// The tokens used; `nil` when the provider reported none, or none that can be true.
    public let usage: TokenUsage?
    /// The least that was reported of the usage, believed or not; `nil` when nothing was.
    public let reportedAtLeast: TokenUsage?
    /// Why each choice ended, in the order of the answer.
    public let finishReasons: [FinishReason]

    private let site: UsageSite?
    /// Offsets of the value of `usage`; `nil`: it is missing.
    private let usageValue: Range<Int>?
    /// Offset behind the last member.
    private let end: Int
    /// What must change for every client to read the answer.
    private let changes: TextChanges

    /// Reads an answer with status 200.
    /// - Throws: an error of the upstream when the body is not a completion, or carries an `error`.
    public static func read(body: [UInt8], reader: JSONReader) throws(GatewayError) -> OpenAIAnswer {
        // Two failures are distinguished: the text is not JSON, or its content is not a usable answer.
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
        if OpenAIFailure.isReported(in: root) { throw body.withUnsafeBytes { OpenAIFailure.embedded(root, in: $0) } }
        var choices = Choices()
        var usageMember: JSONRawMember?
        var groq: UsageSite?
        var tier: JSONValue?
        var end = 0
        for member in members {
            end = member.range.upperBound
            switch member.name.name {
            case "choices": try choices.read(member)
            case "usage": usageMember = member
            case "service_tier": tier = member.value
            case "x_groq": groq = member["usage"].flatMap(UsageSite.init)
            default: break
            }
        }
        guard !choices.reasons.isEmpty else { throw OpenAIFailure.unusable("the answer has no choices") }
        finishReasons = choices.reasons
        changes = choices.changes
        self.end = end
        var reports = [usageMember.flatMap(UsageSite.init), choices.usage, groq].compactMap(\.self)
        for index in reports.indices { reports[index].note(tier: tier) }
        reportedAtLeast = reports.dropFirst().reduce(reports.first?.report.atLeast) { $0?.union($1.report.atLeast) }
        // A usage without output tokens cannot be true of an answer with output.
        site = reports.first { $0.usage != nil && !($0.usage?.output == 0 && choices.content.textBytes > 0) }
        usage = site?.usage
        usageValue = usageMember?.valueRange
    }

    /// The answer for the client: `body`, which this was read from, with `usage.cost`.
    /// - Parameter estimate: stands in for the usage when the provider reported none that is believed.
    public func rendering(_ body: [UInt8], cost: NanoUSD, estimate: TokenUsage) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(body.count + 256)
        body.withUnsafeBytes { text in
            var changes = changes
            var value = site?.rendered(text, cost: cost) ?? []
            if value.isEmpty { value.appendUsage(estimate, cost: cost) }
            if let usageValue {
                changes.replace(usageValue, with: value)
            } else {
                changes.insert(Array(",\"usage\":".utf8) + value, at: end)
            }
            changes.append(text, to: &bytes)
        }
        return bytes
    }
}

/// The choices of an answer.
private struct Choices {
    var reasons: [FinishReason] = []
    var content = CarriedContent()
    var changes = TextChanges()
    /// Usage inside a choice (Moonshot).
    var usage: UsageSite?

    mutating func read(_ member: JSONRawMember) throws(GatewayError) {
        guard member.value.kind == .array else { throw OpenAIFailure.unusable("choices is not a list") }
        for choice in member.rawElements {
            guard choice.value.kind == .object else { throw OpenAIFailure.unusable("a choice is not an object") }
            var (message, usage, finish): (JSONRawMember?, JSONRawMember?, JSONRawMember?)
            for member in choice.rawMembers {
                switch member.name.name {
                case "message": message = member
                case "usage": usage = member
                case "finish_reason": finish = member
                default: break
                }
            }
            guard let message, message.value.kind == .object else { throw OpenAIFailure.unusable("a choice has no message") }
            let calls = content.callCount
            content.read(message, isDelta: false, &changes)
            self.usage = self.usage ?? usage.flatMap(UsageSite.init)
            try readFinish(finish, of: choice, message, callsTools: content.callCount > calls)
        }
    }

    /// A whole answer that has no finish reason still counts as whole.
    private mutating func readFinish(
        _ member: JSONRawMember?, of choice: JSONRawElement, _ message: JSONRawMember, callsTools: Bool
    ) throws(GatewayError) {
        let word = FinishWord(member?.value)
        reasons.append(word.reason)
        switch word {
        case .known: break
        case .failure: throw OpenAIFailure.failedToFinish(member?.value.string)
        case .foreign(let reason):
            guard let member else { return }
            let value = FinishWord.members(reason, native: member, isSaid: choice.value["native_finish_reason"] != nil)
            changes.replace(member.valueRange, with: value)
        case .none:
            let reason: StaticString = callsTools ? "\"tool_calls\"" : "\"stop\""
            if let member { return changes.replace(member.valueRange, with: reason) }
            changes.insert(Array("\"finish_reason\":\(reason),".utf8), at: message.nameRange.lowerBound)
        }
    }
}
