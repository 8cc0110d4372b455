internal import Chat

/// Writes the body of a Converse request.
struct BedrockWriter {
    private(set) var bytes: [UInt8] = []
    private let client: ClientRequest
    private let plan: ClaudePlan
    /// Whether anybody limits the output; Converse does not insist on it.
    private let isLimited: Bool
    private var arguments = ToolArguments()
    private var documents = 0

    init(_ client: ClientRequest, _ plan: ClaudePlan, isLimited: Bool) {
        self.client = client
        self.plan = plan
        self.isLimited = isLimited
        bytes.reserveCapacity(4096)
    }

    mutating func write() throws(GatewayError) {
        bytes.append("{")
        try writeMessages()
        writeSystem()
        writeTools()
        writeInference()
        writeModelFields()
        writeOutputConfig()
        bytes.append("}")
    }

    // MARK: Messages

    private mutating func writeSystem() {
        let messages = client.messages.filter { $0.role == .system && $0.parts.contains { $0.text?.hasInk == true } }
        guard !messages.isEmpty || plan.asksForJSON else { return }
        bytes.appendName("system")
        bytes.append("[")
        for message in messages {
            for part in message.parts {
                guard let text = part.text, text.hasInk else { continue }
                writeText(text)
                writeMark(part.cacheControl)
            }
            writeMark(message.cacheControl)
        }
        if plan.asksForJSON {
            bytes.appendComma()
            bytes.append("{\"text\":\"Answer with one JSON object and nothing else.\"}")
        }
        bytes.append("]")
    }

    private mutating func writeMessages() throws(GatewayError) {
        bytes.appendName("messages")
        bytes.append("[")
        for turn in ConversationTurn.alternating(client.messages) {
            bytes.appendComma()
            bytes.append(turn.isAssistant ? "{\"role\":\"assistant\",\"content\":[" : "{\"role\":\"user\",\"content\":[")
            if turn.isAssistant {
                for message in turn.messages { try writeAssistant(message) }
            } else {
                try writeUser(turn)
            }
            // Where the conversation has nothing from the user, something must stand for it.
            if bytes.last == UInt8(ascii: "[") { bytes.append("{\"text\":\".\"}") }
            bytes.append("]}")
        }
        bytes.append("]")
    }

    private mutating func writeUser(_ turn: ConversationTurn) throws(GatewayError) {
        let (results, others) = turn.resultsFirst
        for result in results { try writeResult(result) }
        for message in others {
            if message.role == .tool {
                bytes.appendComma()
                bytes.append("{\"text\":")
                message.orphanNote.withUnsafeBytes { bytes.appendJSONString($0) }
                bytes.append("}")
            }
            try writeParts(of: message)
        }
    }

    private mutating func writeAssistant(_ message: ClientMessage) throws(GatewayError) {
        for detail in message.reasoning { writeThinking(detail) }
        try writeParts(of: message)
        for call in message.toolCalls {
            bytes.appendComma()
            bytes.append("{\"toolUse\":{\"toolUseId\":")
            ToolArguments.appendID(call.id, to: &bytes)
            bytes.append(",\"name\":")
            bytes.appendJSONString(call.name)
            bytes.append(",\"input\":")
            arguments.append(call.arguments, to: &bytes)
            bytes.append("}}")
        }
    }

    /// Without its signature a thought is not taken back.
    private mutating func writeThinking(_ detail: ReasoningDetail) {
        switch detail.kind {
        case .text(let text, let signature?):
            bytes.appendComma()
            bytes.append("{\"reasoningContent\":{\"reasoningText\":{\"text\":")
            bytes.appendJSONString(text)
            bytes.append(",\"signature\":")
            bytes.appendJSONString(signature)
            bytes.append("}}}")
        case .encrypted(let data, _):
            bytes.appendComma()
            bytes.append("{\"reasoningContent\":{\"redactedContent\":")
            bytes.appendJSONString(data)
            bytes.append("}}")
        case .text(_, nil): return
        }
    }

    private mutating func writeResult(_ message: ClientMessage) throws(GatewayError) {
        guard let id = message.toolCallID else { return }
        bytes.appendComma()
        bytes.append("{\"toolResult\":{\"toolUseId\":")
        ToolArguments.appendID(id, to: &bytes)
        bytes.append(",\"content\":[")
        for (index, part) in message.parts.enumerated() { try writePart(part, message, index) }
        bytes.append("]")
        if message.isError { bytes.append(",\"status\":\"error\"") }
        bytes.append("}}")
        writeMark(message.cacheControl ?? message.parts.last?.cacheControl)
    }

