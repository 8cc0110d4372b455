internal import Chat

extension Anthropic {
    static func answer(_ body: [UInt8], _ context: AnswerContext, _ reader: JSONReader) throws(GatewayError) -> TranslatedAnswer {
        // The two failures must be told apart: what the text is not, and what it says.
        let outcome: Result<TranslatedAnswer, GatewayError>
        do {
            outcome = try reader.read(body) { root in Result { () throws(GatewayError) in try answer(root, context) } }
        } catch { throw OpenAIFailure.unusable(error.publicMessage) }
        return try outcome.get()
    }

    private static func answer(_ root: JSONValue, _ context: AnswerContext) throws(GatewayError) -> TranslatedAnswer {
        if let error = embeddedError(root) { throw error }
        guard let content = root.rawMembers?.first(where: { $0.name.isString("content") }) else {
            throw OpenAIFailure.unusable("the answer has no content")
        }
        var choice = TranslatedChoice(context)
        var text: [UInt8] = []
        var hasFormat = false
        for block in content.rawElements {
            let (type, value) = (block.value["type"], block.value)
            if type?.isString("text") == true {
                text += value["text"]?.stringBytes ?? UnsafeRawBufferPointer(start: nil, count: 0)
            } else if type?.isString("tool_use") == true {
                guard let name = value["name"]?.stringBytes else { throw OpenAIFailure.unusable("a tool call has no name") }
                let input = block["input"]?.valueText
                if let input, context.formatTool?.utf8.elementsEqual(name) == true {
                    hasFormat = true
                    choice.addContent(input)
                } else {
                    choice.addToolCall(id: value["id"]?.stringBytes, name: name, arguments: input)
                }
            } else {
                addReasoning(value, to: &choice)
            }
        }
        // Where the arguments of a tool are the answer, words around it would spoil it.
        if !hasFormat, !text.isEmpty { text.withUnsafeBytes { choice.addContent($0) } }
        choice.finish = finish(root["stop_reason"], isFormatted: hasFormat) ?? FinishNote(choice.toolCallCount > 0 ? .toolCalls : .stop)
        return TranslatedAnswer(
            [choice], usage: AnthropicUsage(root["usage"]).tokens, id: root["id"]?.stringBytes, context)
    }

    private static func addReasoning(_ block: JSONValue, to choice: inout TranslatedChoice) {
        if block["type"]?.isString("thinking") == true, let text = block["thinking"]?.stringBytes {
            if !text.isEmpty { choice.addReasoning(text) }
            choice.addDetail(ReasoningDetail(.text(text, signature: block["signature"]?.stringBytes), .anthropic))
        } else if block["type"]?.isString("redacted_thinking") == true, let data = block["data"]?.stringBytes {
            choice.addDetail(ReasoningDetail(.encrypted(data, id: nil), .anthropic))
        }
    }

    /// Why the answer ended; `nil` when it is not said.
    /// - Parameter isFormatted: whether the call that ended it was not a call but the answer in its format.
    static func finish(_ reason: JSONValue?, isFormatted: Bool) -> FinishNote? {
        guard let reason, let text = reason.stringBytes else { return nil }
        if reason.isString("end_turn") || reason.isString("stop_sequence") { return FinishNote(.stop) }
        if reason.isString("max_tokens") { return FinishNote(.length) }
        if reason.isString("tool_use") { return FinishNote(isFormatted ? .stop : .toolCalls) }
        if reason.isString("refusal") { return FinishNote(.contentFilter, native: text) }
        if reason.isString("model_context_window_exceeded") { return FinishNote(.length, native: text) }
        // `pause_turn`, and whatever comes.
        return FinishNote(.other, native: text)
    }
}

/// Anthropic's `usage`, which a stream tells in parts: each count only grows.
struct AnthropicUsage: Sendable {
    /// Input tokens that were neither read from the cache nor written to it.
    private var plain: Int64 = 0
    private var cacheRead: Int64 = 0
    private var cacheWrite: Int64 = 0
    private var output: Int64?
    private var isForged = false

    init() {}

    init(_ usage: JSONValue?) { add(usage) }

    mutating func add(_ usage: JSONValue?) {
        guard let usage, usage.kind == .object else { return }
        plain = max(plain, count(usage["input_tokens"]) ?? 0)
        cacheRead = max(cacheRead, count(usage["cache_read_input_tokens"]) ?? 0)
        cacheWrite = max(cacheWrite, count(usage["cache_creation_input_tokens"]) ?? 0)
        if let count = count(usage["output_tokens"]) { output = max(output ?? 0, count) }
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
        let usage = TokenUsage(input: plain + cacheRead + cacheWrite, cachedInput: cacheRead, cacheWrite: cacheWrite, output: output)
        return usage.isPlausible && usage.input > 0 ? usage : nil
    }
}
