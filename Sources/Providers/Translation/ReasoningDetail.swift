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
        let taken = all.filter { $0.isTaken(by: format) }
        guard format == .gemini, taken.isEmpty, let signature = googleSignature(of: message) else { return taken }
        return [ReasoningDetail(.encrypted(signature, id: nil), .gemini)]
    }

    /// The thought of a content part that `format`'s provider can take back.
    /// - Returns: `nil` for a thought of another provider, or one without its signature.
    init?(contentPart part: JSONValue, for format: Format) {
        self.init(thinkingBlock: part)
        guard isTaken(by: format) else { return nil }
    }

    /// Whether a content part of this type is a thought, in the words of any provider.
    static func isThought(_ type: JSONValue) -> Bool {
        let names: [StaticString] = [
            "thinking", "redacted_thinking", "reasoning", "reasoning_text", "reasoning_content", "reasoningContent", "summary_text",
            "thought",
        ]
        return names.contains { type.isString($0) }
    }

    /// The signature of Google's thoughts where Google's own OpenAI dialect has it, in a call or in a message:
    /// `extra_content.google.thought_signature`. LiteLLM's `provider_specific_fields.thought_signature` is read as well.
    static func googleSignature(of value: JSONValue) -> UnsafeRawBufferPointer? {
        let signature =
            value["extra_content"]?["google"]?["thought_signature"]
            ?? value["provider_specific_fields"]?["thought_signature"]
        return signature?.stringBytes.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether `format`'s provider takes it back: no provider takes another's thoughts, and Anthropic none without a signature.
    private func isTaken(by format: Format) -> Bool {
        guard self.format == nil || self.format == format else { return false }
        return switch kind {
        case .text(_, let signature): format == .anthropic && signature?.isEmpty == false
        // Only Google's belong to calls.
        case .encrypted(let data, let id): !data.isEmpty && (format == .gemini || id == nil || self.format == .anthropic)
        }
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
    /// Appends Google's signature of a call as a member, with the comma behind it, where Google's own OpenAI dialect has it; nothing for `nil`.
    mutating func appendGoogleSignature(_ signature: UnsafeRawBufferPointer?) {
        guard let signature else { return }
        append("\"extra_content\":{\"google\":{\"thought_signature\":")
        appendJSONString(signature)
        append("}},")
    }

    fileprivate mutating func appendMember(_ name: StaticString, _ text: UnsafeRawBufferPointer?) {
        guard let text else { return }
        append(",\"")
        append(name)
        append("\":")
        appendJSONString(text)
    }
}