    private mutating func writeParts(of message: ClientMessage) throws(GatewayError) {
        for (index, part) in message.parts.enumerated() {
            try writePart(part, message, index)
            writeMark(part.cacheControl)
        }
        writeMark(message.cacheControl)
    }

    private mutating func writePart(_ part: ClientPart, _ message: ClientMessage, _ index: Int) throws(GatewayError) {
        let path = "messages.\(message.index).content.\(index)"
        switch part.kind {
        case .text(let text): if text.hasInk { writeText(text) }
        case .image(let source):
            let image = try Self.inline(source, path + ".image_url.url", "An image by URL is")
            guard let format = BedrockMedia.imageFormat(image.type) else {
                throw .notTaken(path + ".image_url.url", "An image of this type is")
            }
            writeMedia("image", format, name: nil, image.base64)
        case .file(let source, let name):
            let file = try Self.inline(source, path + ".file.file_data", "A file by URL is")
            guard let format = BedrockMedia.documentFormat(file.type) else {
                throw .notTaken(path + ".file.file_data", "A file of this type is")
            }
            documents += 1
            writeMedia("document", format, name: BedrockMedia.documentName(name, number: documents), file.base64)
        case .audio(let data, let format):
            guard format.elementsEqual("wav".utf8) || format.elementsEqual("mp3".utf8) else {
                throw .notTaken(path + ".input_audio.format", "Audio of this format is")
            }
            writeMedia("audio", format.elementsEqual("wav".utf8) ? "wav" : "mp3", name: nil, data)
        }
    }

    /// Converse fetches nothing from the web.
    private static func inline(
        _ source: ClientSource, _ path: String, _ what: String
    ) throws(GatewayError) -> (type: UnsafeRawBufferPointer, base64: UnsafeRawBufferPointer) {
        guard case .inline(let type, let data) = source else { throw .notTaken(path, what) }
        return (type, data)
    }

    private mutating func writeMedia(_ kind: StaticString, _ format: StaticString, name: String?, _ base64: UnsafeRawBufferPointer) {
        bytes.appendComma()
        bytes.append("{\"")
        bytes.append(kind)
        bytes.append("\":{\"format\":\"")
        bytes.append(format)
        bytes.append("\"")
        if let name {
            bytes.append(",\"name\":")
            bytes.appendJSONString(name)
        }
        bytes.append(",\"source\":{\"bytes\":")
        bytes.appendJSONString(base64)
        bytes.append("}}}")
    }

    private mutating func writeText(_ text: UnsafeRawBufferPointer) {
        bytes.appendComma()
        bytes.append("{\"text\":")
        bytes.appendJSONString(text)
        bytes.append("}")
    }

    /// A mark for the prompt cache is a block of its own behind what it marks.
    private mutating func writeMark(_ mark: JSONValue?) {
        guard let mark else { return }
        bytes.appendComma()
        bytes.append("{\"cachePoint\":{\"type\":\"default\"")
        if let ttl = mark["ttl"]?.stringBytes {
            bytes.append(",\"ttl\":")
            bytes.appendJSONString(ttl)
        }
        bytes.append("}}")
    }
}

// MARK: Tools and settings

extension BedrockWriter {
    private mutating func writeTools() {
        let used = ToolArguments.namesUsed(in: client.messages)
        let mayCall = !client.tools.isEmpty && client.toolChoice?.isNone != true
        // Converse cannot forbid calls but by not declaring tools, and wants declared what the conversation has used.
        let declared = mayCall || !used.isEmpty ? client.tools : []
        guard !declared.isEmpty || !used.isEmpty || plan.formatTool != nil else { return }
        bytes.appendName("toolConfig")
        bytes.append("{\"tools\":[")
        for tool in declared {
            beginTool(tool.name, tool.description)
            tool.appendSchema(to: &bytes)
            bytes.append("}}}")
            writeMark(tool.cacheControl)
        }
        if declared.isEmpty {
            for name in used {
                beginTool(name, nil)
                bytes.append("{\"type\":\"object\"}}}}")
            }
        }
        if let name = plan.formatTool { writeFormatTool(name) }
        bytes.append("]")
        writeToolChoice(mayCall: mayCall)
        bytes.append("}")
    }

    private mutating func beginTool(_ name: UnsafeRawBufferPointer, _ description: UnsafeRawBufferPointer?) {
        bytes.appendComma()
        bytes.append("{\"toolSpec\":{\"name\":")
        bytes.appendJSONString(name)
        if let description, !description.isEmpty {
            bytes.append(",\"description\":")
            bytes.appendJSONString(description)
        }
        bytes.append(",\"inputSchema\":{\"json\":")
    }

