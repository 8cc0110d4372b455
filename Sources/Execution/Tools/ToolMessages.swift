internal import Chat
internal import Core
internal import MCP

/// What a turn adds to the conversation: the assistant's calls, and their results.
enum ToolMessages {
    /// The assistant's turn as it must come back to its provider: with its reasoning and the signatures that belong to it.
    static func assistant(_ choice: CapturedChoice, calls: [CapturedToolCall]) -> [UInt8] {
        var json = Array("{\"role\":\"assistant\",\"content\":".utf8)
        if let content = choice.content, !content.isEmpty {
            content.withUnsafeBytes { json.appendJSONString($0) }
        } else {
            json.append("null")
        }
        if !choice.details.isEmpty {
            json.append(",\"reasoning_details\":[")
            json += choice.details.joined(separator: [UInt8(ascii: ",")])
            json.append("]")
        }
        json.append(",\"tool_calls\":[")
        for (index, call) in calls.enumerated() {
            if index > 0 { json.append(",") }
            append(call, to: &json)
        }
        json.append("]}")
        return json
    }

    private static func append(_ call: CapturedToolCall, to json: inout [UInt8]) {
        json.append("{\"id\":")
        call.id.withUnsafeBytes { json.appendJSONString($0) }
        json.append(",\"type\":\"function\",")
        if let signature = call.signature {
            json.append("\"extra_content\":{\"google\":{\"thought_signature\":")
            signature.withUnsafeBytes { json.appendJSONString($0) }
            json.append("}},")
        }
        json.append("\"function\":{\"name\":")
        call.name.withUnsafeBytes { json.appendJSONString($0) }
        json.append(",\"arguments\":")
        // What is no JSON is told to the model; to its provider it would be an error.
        let arguments = call.arguments.isEmpty ? Array("{}".utf8) : call.arguments
        arguments.withUnsafeBytes { json.appendJSONString($0) }
        json.append("}}")
    }

    /// The result of one call.
    static func result(_ result: MCPToolResult, of call: CapturedToolCall, atMost most: Int) -> [UInt8] {
        var json = Array("{\"role\":\"tool\",\"tool_call_id\":".utf8)
        call.id.withUnsafeBytes { json.appendJSONString($0) }
        json.append(",\"content\":")
        let text = result.text.utf8.count <= most ? result.text : String(result.text.prefix(most)) + "\n[the rest was cut off]"
        json.appendJSONString(text.isEmpty ? "(no result)" : text)
        json.append("}")
        return json
    }
}
