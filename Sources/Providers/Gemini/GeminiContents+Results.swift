internal import Chat

extension GeminiContents {
    /// Writes the results of neighbouring messages of tools.
    mutating func writeResults(_ messages: ArraySlice<ClientMessage>) throws(GatewayError) {
        var results: [(call: Call, message: ClientMessage)] = []
        for message in messages {
            guard let call = message.toolCallID.flatMap(call) else {
                throw .malformed("messages.\(message.index).tool_call_id", "no earlier message calls a tool with this id")
            }
            results.append((call, message))
        }
        results.sort { $0.call.order < $1.call.order }
        for result in results { append(result.message, of: result.call) }
        // What is no text goes behind the results, which can hold text only.
        for result in results { for part in result.message.parts where part.text == nil { append(part.kind) } }
    }

    private mutating func append(_ message: ClientMessage, of call: Call) {
        var text: [UInt8] = []
        for part in message.parts.compactMap(\.text) { text += part }
        beginPart(.user)
        contents.append("{\"functionResponse\":{\"name\":")
        contents.appendJSONString(call.name)
        contents.append(",\"response\":")
        text.withUnsafeBytes { text in
            if !message.isError, json.isObject(text) { return contents.append(contentsOf: text) }
            contents.append(message.isError ? "{\"error\":" : "{\"output\":")
            contents.appendJSONString(text)
            contents.append("}")
        }
        contents.append("}}")
    }
}
