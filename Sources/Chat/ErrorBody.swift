internal import Core

extension GatewayError {
    /// Appends the error in OpenAI's shape, `{"error":{"message","type","param","code"}}`, or a provider's own error body as it came.
    ///
    /// `code`, `type` and `param` are repeated next to `error`, because some SDKs look for them there.
    public func appendOpenAIBody(to bytes: inout [UInt8]) {
        if let passThrough = self.passThrough { return appendPassedOn(passThrough.body, to: &bytes) }
        bytes.append("{\"error\":{\"message\":")
        bytes.appendJSONString(self.publicMessage)
        bytes.append(",")
        appendFacts(to: &bytes)
        if let attempts = self.attempts {
            bytes.append(",\"attempts\":")
            bytes.append(contentsOf: attempts)
        }
        bytes.append("},")
        appendFacts(to: &bytes)
        appendExplanation(to: &bytes)
        bytes.append("}")
    }

    /// A provider's own body is a JSON object; the explanation goes in front of its last brace.
    private func appendPassedOn(_ body: [UInt8], to bytes: inout [UInt8]) {
        guard self.explanation != nil, let end = body.lastIndex(of: UInt8(ascii: "}")) else { return bytes.append(contentsOf: body) }
        bytes.append(contentsOf: body[..<end])
        appendExplanation(to: &bytes)
        bytes.append(contentsOf: body[end...])
    }

    private func appendExplanation(to bytes: inout [UInt8]) {
        guard let explanation = self.explanation else { return }
        bytes.append(",\"purser\":")
        bytes.append(contentsOf: explanation)
    }

    private func appendFacts(to bytes: inout [UInt8]) {
        bytes.append("\"type\":")
        bytes.appendJSONString(self.code.type)
        bytes.append(",\"param\":")
        bytes.appendJSONString(self.param)
        bytes.append(",\"code\":")
        bytes.appendJSONString(self.code.name)
    }
}
