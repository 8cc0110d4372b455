internal import Core

/// Tool calls as OpenAI's chat has them, in answers and in the conversation that goes back to a model.
extension [UInt8] {
    /// Appends a call, a JSON object.
    public mutating func appendToolCall(_ call: CapturedToolCall) {
        append("{\"id\":")
        call.id.withUnsafeBytes { appendJSONString($0) }
        append(",\"type\":\"function\",")
        if let signature = call.signature { signature.withUnsafeBytes { appendGoogleSignature($0) } }
        append("\"function\":{\"name\":")
        call.name.withUnsafeBytes { appendJSONString($0) }
        append(",\"arguments\":")
        call.arguments.withUnsafeBytes { appendJSONString($0) }
        append("}}")
    }

    /// Appends Google's signature of a call as a member, with the comma behind it, where Google's own OpenAI dialect has it; nothing for `nil`.
    public mutating func appendGoogleSignature(_ signature: UnsafeRawBufferPointer?) {
        guard let signature else { return }
        append("\"extra_content\":{\"google\":{\"thought_signature\":")
        appendJSONString(signature)
        append("}},")
    }
}
