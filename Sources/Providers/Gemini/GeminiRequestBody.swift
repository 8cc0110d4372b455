internal import Chat

/// Writes the body of a request to `generateContent`.
struct GeminiRequestBody {
    private let client: ClientRequest
    private let prompt: Prompt
    private let generation: GeminiGeneration
    private var body: [UInt8] = []
    /// What in the body is no text.
    private(set) var media = MediaTally()

    /// - Parameter size: about how many bytes the body will have.
    init(_ client: ClientRequest, _ prompt: Prompt, _ generation: GeminiGeneration, size: Int) {
        self.client = client
        self.prompt = prompt
        self.generation = generation
        body.reserveCapacity(size + 512)
    }

    /// The body.
    /// - Throws: `invalid_request_error` naming what cannot be put into Google's words.
    mutating func write(maxOutputTokens: Int64?, choices: Int) throws(GatewayError) -> [UInt8] {
        try refuseToolsWithFormat()
        body.append("{\"contents\":[")
        var contents = GeminiContents(generation, appendingTo: &body)
        contents.write(prompt.turns)
        swap(&body, &contents.contents)
        media = contents.media
        body.append("]")
        appendSystem()
        try appendTools()
        var config = GeminiGenerationConfig()
        try config.write(client, maxOutputTokens: maxOutputTokens, choices: choices, generation)
        if !config.members.isEmpty {
            body.append(",\"generationConfig\":{")
            body += config.members
            body.append("}")
        }
        body.append("}")
        return body
    }

    private func refuseToolsWithFormat() throws(GatewayError) {
        if case .text = client.format { return }
        guard !client.tools.isEmpty, client.toolChoice?.isNone != true, !generation.combinesToolsAndFormat else { return }
        throw .notTaken("response_format", "'response_format' together with 'tools' is")
    }

    private mutating func appendSystem() {
        guard !prompt.system.isEmpty else { return }
        body.append(",\"systemInstruction\":{\"parts\":[")
        for instruction in prompt.system {
            body.appendComma()
            body.append("{\"text\":")
            body.appendJSONString(instruction.text)
            body.append("}")
        }
        body.append("]}")
    }

    private mutating func appendTools() throws(GatewayError) {
        guard !prompt.tools.isEmpty else { return }
        body.append(",\"tools\":[{\"functionDeclarations\":[")
        for tool in prompt.tools {
            body.appendComma()
            body.append("{\"name\":")
            body.appendName(of: tool)
            if let declared = tool.tool { try appendDescription(of: declared) }
            body.append("}")
        }
        body.append("]}]")
        guard let choice = client.toolChoice else { return }
        body.append(",\"toolConfig\":{\"functionCallingConfig\":{\"mode\":")
        switch choice {
        case .auto: body.append("\"AUTO\"")
        case .none: body.append("\"NONE\"")
        case .required: body.append("\"ANY\"")
        case .named(let name):
            body.append("\"ANY\",\"allowedFunctionNames\":[")
            body.appendJSONString(utf8: client.toolNames.sent(name))
            body.append("]")
        }
        body.append("}}")
    }

    private mutating func appendDescription(of tool: ClientTool) throws(GatewayError) {
        if let description = tool.description {
            body.append(",\"description\":")
            body.appendJSONString(description)
        }
        try GeminiSchema.appendParameters(tool, named: "parametersJsonSchema", to: &body)
    }
}
