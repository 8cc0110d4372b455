internal import Chat

/// Anthropic's errors: `{"type":"error","error":{"type":…,"message":…}}`, with any status, inside an answer or as an event of a stream.
extension Anthropic {
    /// What an error body says; `nil` when it is not an error of Anthropic's.
    static func error(_ body: [UInt8], _ reader: JSONReader) -> ProviderError? {
        guard body.count <= OpenAIFailure.longestPassedBody else { return nil }
        return (try? reader.read(body) { root in error(root) }).flatMap(\.self)
    }

    private static func error(_ root: JSONValue) -> ProviderError? {
        guard let error = root["error"], error.kind == .object, let message = error["message"]?.string else { return nil }
        var said = ProviderError(type: error["type"]?.string, message: message)
        // Errors of the gateway's account come with the same status as errors of the client.
        said.hasNoQuota = said.type == "billing_error" || message.contains("credit balance is too low")
        said.isTooLong = message.hasPrefix("prompt is too long") || message.contains("exceed context limit")
        if said.isTooLong { said.code = "context_length_exceeded" }
        if said.type == "not_found_error" { said.code = GatewayError.Code.modelNotFound.name }
        return said
    }

    /// The error that an answer with status 200 or an event of a stream carries; `nil` when it carries none.
    static func embeddedError(_ root: JSONValue) -> GatewayError? {
        guard root["type"]?.isString("error") == true || root["error"].map({ !$0.isNull }) == true else { return nil }
        let said = error(root)
        return OpenAIFailure.read(status: status(said?.type), error: said, retryAfter: nil)
    }

    /// The status that goes with a type of error (Anthropic, "Errors").
    private static func status(_ type: String?) -> Int {
        switch type {
        case "invalid_request_error": 400
        case "authentication_error": 401
        case "billing_error": 402
        case "permission_error": 403
        case "not_found_error": 404
        case "request_too_large": 413
        case "rate_limit_error": 429
        case "timeout_error": 504
        case "overloaded_error": 529
        default: 500
        }
    }
}
