extension GatewayError {
    /// Appends the error in OpenAI's shape, `{"error":{"message","type","param","code"}}`, or a provider's own error body as it came.
    ///
    /// `code`, `type` and `param` are repeated next to `error`, because some SDKs look for them there.
    public func appendOpenAIBody(to bytes: inout [UInt8]) {
        if let passThrough {
            bytes.append(contentsOf: passThrough.body)
            return
        }
        bytes.append("{\"error\":{\"message\":")
        bytes.appendJSONString(publicMessage)
        bytes.append(",")
        appendFacts(to: &bytes)
        bytes.append("},")
        appendFacts(to: &bytes)
        bytes.append("}")
    }

    private func appendFacts(to bytes: inout [UInt8]) {
        bytes.append("\"type\":")
        bytes.appendJSONString(code.type)
        bytes.append(",\"param\":")
        bytes.appendJSONString(param)
        bytes.append(",\"code\":")
        bytes.appendJSONString(code.name)
    }
}
