internal import Chat

extension Bedrock {
    static func answer(_ body: [UInt8], _ context: AnswerContext, _ reader: JSONReader) throws(GatewayError) -> TranslatedAnswer {
        // Two failures are distinguished: the text is not JSON, or its content is not a usable answer.
        let outcome: Result<TranslatedAnswer, GatewayError>
        do {
            outcome = try reader.read(body) { root in Result { () throws(GatewayError) in try answer(root, context) } }
        } catch { throw OpenAIFailure.unusable(error.publicMessage) }
        return try outcome.get()
    }

    private static func answer(_ root: JSONValue, _ context: AnswerContext) throws(GatewayError) -> TranslatedAnswer {
        guard let output = root.rawMembers?.first(where: { $0.name.isString("output") }), let content = output["message"]?["content"] else {
            throw OpenAIFailure.unusable("the answer has no message")
        }
        var choice = TranslatedChoice(context)
        var text: [UInt8] = []
        var hasFormat = false
        for block in content.rawElements {
            if let part = block.value["text"]?.stringBytes {
                text += part
            } else if let call = block["toolUse"] {
                guard let name = call.value["name"]?.stringBytes else { throw OpenAIFailure.unusable("a tool call has no name") }
                let input = call["input"]?.valueText
                if let input, context.formatTool?.utf8.elementsEqual(name) == true {
                    hasFormat = true
                    choice.addContent(input, context)
                } else {
                    choice.addToolCall(id: call.value["toolUseId"]?.stringBytes, name: name, arguments: input)
                }
            } else if let reasoning = block.value["reasoningContent"] {
                addReasoning(reasoning, to: &choice)
            }
        }
        // Where the arguments of a tool are the answer, words around it would spoil it.
        if !hasFormat, !text.isEmpty { text.withUnsafeBytes { choice.addContent($0) } }
        choice.finish = finish(root["stopReason"], isFormatted: hasFormat) ?? FinishNote(choice.toolCallCount > 0 ? .toolCalls : .stop)
        var usage = SplitUsage()
        usage.add(bedrock: root["usage"])
        usage.note(tier: root["serviceTier"]?["type"])
        return TranslatedAnswer([choice], usage: usage.tokens, atLeast: usage.atLeast, id: nil, context)
    }

    private static func addReasoning(_ reasoning: JSONValue, to choice: inout TranslatedChoice) {
        if let data = reasoning["redactedContent"]?.stringBytes { choice.addDetail(ReasoningDetail(.encrypted(data, id: nil), .anthropic)) }
        guard let thought = reasoning["reasoningText"], let text = thought["text"]?.stringBytes else { return }
        if !text.isEmpty { choice.addReasoning(text) }
        // Thoughts without a signature need not come back to the provider.
        if let signature = thought["signature"]?.stringBytes {
            choice.addDetail(ReasoningDetail(.text(text, signature: signature), .anthropic))
        }
    }

    /// Why the answer ended; `nil` when it is not said.
    static func finish(_ reason: JSONValue?, isFormatted: Bool) -> FinishNote? {
        guard let reason, let text = reason.stringBytes else { return nil }
        if reason.isString("end_turn") || reason.isString("stop_sequence") { return FinishNote(.stop) }
        if reason.isString("max_tokens") { return FinishNote(.length) }
        if reason.isString("tool_use") { return FinishNote(isFormatted ? .stop : .toolCalls) }
        if reason.isString("guardrail_intervened") || reason.isString("content_filtered") {
            return FinishNote(.contentFilter, native: text)
        }
        if reason.isString("model_context_window_exceeded") { return FinishNote(.length, native: text) }
        return FinishNote(.other, native: text)
    }
}

extension SplitUsage {
    /// Takes in a `usage` of Converse's.
    mutating func add(bedrock usage: JSONValue?) {
        add(
            plain: usage?["inputTokens"], cacheRead: usage?["cacheReadInputTokens"], cacheWrite: usage?["cacheWriteInputTokens"],
            output: usage?["outputTokens"], total: usage?["totalTokens"])
        for detail in usage?["cacheDetails"].map({ Array($0.elements) }) ?? [] where detail["ttl"]?.isString("1h") == true {
            add(cacheWriteHour: detail["inputTokens"])
        }
    }
}
