internal import Chat

/// Reads whole answers.
enum GeminiAnswer {
    static func read(_ root: JSONValue, _ context: AnswerContext) throws(GatewayError) -> TranslatedAnswer {
        if let error = GeminiFailure.reported(by: root) { throw error }
        guard root.kind == .object else { throw OpenAIFailure.unusable("the answer is not an object") }
        let report = root["usageMetadata"].map(GeminiUsage.read)
        var choices: [TranslatedChoice] = []
        for candidate in (root["candidates"]?.elements).map({ Array($0.prefix(context.choices)) }) ?? [] {
            choices.append(try choice(candidate, index: choices.count, context))
        }
        if choices.isEmpty { throw GeminiFailure.noCandidate(root) }
        return TranslatedAnswer(choices, usage: report?.believed, atLeast: report?.atLeast, id: root["responseId"]?.stringBytes, context)
    }

    private static func choice(_ candidate: JSONValue, index: Int, _ context: AnswerContext) throws(GatewayError) -> TranslatedChoice {
        var choice = TranslatedChoice(context)
        var hasOutput = false
        for part in try GeminiPart.readAll(candidate) {
            if add(part, to: &choice, index, context) { hasOutput = true }
        }
        choice.finish = try GeminiFinish.note(
            candidate["finishReason"], callsTools: choice.toolCallCount > 0, hasOutput: hasOutput, candidate["finishMessage"])
        // An answer without any text is an empty one; only calls come without a content.
        if choice.content == nil, choice.toolCallCount == 0 { choice.addContent(UnsafeRawBufferPointer(start: nil, count: 0)) }
        return choice
    }

    /// - Returns: whether the part carries anything that the client is going to see.
    private static func add(_ part: GeminiPart, to choice: inout TranslatedChoice, _ index: Int, _ context: AnswerContext) -> Bool {
        let callID = part.isCall ? part.callID ?? Gemini.callID(context, choice: index, index: choice.toolCallCount) : []
        callID.withUnsafeBytes { id in
            if let signature = part.signature {
                choice.addDetail(ReasoningDetail(.encrypted(signature, id: part.isCall ? id : nil), .gemini))
            }
            switch part.kind {
            case .text(let text): choice.addContent(text)
            case .thought(let text): choice.addReasoning(text)
            case .call(let name, let arguments):
                arguments.withUnsafeBytes { choice.addToolCall(id: id, name: name, arguments: $0, signature: part.signature) }
            case .nothing: break
            }
        }
        return part.isOutput
    }
}
