internal import Chat

extension AnthropicWriter {
    /// Writes the tools and what is to be done with them.
    mutating func writeTools() {
        // Tools that were used must be declared, even when none may be used any more.
        let used = client.tools.isEmpty ? ToolArguments.namesUsed(in: client.messages) : []
        guard !client.tools.isEmpty || !used.isEmpty || plan.formatTool != nil else { return }
        bytes.append(",\"tools\":[")
        for tool in client.tools { writeTool(tool) }
        for name in used { writeTool(named: name) }
        if let name = plan.formatTool { writeFormatTool(name) }
        bytes.append("]")
        writeToolChoice()
    }

    private mutating func writeTool(_ tool: ClientTool) {
        bytes.appendComma()
        bytes.append("{\"name\":")
        bytes.appendJSONString(tool.name)
        if let description = tool.description {
            bytes.append(",\"description\":")
            bytes.appendJSONString(description)
        }
        bytes.append(",\"input_schema\":")
        tool.appendSchema(to: &bytes)
        writeMark(tool.cacheControl)
        bytes.append("}")
    }

    private mutating func writeTool(named name: UnsafeRawBufferPointer) {
        bytes.appendComma()
        bytes.append("{\"name\":")
        bytes.appendJSONString(name)
        bytes.append(",\"input_schema\":{\"type\":\"object\"}}")
    }

    private mutating func writeFormatTool(_ name: String) {
        bytes.appendComma()
        bytes.append("{\"name\":")
        bytes.appendJSONString(name)
        bytes.append(",\"description\":\"")
        bytes.append(ClientFormat.toolDescription)
        bytes.append("\",\"input_schema\":")
        client.format.appendToolSchema(to: &bytes)
        bytes.append("}")
    }

    private mutating func writeToolChoice() {
        let oneAtATime = client.parallelToolCalls == false || plan.formatTool != nil
        bytes.append(",\"tool_choice\":{\"type\":")
        if let tool = plan.formatTool, client.tools.isEmpty || client.toolChoice?.isNone == true {
            bytes.append("\"tool\",\"name\":")
            bytes.appendJSONString(tool)
        } else if plan.formatTool != nil {
            // Either one of the client's tools or the answer in its format.
            bytes.append("\"any\"")
        } else if client.tools.isEmpty {
            bytes.append("\"none\"}")
            return
        } else {
            switch client.toolChoice {
            case nil, .auto: bytes.append("\"auto\"")
            case .none?: return bytes.append("\"none\"}")
            case .required: bytes.append("\"any\"")
            case .named(let name):
                bytes.append("\"tool\",\"name\":")
                bytes.appendJSONString(name)
            }
        }
        if oneAtATime { bytes.append(",\"disable_parallel_tool_use\":true") }
        bytes.append("}")
    }
}