    private mutating func writeFormatTool(_ name: String) {
        let description: StaticString = "Gives the answer to the user. Call it with the whole answer."
        Array(name.utf8).withUnsafeBytes { name in
            beginTool(name, UnsafeRawBufferPointer(start: description.utf8Start, count: description.utf8CodeUnitCount))
        }
        if case .schema(let schema, _, _) = client.format {
            bytes.append(contentsOf: schema.valueText)
        } else {
            bytes.append("{\"type\":\"object\",\"additionalProperties\":true}")
        }
        bytes.append("}}}")
    }

    private mutating func writeToolChoice(mayCall: Bool) {
        if let tool = plan.formatTool, !mayCall {
            bytes.append(",\"toolChoice\":{\"tool\":{\"name\":")
            bytes.appendJSONString(tool)
            bytes.append("}}")
        } else if plan.formatTool != nil {
            // Either one of the client's tools or the answer in its format.
            bytes.append(",\"toolChoice\":{\"any\":{}}")
        } else {
            switch client.toolChoice {
            case nil, .auto, .none?: break
            case .required: bytes.append(",\"toolChoice\":{\"any\":{}}")
            case .named(let name):
                bytes.append(",\"toolChoice\":{\"tool\":{\"name\":")
                bytes.appendJSONString(name)
                bytes.append("}}")
            }
        }
    }

    private var thinks: Bool { plan.claude.isClaude && plan.thinking.isOn }

    private mutating func writeInference() {
        let start = bytes.count
        bytes.appendName("inferenceConfig")
        bytes.append("{")
        let empty = bytes.count
        if isLimited || thinks {
            bytes.appendName("maxTokens")
            bytes.appendJSONNumber(plan.maxTokens)
        }
        if !(plan.claude.isClaude && plan.claude.refusesSampling), !thinks { writeSampling() }
        if !client.stop.isEmpty {
            bytes.appendName("stopSequences")
            bytes.append("[")
            for text in client.stop {
                bytes.appendComma()
                bytes.appendJSONString(text)
            }
            bytes.append("]")
        }
        if bytes.count == empty { bytes.removeSubrange(start...) } else { bytes.append("}") }
    }

    private mutating func writeSampling() {
        if let temperature = client.temperature {
            bytes.appendName("temperature")
            // OpenAI's range goes to 2, Converse's to 1.
            if temperature.double ?? 0 > 1 { bytes.append("1") } else { bytes.appendJSON(temperature) }
        }
        let takesOne = plan.claude.isClaude && plan.claude.takesOneSampling
        if let topP = client.topP, client.temperature == nil || !takesOne {
            bytes.appendName("topP")
            bytes.appendJSON(topP)
        }
    }

    /// What only the models themselves know.
    private mutating func writeModelFields() {
        guard plan.claude.isClaude else { return }
        let start = bytes.count
        bytes.appendName("additionalModelRequestFields")
        bytes.append("{")
        let empty = bytes.count
        switch plan.thinking {
        case .off: break
        case .budget(let tokens):
            bytes.append("\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":")
            bytes.appendJSONNumber(tokens)
            bytes.append("}")
        case .adaptive(_, let isShown):
            bytes.append("\"thinking\":{\"type\":\"adaptive\"")
            if isShown { bytes.append(",\"display\":\"summarized\"") }
            bytes.append("}")
        case .given(let thinking):
            bytes.append("\"thinking\":")
            bytes.append(contentsOf: thinking)
        }
        if let topK = client.topK, !thinks, !plan.claude.refusesSampling {
            bytes.appendName("top_k")
            bytes.appendJSON(topK)
        }
        if bytes.count == empty { bytes.removeSubrange(start...) } else { bytes.append("}") }
    }

    private mutating func writeOutputConfig() {
        let start = bytes.count
        bytes.appendName("outputConfig")
        bytes.append("{")
        let empty = bytes.count
        if thinks, case .adaptive(let effort, _) = plan.thinking {
            bytes.append("\"effort\":\"")
            bytes.append(effort)
            bytes.append("\"")
        }
        if case .schema(let schema, let name, _) = client.format, plan.usesFormats {
            bytes.appendName("textFormat")
            bytes.append("{\"type\":\"json_schema\",\"structure\":{\"jsonSchema\":{\"schema\":")
            // Here the schema is a text within the text.
            var text: [UInt8] = []
            AnthropicSchema.append(schema.value, to: &text)
            text.withUnsafeBytes { bytes.appendJSONString($0) }
            if let name {
                bytes.append(",\"name\":")
                bytes.appendJSONString(name)
            }
            bytes.append("}}}")
        }
        if bytes.count == empty { bytes.removeSubrange(start...) } else { bytes.append("}") }
    }
}
