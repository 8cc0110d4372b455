internal import Chat

/// Writes the body of a Messages request.
struct AnthropicWriter {
    private(set) var bytes: [UInt8] = []
    private let client: ClientRequest
    private let plan: ClaudePlan
    private var arguments = ToolArguments()

    init(_ client: ClientRequest, _ plan: ClaudePlan) {
        self.client = client
        self.plan = plan
        bytes.reserveCapacity(4096)
    }

    mutating func write(model: [UInt8], stream: Bool) throws(GatewayError) {
        bytes.append("{\"model\":")
        bytes.append(contentsOf: model)
        bytes.append(",\"max_tokens\":")
        bytes.appendJSONNumber(plan.maxTokens)
        if stream { bytes.append(",\"stream\":true") }
        try writeSystem()
        try writeMessages()
        writeTools()
        writeSampling()
        writeThinkingAndFormat()
        if let user = client.user, !user.isEmpty {
            bytes.append(",\"metadata\":{\"user_id\":")
            bytes.appendJSONString(user)
            bytes.append("}")
        }
        bytes.append("}")
    }

    // MARK: Messages

    /// All system messages, wherever they stand: Anthropic has one place for them.
    private mutating func writeSystem() throws(GatewayError) {
        let messages = client.messages.filter { $0.role == .system && $0.parts.contains { $0.text?.hasInk == true } }
        guard !messages.isEmpty || plan.asksForJSON else { return }
        bytes.append(",\"system\":[")
        for message in messages { try writeParts(of: message) }
        if plan.asksForJSON {
            bytes.appendComma()
            bytes.append("{\"type\":\"text\",\"text\":\"Answer with one JSON object and nothing else.\"}")
        }
        bytes.append("]")
    }

    private mutating func writeMessages() throws(GatewayError) {
        bytes.append(",\"messages\":[")
        let turns = ConversationTurn.alternating(client.messages)
        for (index, turn) in turns.enumerated() {
            bytes.appendComma()
            bytes.append(turn.isAssistant ? "{\"role\":\"assistant\",\"content\":[" : "{\"role\":\"user\",\"content\":[")
            if turn.isAssistant {
                for message in turn.messages { try writeAssistant(message, isLast: index == turns.count - 1) }
            } else {
                try writeUser(turn)
            }
            // Where the conversation has nothing from the user, something must stand for it.
            if bytes.last == UInt8(ascii: "[") { bytes.append("{\"type\":\"text\",\"text\":\".\"}") }
            bytes.append("]}")
        }
        bytes.append("]")
    }

    private mutating func writeUser(_ turn: ConversationTurn) throws(GatewayError) {
        let (results, others) = turn.resultsFirst
        for result in results { try writeResult(result) }
        for message in others {
            if message.role == .tool { writeOrphan(message) }
            try writeParts(of: message)
        }
    }

    private mutating func writeAssistant(_ message: ClientMessage, isLast: Bool) throws(GatewayError) {
        for detail in message.reasoning { writeThinking(detail) }
        try writeParts(of: message, trimmed: isLast)
        for call in message.toolCalls {
            bytes.appendComma()
            bytes.append("{\"type\":\"tool_use\",\"id\":")
            ToolArguments.appendID(call.id, to: &bytes)
            bytes.append(",\"name\":")
            bytes.appendJSONString(call.name)
            bytes.append(",\"input\":")
            arguments.append(call.arguments, to: &bytes)
            bytes.append("}")
        }
    }

    /// Without its signature a thought is not taken back.
    private mutating func writeThinking(_ detail: ReasoningDetail) {
        switch detail.kind {
        case .text(let text, let signature?):
            bytes.appendComma()
            bytes.append("{\"type\":\"thinking\",\"thinking\":")
            bytes.appendJSONString(text)
            bytes.append(",\"signature\":")
            bytes.appendJSONString(signature)
            bytes.append("}")
        case .encrypted(let data, _):
            bytes.appendComma()
            bytes.append("{\"type\":\"redacted_thinking\",\"data\":")
            bytes.appendJSONString(data)
            bytes.append("}")
        case .text(_, nil): return
        }
    }

