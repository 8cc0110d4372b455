internal import Chat

/// Writes the body of a Messages request.
struct AnthropicWriter {
    var bytes: [UInt8] = []
    let client: ClientRequest
    let plan: ClaudePlan
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
            arguments.appendIDNameInput(call, to: &bytes)
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
            try writePart(
                part, message, index, mark: part.cacheControl ?? (isLast ? message.cacheControl : nil), trimmed: trimmed && isLast)
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

    mutating func writeMark(_ mark: JSONValue?) {
        guard let mark else { return }
        bytes.append(",\"cache_control\":")
        bytes.appendJSON(mark)
    }
}
