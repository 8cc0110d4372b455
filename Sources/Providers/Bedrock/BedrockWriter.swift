internal import Chat
internal import Core

/// Writes the body of a Converse request.
struct BedrockWriter {
    var bytes: [UInt8] = []
    /// The media in `bytes`, which are not text.
    private(set) var media = MediaTally()
    let client: ClientRequest
    let plan: ClaudePlan
    let prompt: Prompt
    let model: BedrockModel
    /// Whether the client or the policy limits the output; Converse does not require a limit.
    let isLimited: Bool
    private var arguments = ToolArguments()
    private var documents = 0

    init(_ client: ClientRequest, _ plan: ClaudePlan, _ prompt: Prompt, _ model: BedrockModel, isLimited: Bool) {
        self.client = client
        self.plan = plan
        self.prompt = prompt
        self.model = model
        self.isLimited = isLimited
        bytes.reserveCapacity(4096)
    }

    mutating func write() throws(GatewayError) {
        bytes.append("{")
        writeMessages()
        writeSystem()
        try writeTools()
        writeInference()
        writeModelFields()
        writeOutputConfig()
        bytes.append("}")
    }

    // MARK: Messages

    private mutating func writeSystem() {
        let request = plan.request(for: client.format)
        guard !prompt.system.isEmpty || request != nil else { return }
        bytes.appendName("system")
        bytes.append("[")
        for instruction in prompt.system {
            writeText(instruction.text)
            writeMark(instruction.mark)
        }
        if let request { request.withUnsafeBytes { writeText($0) } }
        bytes.append("]")
    }

    private mutating func writeMessages() {
        bytes.appendName("messages")
        bytes.append("[")
        for turn in prompt.turns {
            bytes.appendComma()
            bytes.append(turn.isAssistant ? "{\"role\":\"assistant\",\"content\":[" : "{\"role\":\"user\",\"content\":[")
            for block in turn.blocks {
                write(block.kind)
                writeMark(block.mark)
            }
            bytes.append("]}")
        }
        bytes.append("]")
    }

    private mutating func write(_ kind: Prompt.Block.Kind) {
        switch kind {
        case .part(let part): write(part.kind)
        case .note(let text): text.withUnsafeBytes { writeText($0) }
        case .thought(let detail): write(detail)
        case .call(let call):
            bytes.appendComma()
            bytes.append("{\"toolUse\":{\"toolUseId\":")
            arguments.appendIDNameInput(call, to: &bytes)
            bytes.append("}}")
        case .result(let result): write(result)
        }
    }

    private mutating func write(_ detail: ReasoningDetail) {
        bytes.appendComma()
        switch detail.kind {
        case .text(let text, let signature):
            bytes.append("{\"reasoningContent\":{\"reasoningText\":{\"text\":")
            bytes.appendJSONString(text)
            bytes.append(",\"signature\":")
            bytes.appendJSONString(signature ?? UnsafeRawBufferPointer(start: nil, count: 0))
            bytes.append("}}}")
        case .encrypted(let data, _):
            bytes.append("{\"reasoningContent\":{\"redactedContent\":")
            bytes.appendJSONString(data)
            bytes.append("}}")
        // A client's entries are read as the other two.
        case .entry: break
        }
    }

    private mutating func write(_ result: Prompt.Result) {
        bytes.appendComma()
        bytes.append("{\"toolResult\":{\"toolUseId\":")
        bytes.appendJSONString(utf8: result.id)
        bytes.append(",\"content\":[")
        if let note = result.note { note.withUnsafeBytes { writeText($0) } }
        if result.lacksText {
            bytes.appendComma()
            bytes.append("{\"text\":\"The document is attached.\"}")
        }
        for part in result.parts { write(part.kind) }
        bytes.append("]")
        if result.isError { bytes.append(",\"status\":\"error\"") }
        bytes.append("}}")
    }

    /// What Converse does not take was refused before.
    private mutating func write(_ part: ClientPart.Kind) {
        media.note(part)
        switch part {
        case .text(let text): writeText(text)
        case .image(.inline(let media)): writeMedia("image", BedrockMedia.imageFormat(media.type), name: nil, media.base64)
        case .file(.inline(let media), let name):
            documents += 1
            let name = BedrockMedia.documentName(name, number: documents)
            writeMedia("document", BedrockMedia.documentFormat(media.type), name: name, media.base64)
        case .audio(let data, let format): writeMedia("audio", String(decoding: format, as: UTF8.self), name: nil, data)
        case .image(.url), .file(.url, _), .thought: preconditionFailure("a prompt for Converse holds no such part")
        }
    }

    private mutating func writeMedia(_ kind: StaticString, _ format: String?, name: String?, _ base64: Base64Text) {
        bytes.appendComma()
        bytes.append("{\"")
        bytes.append(kind)
        bytes.append("\":{\"format\":")
        bytes.appendJSONString(format ?? "")
        if let name {
            bytes.append(",\"name\":")
            bytes.appendJSONString(name)
        }
        bytes.append(",\"source\":{\"bytes\":")
        base64.append(to: &bytes)
        bytes.append("}}}")
    }

    private mutating func writeText(_ text: UnsafeRawBufferPointer) {
        bytes.appendComma()
        bytes.append("{\"text\":")
        bytes.appendJSONString(text)
        bytes.append("}")
    }

    /// A mark for the prompt cache is a block of its own behind what it marks.
    mutating func writeMark(_ mark: CacheMark?) {
        guard let mark else { return }
        bytes.appendComma()
        bytes.append("{\"cachePoint\":{\"type\":\"default\"")
        mark.appendDuration(to: &bytes)
        bytes.append("}}")
    }
}
