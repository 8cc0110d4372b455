internal import Chat
internal import Core

/// Writes the body of a Messages request.
struct AnthropicWriter {
    var bytes: [UInt8] = []
    /// The media in `bytes`, which are not text.
    private(set) var media = MediaTally()
    let client: ClientRequest
    let plan: ClaudePlan
    let prompt: Prompt
    private var arguments = ToolArguments()
    /// Anthropic takes titles of 500 characters; this many bytes are never more.
    private static let longestTitle = 500

    init(_ client: ClientRequest, _ plan: ClaudePlan, _ prompt: Prompt) {
        self.client = client
        self.plan = plan
        self.prompt = prompt
        bytes.reserveCapacity(4096)
    }

    mutating func write(model: [UInt8], stream: Bool) throws(GatewayError) {
        bytes.append("{\"model\":")
        bytes.append(contentsOf: model)
        bytes.append(",\"max_tokens\":")
        bytes.appendJSONNumber(plan.maxTokens)
        if stream { bytes.append(",\"stream\":true") }
        writeSystem()
        writeMessages()
        try writeTools()
        writeSampling()
        writeThinkingAndFormat()
        bytes.append("}")
    }

    // MARK: Messages

    /// All system messages, wherever they stand: Anthropic has one place for them.
    private mutating func writeSystem() {
        let request = plan.request(for: client.format)
        guard !prompt.system.isEmpty || request != nil else { return }
        bytes.append(",\"system\":[")
        for instruction in prompt.system {
            beginText()
            bytes.appendJSONString(instruction.text)
            writeMark(instruction.mark)
            bytes.append("}")
        }
        if let request {
            beginText()
            bytes.appendJSONString(utf8: request)
            bytes.append("}")
        }
        bytes.append("]")
    }

    private mutating func writeMessages() {
        bytes.append(",\"messages\":[")
        for turn in prompt.turns {
            bytes.appendComma()
            bytes.append(turn.isAssistant ? "{\"role\":\"assistant\",\"content\":[" : "{\"role\":\"user\",\"content\":[")
            for block in turn.blocks {
                begin(block.kind)
                writeMark(block.mark)
                bytes.append("}")
            }
            bytes.append("]}")
        }
        bytes.append("]")
    }

    /// Writes a block but for its mark and its closing brace.
    private mutating func begin(_ kind: Prompt.Block.Kind) {
        switch kind {
        case .part(let part): begin(part.kind)
        case .note(let text):
            beginText()
            bytes.appendJSONString(utf8: text)
        case .thought(let detail): begin(detail)
        case .call(let call):
            bytes.appendComma()
            bytes.append("{\"type\":\"tool_use\",\"id\":")
            arguments.appendIDNameInput(call, to: &bytes)
        case .result(let result): begin(result)
        }
    }

    private mutating func beginText() {
        bytes.appendComma()
        bytes.append("{\"type\":\"text\",\"text\":")
    }

    private mutating func begin(_ detail: ReasoningDetail) {
        bytes.appendComma()
        switch detail.kind {
        case .text(let text, let signature):
            bytes.append("{\"type\":\"thinking\",\"thinking\":")
            bytes.appendJSONString(text)
            bytes.append(",\"signature\":")
            bytes.appendJSONString(signature ?? UnsafeRawBufferPointer(start: nil, count: 0))
        case .encrypted(let data, _):
            bytes.append("{\"type\":\"redacted_thinking\",\"data\":")
            bytes.appendJSONString(data)
        // A client's entries are read as the other two.
        case .entry: break
        }
    }

    private mutating func begin(_ result: Prompt.Result) {
        bytes.appendComma()
        bytes.append("{\"type\":\"tool_result\",\"tool_use_id\":")
        bytes.appendJSONString(utf8: result.id)
        bytes.append(",\"content\":[")
        if let note = result.note {
            begin(.note(note))
            bytes.append("}")
        }
        for part in result.parts {
            begin(part.kind)
            bytes.append("}")
        }
        bytes.append("]")
        if result.isError { bytes.append(",\"is_error\":true") }
    }

    private mutating func begin(_ part: ClientPart.Kind) {
        if part.plainText == nil { media.note(part) }
        switch part {
        case .text(let text):
            beginText()
            bytes.appendJSONString(text)
        case .image(let source):
            bytes.appendComma()
            bytes.append("{\"type\":\"image\",\"source\":")
            writeSource(source)
        case .file(let source, let name):
            bytes.appendComma()
            bytes.append("{\"type\":\"document\",\"source\":")
            if let text = part.plainText { writeText(text) } else { writeSource(source) }
            if let name, name.hasInk {
                bytes.append(",\"title\":")
                bytes.appendJSONString(name.prefix(ofCharacters: Self.longestTitle))
            }
        // Refused before, and blocks of their own.
        case .audio, .thought: preconditionFailure("a prompt for Anthropic holds no such part")
        }
    }

    private mutating func writeSource(_ source: ClientSource) {
        switch source {
        case .inline(let media):
            bytes.append("{\"type\":\"base64\",\"media_type\":")
            bytes.appendJSONString(media.type)
            bytes.append(",\"data\":")
            media.base64.append(to: &bytes)
        case .url(let url):
            bytes.append("{\"type\":\"url\",\"url\":")
            bytes.appendJSONString(url)
        }
        bytes.append("}")
    }

    /// The source of a document that is text.
    private mutating func writeText(_ text: [UInt8]) {
        bytes.append("{\"type\":\"text\",\"media_type\":\"text/plain\",\"data\":")
        bytes.appendJSONString(utf8: text)
        bytes.append("}")
    }

    mutating func writeMark(_ mark: CacheMark?) {
        guard let mark else { return }
        bytes.append(",\"cache_control\":{\"type\":\"ephemeral\"")
        mark.appendDuration(to: &bytes)
        bytes.append("}")
    }
}
