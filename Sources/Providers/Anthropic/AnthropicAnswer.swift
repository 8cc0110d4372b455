internal import Chat

extension Anthropic {
    static func answer(_ body: [UInt8], _ context: AnswerContext, _ reader: JSONReader) throws(GatewayError) -> TranslatedAnswer {
        // Two failures are distinguished: the text is not JSON, or its content is not a usable answer.
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
                    choice.addContent(input, context)
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
        if let why = root["stop_details"]?["explanation"]?.stringBytes { choice.addRefusal(why) }
        var usage = SplitUsage()
        usage.add(anthropic: root["usage"])
        return TranslatedAnswer([choice], usage: usage.tokens, atLeast: usage.atLeast, id: root["id"]?.stringBytes, context)
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

extension SplitUsage {
    /// Takes in a `usage` of Anthropic's.
    mutating func add(anthropic usage: JSONValue?) {
        add(
            plain: usage?["input_tokens"], cacheRead: usage?["cache_read_input_tokens"], cacheWrite: usage?["cache_creation_input_tokens"],
            output: usage?["output_tokens"], reasoning: usage?["output_tokens_details"]?["thinking_tokens"])
        add(cacheWriteHour: usage?["cache_creation"]?["ephemeral_1h_input_tokens"])
        // `service_tier` tells of reserved capacity, which is paid for elsewhere; `speed` is a price.
        note(tier: usage?["speed"])
    }
}
