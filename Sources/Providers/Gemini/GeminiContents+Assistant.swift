internal import Chat

extension GeminiContents {
    /// What an assistant said and called, as the model's own words.
    mutating func writeAssistant(_ message: ClientMessage) {
        var loose = message.looseSignature
        let lastText = message.parts.lastIndex { $0.text != nil }
        for (index, part) in message.parts.enumerated() {
            let signature = index == lastText ? loose : nil
            if signature != nil { loose = nil }
            append(part.kind, .model, signature: signature)
        }
        for (index, call) in message.toolCalls.enumerated() {
            remember(call)
            append(call, signature: message.signature(of: call) ?? (index == 0 ? loose : nil), isFirst: index == 0)
        }
    }

    private mutating func append(_ call: ClientToolCall, signature: UnsafeRawBufferPointer?, isFirst: Bool) {
        beginPart(.model)
        contents.append("{\"functionCall\":{\"name\":")
        contents.appendJSONString(call.name)
        contents.append(",\"args\":")
        json.append(call.arguments, to: &contents)
        contents.append("}")
        if signature == nil, isFirst, generation.needsSignatures {
            Self.noSignature.withUnsafeBytes { appendSignature($0) }
        } else {
            appendSignature(signature)
        }
        contents.append("}")
    }

    /// What Google takes in the place of a signature that is lost, or that another provider's call never had:
    /// https://ai.google.dev/gemini-api/docs/thought-signatures.
    private static let noSignature = Array("skip_thought_signature_validator".utf8)
}

extension ClientMessage {
    /// The signature of `call`.
    fileprivate func signature(of call: ClientToolCall) -> UnsafeRawBufferPointer? {
        for case .encrypted(let data, let id?) in reasoning.map(\.kind) where id.elementsEqual(call.id) { return data }
        return nil
    }

    /// The signature that belongs to no call: that of the text.
    fileprivate var looseSignature: UnsafeRawBufferPointer? {
        for case .encrypted(let data, nil) in reasoning.map(\.kind).reversed() { return data }
        return nil
    }
}
