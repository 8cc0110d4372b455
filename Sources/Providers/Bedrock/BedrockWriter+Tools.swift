internal import Chat
internal import Core

extension BedrockWriter {
    /// Writes the tools and what is to be done with them.
    mutating func writeTools() throws(GatewayError) {
        // Converse cannot forbid calls but by not declaring tools, and wants declared what the conversation has used.
        guard !prompt.tools.isEmpty || plan.formatTool != nil else { return }
        bytes.appendName("toolConfig")
        bytes.append("{\"tools\":[")
        for tool in prompt.tools {
            try writeTool(tool)
            writeMark(tool.mark)
        }
        if let name = plan.formatTool { writeFormatTool(name) }
        bytes.append("]")
        writeToolChoice(mayCall: !client.tools.isEmpty && client.toolChoice?.isNone != true)
        bytes.append("}")
    }

    private mutating func writeTool(_ tool: Prompt.Tool) throws(GatewayError) {
        var description = tool.tool?.description.map { Array($0) } ?? []
        var schema: [UInt8] = []
        if let declared = tool.tool {
            if model.hasBareSchemas {
                try NovaSchema.append(declared, to: &schema, description: &description)
            } else {
                try ToolSchema.append(declared, to: &schema)
            }
        } else {
            schema.append("{\"type\":\"object\"}")
        }
        tool.name.withUnsafeBytes { name in description.withUnsafeBytes { beginTool(name, $0) } }
        bytes += schema
        bytes.append("}}}")
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
        let description = ClientFormat.toolDescription
        Array(name.utf8).withUnsafeBytes { name in
            beginTool(name, UnsafeRawBufferPointer(start: description.utf8Start, count: description.utf8CodeUnitCount))
        }
        FormatTool.append(client.format, to: &bytes)
        bytes.append("}}}")
    }

    private mutating func writeToolChoice(mayCall: Bool) {
        if let tool = plan.formatTool, !mayCall, plan.forcing == .anyOrNamed {
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
            case .named where plan.forcing == .any: bytes.append(",\"toolChoice\":{\"any\":{}}")
            case .named(let name):
                bytes.append(",\"toolChoice\":{\"tool\":{\"name\":")
                bytes.appendJSONString(utf8: client.toolNames.sent(name))
                bytes.append("}}")
            }
        }
    }
}
