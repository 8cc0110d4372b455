internal import Chat

/// Bedrock's errors: a status with `{"message":…}`, or an exception in a stream.
extension Bedrock {
    /// What an error body says; `nil` when it says nothing.
    static func error(_ body: [UInt8], _ reader: JSONReader) -> ProviderError? {
        guard body.count <= OpenAIFailure.longestPassedBody else { return nil }
        let said = try? reader.read(body) { root -> ProviderError? in
            guard let message = (root["message"] ?? root["Message"])?.string else { return nil }
            return error(root["__type"]?.string, message)
        }
        return said.flatMap(\.self)
    }

    private static func error(_ type: String?, _ message: String) -> ProviderError {
        var said = ProviderError(type: type, message: message)
        said.isTooLong = message.contains("Input is too long") || message.contains("prompt is too long")
        if said.isTooLong { said.code = "context_length_exceeded" }
        return said
    }

    /// What an exception in a stream means.
    static func failure(_ exception: String, _ message: String?) -> GatewayError {
        OpenAIFailure.read(status: status(exception), error: message.map { error(exception, $0) }, retryAfter: nil)
    }

    /// The status that goes with an exception (Bedrock Runtime, "Errors" of ConverseStream).
    private static func status(_ exception: String) -> Int {
        switch exception {
        case "validationException": 400
        case "throttlingException": 429
        case "serviceUnavailableException": 503
        default: 500
        }
    }
}
