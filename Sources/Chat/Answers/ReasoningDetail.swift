internal import Core

/// A piece of the model's reasoning that must come back unchanged in the next request: an entry of `reasoning_details` in a message.
///
/// The member is OpenRouter's; what LiteLLM calls `thinking_blocks` is read as well. Text belongs to the closure that read it.
public struct ReasoningDetail {
    /// What it holds.
    public enum Kind {
        /// Reasoning in plain words, with the provider's proof that it is the model's own.
        case text(UnsafeRawBufferPointer, signature: UnsafeRawBufferPointer?)
        /// Reasoning that only the provider can read; `id` names the tool call that it belongs to, if it belongs to one.
        case encrypted(UnsafeRawBufferPointer, id: UnsafeRawBufferPointer?)
        /// An entry as a server of OpenAI's dialect wrote it: a JSON object.
        case entry(UnsafeRawBufferPointer)
    }

    /// The provider that the signatures come from: no provider takes those of another.
    public enum Format: Sendable {
        case anthropic, gemini

        /// The name in `reasoning_details`.
        public var name: StaticString { self == .anthropic ? "anthropic-claude-v1" : "google-gemini-v1" }
    }

    /// What it holds.
    public let kind: Kind
    /// Whose it is; `nil`: the client did not keep it, or the entry says it itself.
    public let format: Format?

    /// Makes a detail.
    public init(_ kind: Kind, _ format: Format?) {
        self.kind = kind
        self.format = format
    }

    /// Appends the entry as a JSON object.
    /// - Parameter index: counts the entries of a message from 0. OpenAI's libraries put streamed lists together by it.
    public func append(at index: Int, to bytes: inout [UInt8]) {
        switch kind {
        case .text(let text, let signature):
            bytes.append("{\"type\":\"reasoning.text\",\"text\":")
            bytes.appendJSONString(text)
            bytes.appendMember("signature", signature)
        case .encrypted(let data, let id):
            bytes.append("{\"type\":\"reasoning.encrypted\",\"data\":")
            bytes.appendJSONString(data)
            bytes.appendMember("id", id)
        case .entry(let json): return bytes.append(contentsOf: json)
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
