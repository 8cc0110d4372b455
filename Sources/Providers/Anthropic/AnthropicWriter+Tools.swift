internal import Chat
internal import Core

extension AnthropicWriter {
    /// Writes the tools and what is to be done with them.
    mutating func writeTools() throws(GatewayError) {
        guard !prompt.tools.isEmpty || plan.formatTool != nil else { return }
        bytes.append(",\"tools\":[")
        for tool in prompt.tools { try writeTool(tool) }
        if let name = plan.formatTool { writeFormatTool(name) }
        bytes.append("]")
        writeToolChoice()
    }

    private mutating func writeTool(_ tool: Prompt.Tool) throws(GatewayError) {
        bytes.appendComma()
        bytes.append("{\"name\":")
        bytes.appendName(of: tool)
        if let description = tool.tool?.description {
            bytes.append(",\"description\":")
            bytes.appendJSONString(description)
        }
        bytes.append(",\"input_schema\":")
        if let declared = tool.tool { try ToolSchema.append(declared, to: &bytes) } else { bytes.append("{\"type\":\"object\"}") }
        writeMark(tool.mark)
        bytes.append("}")
    }

    private mutating func writeFormatTool(_ name: String) {
        bytes.appendComma()
        bytes.append("{\"name\":")
        bytes.appendJSONString(name)
        bytes.append(",\"description\":\"")
        bytes.append(ClientFormat.toolDescription)
        bytes.append("\",\"input_schema\":")
        FormatTool.append(client.format, to: &bytes)
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
                bytes.appendJSONString(utf8: client.toolNames.sent(name))
            }
        }
        if oneAtATime { bytes.append(",\"disable_parallel_tool_use\":true") }
        bytes.append("}")
    }
}
