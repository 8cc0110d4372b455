internal import Chat

/// Writes the body of a request to `generateContent`.
struct GeminiRequestBody {
    private let client: ClientRequest
    private let generation: GeminiGeneration
    private var body: [UInt8] = []

    /// - Parameter size: about how many bytes the body will have.
    init(_ client: ClientRequest, _ generation: GeminiGeneration, size: Int) {
        self.client = client
        self.generation = generation
        body.reserveCapacity(size + 512)
    }

    /// The body.
    /// - Throws: `invalid_request_error` naming what cannot be put into Google's words.
    mutating func write(maxOutputTokens: Int64?, choices: Int) throws(GatewayError) -> [UInt8] {
        try refuseToolsWithFormat()
        body.append("{\"contents\":[")
        var contents = GeminiContents(generation, appendingTo: &body)
        try contents.write(client.messages)
        swap(&body, &contents.contents)
        body.append("]")
        if !contents.system.isEmpty {
            body.append(",\"systemInstruction\":{\"parts\":[")
            body += contents.system
            body.append("]}")
        }
        appendTools()
        var config = GeminiGenerationConfig()
        config.write(client, maxOutputTokens: maxOutputTokens, choices: choices, generation)
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

    private mutating func appendTools() {
        guard !client.tools.isEmpty else { return }
        body.append(",\"tools\":[{\"functionDeclarations\":[")
        for (index, tool) in client.tools.enumerated() {
            if index > 0 { body.append(",") }
            append(tool)
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
            body.appendJSONString(name)
            body.append("]")
        }
        body.append("}}")
    }

    private mutating func append(_ tool: ClientTool) {
        body.append("{\"name\":")
        body.appendJSONString(tool.name)
        if let description = tool.description {
            body.append(",\"description\":")
            body.appendJSONString(description)
        }
        // Whole JSON Schemas pass under this name, references and all. A function without parameters must not have one.
        if let parameters = tool.parameters, parameters.value.describesMembers {
            body.append(",\"parametersJsonSchema\":")
            body.append(contentsOf: parameters.valueText)
        }
        body.append("}")
    }
}

extension JSONValue {
    /// Whether a schema of an object says anything about its members.
    fileprivate var describesMembers: Bool {
        let alternatives: [StaticString] = ["$ref", "anyOf", "oneOf", "allOf", "patternProperties"]
        return members.contains { name, value in
            if name.isString("properties") { return !value.isEmptyContainer }
            if name.isString("additionalProperties") { return value.kind == .object }
            return alternatives.contains { name.isString($0) }
        }
    }
}
