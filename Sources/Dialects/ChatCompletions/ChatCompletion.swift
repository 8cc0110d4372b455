internal import Chat
internal import Core

/// A whole answer as a chat completion: https://platform.openai.com/docs/api-reference/chat/object.
enum ChatCompletion {
    /// The body for the client.
    static func body(_ answer: CapturedAnswer) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(answer.choices.reduce(768) { $0 + $1.size })
        bytes.append("{\"id\":")
        bytes.appendJSONString(answer.identity.id)
        bytes.append(",\"object\":\"chat.completion\",\"created\":")
        bytes.appendJSONNumber(answer.identity.created)
        bytes.append(",\"model\":")
        bytes.appendJSONString(answer.identity.model)
        bytes.append(",\"choices\":")
        bytes.appendList(answer.choices.enumerated()) { $0.append($1.element, at: $1.offset) }
        bytes.append(",\"usage\":")
        bytes.appendUsage(answer.usage, cost: answer.cost)
        for (name, json) in answer.members {
            bytes.append(",\"")
            bytes.append(name)
            bytes.append("\":")
            bytes.append(contentsOf: json)
        }
        bytes.append("}")
        return bytes
    }
}

extension CapturedChoice {
    /// About how many bytes it takes.
    fileprivate var size: Int {
        let texts = (content?.count ?? 0) + (reasoning?.count ?? 0) + (refusal?.count ?? 0)
        let calls = toolCalls.reduce(0) { $0 + $1.arguments.count + $1.id.count + $1.name.count + 96 }
        return details.reduce(256 + texts + calls) { $0 + $1.count }
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ choice: CapturedChoice, at index: Int) {
        append("{\"index\":")
        appendJSONNumber(Int64(index))
        append(",\"message\":{\"role\":\"assistant\",\"content\":")
        appendJSONString(orNull: choice.content)
        append(",\"refusal\":")
        appendJSONString(orNull: choice.refusal)
        if let reasoning = choice.reasoning {
            append(",\"reasoning_content\":")
            appendJSONString(orNull: reasoning)
        }
        if !choice.details.isEmpty {
            append(",\"reasoning_details\":")
            appendList(choice.details) { $0.append(contentsOf: $1) }
        }
        if !choice.toolCalls.isEmpty {
            append(",\"tool_calls\":")
            appendList(choice.toolCalls) { $0.appendToolCall($1) }
        }
        append("},\"logprobs\":null,")
        appendFinish(choice.finish)
        append("}")
    }

    /// Appends UTF-8 as a JSON string, or `null`.
    private mutating func appendJSONString(orNull utf8: [UInt8]?) {
        if let utf8 { utf8.withUnsafeBytes { appendJSONString($0) } } else { append("null") }
    }
}