    private mutating func writeResult(_ message: ClientMessage) throws(GatewayError) {
        guard let id = message.toolCallID else { return }
        bytes.appendComma()
        bytes.append("{\"type\":\"tool_result\",\"tool_use_id\":")
        ToolArguments.appendID(id, to: &bytes)
        bytes.append(",\"content\":[")
        for (index, part) in message.parts.enumerated() { try writePart(part, message, index, mark: nil) }
        bytes.append("]")
        if message.isError { bytes.append(",\"is_error\":true") }
        writeMark(message.cacheControl ?? message.parts.last?.cacheControl)
        bytes.append("}")
    }

    private mutating func writeOrphan(_ message: ClientMessage) {
        bytes.appendComma()
        bytes.append("{\"type\":\"text\",\"text\":")
        message.orphanNote.withUnsafeBytes { bytes.appendJSONString($0) }
        bytes.append("}")
    }

    private mutating func writeParts(of message: ClientMessage, trimmed: Bool = false) throws(GatewayError) {
        for (index, part) in message.parts.enumerated() {
            let isLast = index == message.parts.count - 1
            try writePart(part, message, index, mark: part.cacheControl ?? (isLast ? message.cacheControl : nil), trimmed: trimmed && isLast)
        }
    }

    private mutating func writePart(
        _ part: ClientPart, _ message: ClientMessage, _ index: Int, mark: JSONValue?, trimmed: Bool = false
    ) throws(GatewayError) {
        switch part.kind {
        case .text(let text):
            guard text.hasInk else { return }
            bytes.appendComma()
            bytes.append("{\"type\":\"text\",\"text\":")
            // The beginning of an answer that is to be continued must not end in white space.
            bytes.appendJSONString(trimmed ? text.trimmedAtEnd : text)
        case .image(let source):
            bytes.appendComma()
            bytes.append("{\"type\":\"image\",\"source\":")
            writeSource(source)
        case .file(let source, let name):
            if case .inline(let type, _) = source, !type.elementsEqual("application/pdf".utf8) {
                throw .notTaken("messages.\(message.index).content.\(index).file", "A file that is no PDF is")
            }
            bytes.appendComma()
            bytes.append("{\"type\":\"document\",\"source\":")
            writeSource(source)
            if let name {
                bytes.append(",\"title\":")
                bytes.appendJSONString(name)
            }
        case .audio: throw .notTaken("messages.\(message.index).content.\(index).type", "Audio is")
        }
        writeMark(mark)
        bytes.append("}")
    }

    private mutating func writeSource(_ source: ClientSource) {
        switch source {
        case .inline(let type, let data):
            bytes.append("{\"type\":\"base64\",\"media_type\":")
            bytes.appendJSONString(type)
            bytes.append(",\"data\":")
            bytes.appendJSONString(data)
        case .url(let url):
            bytes.append("{\"type\":\"url\",\"url\":")
            bytes.appendJSONString(url)
        }
        bytes.append("}")
    }

    private mutating func writeMark(_ mark: JSONValue?) {
        guard let mark else { return }
        bytes.append(",\"cache_control\":")
        bytes.appendJSON(mark)
    }
}

// MARK: Tools, sampling, thinking

extension AnthropicWriter {
    private mutating func writeTools() {
        // Tools that were used must be declared, even when none may be used any more.
        let used = client.tools.isEmpty ? ToolArguments.namesUsed(in: client.messages) : []
        guard !client.tools.isEmpty || !used.isEmpty || plan.formatTool != nil else { return }
        bytes.append(",\"tools\":[")
        for tool in client.tools { writeTool(tool) }
        for name in used { writeTool(named: name) }
        if let name = plan.formatTool { writeFormatTool(name) }
        bytes.append("]")
        writeToolChoice()
    }

    private mutating func writeTool(_ tool: ClientTool) {
        bytes.appendComma()
        bytes.append("{\"name\":")
        bytes.appendJSONString(tool.name)
        if let description = tool.description {
            bytes.append(",\"description\":")
            bytes.appendJSONString(description)
        }
        bytes.append(",\"input_schema\":")
        tool.appendSchema(to: &bytes)
        writeMark(tool.cacheControl)
        bytes.append("}")
    }

