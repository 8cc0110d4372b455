internal import Chat

/// Writes the body of a Converse request.
struct BedrockWriter {
    var bytes: [UInt8] = []
    let client: ClientRequest
    let plan: ClaudePlan
    /// Whether anybody limits the output; Converse does not insist on it.
    let isLimited: Bool
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
                message.orphanNote.withUnsafeBytes { writeText($0) }
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
            arguments.appendIDNameInput(call, to: &bytes)
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
    mutating func writeMark(_ mark: JSONValue?) {
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
