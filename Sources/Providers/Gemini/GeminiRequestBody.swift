internal import Chat
internal import Core

/// Writes the body of a request to `generateContent`.
struct GeminiRequestBody {
    private let client: ClientRequest
    private let prompt: Prompt
    private let generation: GeminiGeneration
    private let refused: Additions
    private var body: [UInt8] = []
    /// What of the body the gateway can leave out or say otherwise, but for the prompt.
    private(set) var additions: Additions = []
    /// The media in the body, which are not text.
    private(set) var media = MediaTally()

    /// - Parameters:
    ///   - refused: what the model has refused of the gateway's additions.
    ///   - size: about how many bytes the body will have.
    init(_ client: ClientRequest, _ prompt: Prompt, _ generation: GeminiGeneration, refused: Additions, size: Int) {
        self.refused = refused
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
        try appendSystem()
        try appendTools()
        var config = GeminiGenerationConfig(refused: refused)
        try config.write(client, maxOutputTokens: maxOutputTokens, choices: choices, generation)
        additions = config.additions
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

    private mutating func appendSystem() throws(GatewayError) {
        let request = try formatInWords
        guard !prompt.system.isEmpty || request != nil else { return }
        body.append(",\"systemInstruction\":{\"parts\":[")
        for instruction in prompt.system {
            body.appendComma()
            body.append("{\"text\":")
            body.appendJSONString(instruction.text)
            body.append("}")
        }
        if let request {
            body.appendComma()
            body.append("{\"text\":")
            body.appendJSONString(utf8: request)
            body.append("}")
        }
        body.append("]}")
    }

    /// How a model that keeps to no format by itself is asked for it; `nil` when it is not asked.
    /// - Throws: `invalid_request_error` when the client insists on the format.
    private var formatInWords: [UInt8]? {
        get throws(GatewayError) {
            guard refused.contains(.nativeFormat) else { return nil }
            if case .text = client.format { return nil }
            if case .schema(_, _, let isStrict) = client.format, isStrict { throw .notTaken("response_format") }
            return client.format.wordsForModel
        }
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
