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
            json.append(",\"reasoning_details\":")
            json.appendList(choice.details) { $0.append(contentsOf: $1) }
        }
        json.append(",\"tool_calls\":")
        json.appendList(calls) { json, call in
            var call = call
            // No arguments are an object without members: to some providers an empty text is an error.
            if call.arguments.isEmpty { call.arguments = Array("{}".utf8) }
            json.appendToolCall(call)
        }
        json.append("}")
        return json
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
