internal import Chat

/// Reading what a client sends back.
extension ReasoningDetail {
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

    /// Whether `format`'s provider takes it back: no provider takes the thoughts of another provider, and Anthropic takes none without a
    /// signature.
    private func isTaken(by format: Format) -> Bool {
        guard self.format == nil || self.format == format else { return false }
        return switch kind {
        case .text(_, let signature): format == .anthropic && signature?.isEmpty == false
        // Only Google's belong to calls.
        case .encrypted(let data, let id): !data.isEmpty && (format == .gemini || id == nil || self.format == .anthropic)
        case .entry: false
        }
    }

    private init?(entry: JSONValue) {
        let kind: Kind
        if let text = entry["text"]?.stringBytes {
            kind = .text(text, signature: entry["signature"]?.stringBytes)
        } else if let data = entry["data"]?.stringBytes {
            kind = .encrypted(data, id: entry["id"]?.stringBytes)
        } else {
            return nil
        }
        let name = entry["format"]
        if name?.isString(Format.anthropic.name) == true {
            self.init(kind, .anthropic)
        } else if name?.isString(Format.gemini.name) == true {
            self.init(kind, .gemini)
        } else {
            // A detail that names the format of another provider is dropped, because no provider API here takes it back. A detail that
            // names no format is tried.
            guard name?.kind != .string else { return nil }
            self.init(kind, nil)
        }
    }

    private init?(thinkingBlock block: JSONValue) {
        if let text = block["thinking"]?.stringBytes {
            self.init(.text(text, signature: block["signature"]?.stringBytes), .anthropic)
        } else if let data = block["data"]?.stringBytes {
            self.init(.encrypted(data, id: nil), .anthropic)
        } else {
            return nil
        }
    }
}
