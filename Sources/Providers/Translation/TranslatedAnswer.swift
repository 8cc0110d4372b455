internal import Chat

/// An answer put into OpenAI's shape, but for its usage, whose cost is not known yet.
struct TranslatedAnswer: Sendable {
    /// What is believed of the reported usage.
    let usage: TokenUsage?
    /// The least that was reported of it.
    let reportedAtLeast: TokenUsage?
    let finishReasons: [OpenAIAnswer.FinishReason]
    /// A chat completion up to and with the name of the member `usage`.
    private let head: [UInt8]

    init(
        _ choices: [TranslatedChoice], usage: TokenUsage?, atLeast: TokenUsage?, id: UnsafeRawBufferPointer?, _ context: AnswerContext
    ) {
        // An answer is not made of nothing.
        self.usage = usage?.output == 0 && choices.contains { $0.hasOutput } ? nil : usage
        reportedAtLeast = atLeast
        finishReasons = choices.map { $0.finish.reason }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(choices.reduce(512) { $0 + $1.size })
        bytes.append("{\"id\":")
        if let id { bytes.appendJSONString(id) } else { bytes.appendJSONString(context.id) }
        bytes.append(",\"object\":\"chat.completion\",\"created\":")
        bytes.appendJSONNumber(context.created)
        bytes.append(",\"model\":")
        bytes.appendJSONString(context.model)
        bytes.append(",\"choices\":[")
        for (index, choice) in choices.enumerated() {
            if index > 0 { bytes.append(",") }
            choice.append(at: index, to: &bytes)
        }
        bytes.append("],\"usage\":")
        head = bytes
    }

    func rendering(cost: NanoUSD, estimate: TokenUsage) -> [UInt8] {
        var bytes = head
        OpenAIUsage.append(usage ?? estimate, cost: cost, to: &bytes)
        bytes.append("}")
        return bytes
    }
}

/// One choice of an answer, put together part by part.
struct TranslatedChoice: Sendable {
    /// The text; `nil` as long as there is none.
    private(set) var content: [UInt8]?
    private(set) var refusal: [UInt8]?
    private var reasoning: [UInt8]?
    /// The entries of `reasoning_details` as JSON, separated by commas.
    private var details: [UInt8] = []
    private var detailCount = 0
    /// The entries of `tool_calls` as JSON, separated by commas.
    private var toolCalls: [UInt8] = []
    private(set) var toolCallCount = 0
    var finish = FinishNote(.missing)
    private let context: AnswerContext

    init(_ context: AnswerContext) { self.context = context }

    /// Whether there is anything that tokens were made for.
    var hasOutput: Bool { content?.isEmpty == false || reasoning?.isEmpty == false || toolCallCount > 0 }

    /// About how many bytes it takes.
    var size: Int { 256 + (content?.count ?? 0) + (reasoning?.count ?? 0) + details.count + toolCalls.count }

    mutating func addContent(_ text: UnsafeRawBufferPointer) { Self.add(text, to: &content) }

    mutating func addRefusal(_ text: UnsafeRawBufferPointer) { Self.add(text, to: &refusal) }

    mutating func addReasoning(_ text: UnsafeRawBufferPointer) { Self.add(text, to: &reasoning) }

    /// In place: an answer may come in very many pieces.
    private static func add(_ text: UnsafeRawBufferPointer, to known: inout [UInt8]?) {
        if known == nil { known = [] }
        known?.append(contentsOf: text)
    }

    mutating func addDetail(_ detail: ReasoningDetail) {
        if detailCount > 0 { details.append(",") }
        detail.append(at: detailCount, to: &details)
        detailCount += 1
    }

    /// - Parameters:
    ///   - id: `nil`: the provider gives none, so one is made up.
    ///   - name: the provider's name of the tool.
    ///   - arguments: JSON, which becomes a string; `nil`: none.
    ///   - signature: Google's signature of the thoughts before the call.
    mutating func addToolCall(
        id: UnsafeRawBufferPointer?, name: UnsafeRawBufferPointer, arguments: UnsafeRawBufferPointer?,
        signature: UnsafeRawBufferPointer? = nil
    ) {
        if toolCallCount > 0 { toolCalls.append(",") }
        toolCalls.append("{\"id\":")
        toolCalls.appendToolCallID(id, at: toolCallCount, context)
        toolCallCount += 1
        toolCalls.append(",\"type\":\"function\",")
        toolCalls.appendGoogleSignature(signature)
        toolCalls.append("\"function\":{\"name\":")
        toolCalls.appendToolName(name, context)
        toolCalls.append(",\"arguments\":")
        if let arguments { toolCalls.appendJSONString(arguments) } else { toolCalls.append("\"{}\"") }
        toolCalls.append("}}")
    }

    func append(at index: Int, to bytes: inout [UInt8]) {
        bytes.append("{\"index\":")
        bytes.appendJSONNumber(Int64(index))
        bytes.append(",\"message\":{\"role\":\"assistant\",\"content\":")
        bytes.appendJSONString(orNull: content)
        bytes.append(",\"refusal\":")
        bytes.appendJSONString(orNull: refusal)
        if let reasoning {
            bytes.append(",\"reasoning_content\":")
            bytes.appendJSONString(orNull: reasoning)
        }
        bytes.appendMember("reasoning_details", list: details)
        bytes.appendMember("tool_calls", list: toolCalls)
        bytes.append("},\"logprobs\":null,")
        finish.append(to: &bytes)
        bytes.append("}")
    }
}

extension [UInt8] {
    /// Appends UTF-8 as a JSON string, or `null`.
    fileprivate mutating func appendJSONString(orNull utf8: [UInt8]?) {
        if let utf8 { utf8.withUnsafeBytes { appendJSONString($0) } } else { append("null") }
    }

    fileprivate mutating func appendMember(_ name: StaticString, list: [UInt8]) {
        guard !list.isEmpty else { return }
        append(",\"")
        append(name)
        append("\":[")
        append(contentsOf: list)
        append("]")
    }
}
