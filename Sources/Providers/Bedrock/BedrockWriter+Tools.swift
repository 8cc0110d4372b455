internal import Chat

extension BedrockWriter {
    /// Writes the tools and what is to be done with them.
    mutating func writeTools() {
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
        let description = ClientFormat.toolDescription
        Array(name.utf8).withUnsafeBytes { name in
            beginTool(name, UnsafeRawBufferPointer(start: description.utf8Start, count: description.utf8CodeUnitCount))
        }
        client.format.appendToolSchema(to: &bytes)
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
}
