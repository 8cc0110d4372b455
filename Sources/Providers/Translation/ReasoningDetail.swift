internal import Chat

/// A piece of the model's reasoning that must come back unchanged in the next request: an entry of `reasoning_details` in a message.
///
/// The member is OpenRouter's; what LiteLLM calls `thinking_blocks` is read as well. Text belongs to the closure that read it.
struct ReasoningDetail {
    enum Kind {
        /// Reasoning in plain words, with the provider's proof that it is the model's own.
        case text(UnsafeRawBufferPointer, signature: UnsafeRawBufferPointer?)
        /// Reasoning that only the provider can read; `id` names the tool call that it belongs to, if it belongs to one.
        case encrypted(UnsafeRawBufferPointer, id: UnsafeRawBufferPointer?)
    }

    /// Whose signatures they are: no provider takes another's.
    enum Format {
        case anthropic, gemini

        var name: StaticString { self == .anthropic ? "anthropic-claude-v1" : "google-gemini-v1" }
    }

    let kind: Kind
    /// `nil`: the client did not keep it.
    let format: Format?

    /// - Parameter index: counts the entries of a message from 0. OpenAI's libraries put streamed lists together by it.
    func append(at index: Int, to bytes: inout [UInt8]) {
        switch kind {
        case .text(let text, let signature):
            bytes.append("{\"type\":\"reasoning.text\",\"text\":")
            bytes.appendJSONString(text)
            bytes.appendMember("signature", signature)
        case .encrypted(let data, let id):
            bytes.append("{\"type\":\"reasoning.encrypted\",\"data\":")
            bytes.appendJSONString(data)
            bytes.appendMember("id", id)
        }
        if let format {
            bytes.append(",\"format\":\"")
            bytes.append(format.name)
            bytes.append("\"")
        }
        bytes.append(",\"index\":")
        bytes.appendJSONNumber(Int64(index))
        bytes.append("}")
    }

    /// The details of an assistant's message that `format`'s provider can take.
    static func read(_ message: JSONValue, for format: Format) -> [ReasoningDetail] {
        let own = message["reasoning_details"]?.elements.compactMap(ReasoningDetail.init(entry:)) ?? []
        let all = own.isEmpty ? message["thinking_blocks"]?.elements.compactMap(ReasoningDetail.init(thinkingBlock:)) ?? [] : own
        return all.filter { $0.format == nil || $0.format == format }
    }

    init(_ kind: Kind, _ format: Format?) {
        self.kind = kind
        self.format = format
    }

    private init?(entry: JSONValue) {
        if let text = entry["text"]?.stringBytes {
            kind = .text(text, signature: entry["signature"]?.stringBytes)
        } else if let data = entry["data"]?.stringBytes {
            kind = .encrypted(data, id: entry["id"]?.stringBytes)
        } else {
            return nil
        }
        let name = entry["format"]
        if name?.isString(Format.anthropic.name) == true {
            format = .anthropic
        } else if name?.isString(Format.gemini.name) == true {
            format = .gemini
        } else {
            // Another's, which nobody here can take, says so; what says nothing is tried.
            guard name?.kind != .string else { return nil }
            format = nil
        }
    }

    private init?(thinkingBlock block: JSONValue) {
        if let text = block["thinking"]?.stringBytes {
            kind = .text(text, signature: block["signature"]?.stringBytes)
        } else if let data = block["data"]?.stringBytes {
            kind = .encrypted(data, id: nil)
        } else {
            return nil
        }
        format = .anthropic
    }
}

extension [UInt8] {
    fileprivate mutating func appendMember(_ name: StaticString, _ text: UnsafeRawBufferPointer?) {
        guard let text else { return }
        append(",\"")
        append(name)
        append("\":")
        appendJSONString(text)
    }
}