    private mutating func writeTool(named name: UnsafeRawBufferPointer) {
        bytes.appendComma()
        bytes.append("{\"name\":")
        bytes.appendJSONString(name)
        bytes.append(",\"input_schema\":{\"type\":\"object\"}}")
    }

    private mutating func writeFormatTool(_ name: String) {
        bytes.appendComma()
        bytes.append("{\"name\":")
        bytes.appendJSONString(name)
        bytes.append(",\"description\":\"Gives the answer to the user. Call it with the whole answer.\",\"input_schema\":")
        if case .schema(let schema, _, _) = client.format {
            bytes.append(contentsOf: schema.valueText)
        } else {
            bytes.append("{\"type\":\"object\",\"additionalProperties\":true}")
        }
        bytes.append("}")
    }

    private mutating func writeToolChoice() {
        let oneAtATime = client.parallelToolCalls == false || plan.formatTool != nil
        bytes.append(",\"tool_choice\":{\"type\":")
        if let tool = plan.formatTool, client.tools.isEmpty || client.toolChoice?.isNone == true {
            bytes.append("\"tool\",\"name\":")
            bytes.appendJSONString(tool)
        } else if plan.formatTool != nil {
            // Either one of the client's tools or the answer in its format.
            bytes.append("\"any\"")
        } else if client.tools.isEmpty {
            bytes.append("\"none\"}")
            return
        } else {
            switch client.toolChoice {
            case nil, .auto: bytes.append("\"auto\"")
            case .none?: return bytes.append("\"none\"}")
            case .required: bytes.append("\"any\"")
            case .named(let name):
                bytes.append("\"tool\",\"name\":")
                bytes.appendJSONString(name)
            }
        }
        if oneAtATime { bytes.append(",\"disable_parallel_tool_use\":true") }
        bytes.append("}")
    }

    private mutating func writeSampling() {
        let stop = client.stop.filter(\.hasInk)
        if !stop.isEmpty {
            bytes.append(",\"stop_sequences\":[")
            for text in stop {
                bytes.appendComma()
                bytes.appendJSONString(text)
            }
            bytes.append("]")
        }
        // A thinking model samples as it likes.
        guard !plan.claude.refusesSampling, !plan.thinking.isOn else { return }
        if let temperature = client.temperature {
            bytes.append(",\"temperature\":")
            // OpenAI's range goes to 2, Anthropic's to 1.
            if temperature.double ?? 0 > 1 { bytes.append("1") } else { bytes.appendJSON(temperature) }
        }
        if let topP = client.topP, client.temperature == nil || !plan.claude.takesOneSampling {
            bytes.append(",\"top_p\":")
            bytes.appendJSON(topP)
        }
        if let topK = client.topK {
            bytes.append(",\"top_k\":")
            bytes.appendJSON(topK)
        }
    }

    private mutating func writeThinkingAndFormat() {
        var effort: StaticString?
        switch plan.thinking {
        case .off: break
        case .budget(let tokens):
            bytes.append(",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":")
            bytes.appendJSONNumber(tokens)
            bytes.append("}")
        case .adaptive(let word, let isShown):
            bytes.append(",\"thinking\":{\"type\":\"adaptive\"")
            if isShown { bytes.append(",\"display\":\"summarized\"") }
            bytes.append("}")
            effort = word
        case .given(let thinking):
            bytes.append(",\"thinking\":")
            bytes.append(contentsOf: thinking)
        }
        writeOutputConfig(effort)
    }

    private mutating func writeOutputConfig(_ effort: StaticString?) {
        var schema: JSONValue?
        if case .schema(let member, _, _) = client.format, plan.usesFormats { schema = member.value }
        guard effort != nil || schema != nil else { return }
        bytes.append(",\"output_config\":{")
        if let effort {
            bytes.append("\"effort\":\"")
            bytes.append(effort)
            bytes.append("\"")
        }
        if let schema {
            bytes.appendName("format")
            bytes.append("{\"type\":\"json_schema\",\"schema\":")
            AnthropicSchema.append(schema, to: &bytes)
            bytes.append("}")
        }
        bytes.append("}")
    }
}
