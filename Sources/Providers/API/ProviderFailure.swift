public import Chat

/// What a failed call means, in any provider API.
public enum ProviderFailure {
    /// The message to the client about an answer that cannot be used.
    public static let unusableMessage = "The provider gave an unusable answer."

    /// Classifies an answer whose status is not 200.
    ///
    /// Errors that the client caused carry the provider's own words in OpenAI's shape in `passThrough`; the caller scrubs configured secrets from
    /// it. Of errors that concern the gateway's account nothing of the provider's text is shown.
    /// - Parameters:
    ///   - status: the HTTP status, whatever the provider sent.
    ///   - body: the body, possibly cut off, possibly no JSON at all.
    ///   - retryAfter: the provider's `retry-after`, if it sent one.
    public static func read(api: ProviderAPI, status: Int, body: [UInt8], retryAfter: Duration?, reader: JSONReader) -> GatewayError {
        let said: ProviderError?
        switch api {
        case .openai, .azure: return OpenAIFailure.read(status: status, body: body, retryAfter: retryAfter, reader: reader)
        // A proxy in front of the provider may answer in another shape.
        case .anthropic: said = Anthropic.error(body, reader) ?? ErrorWords.read(body, reader)
        case .gemini: said = Gemini.error(body, reader) ?? ErrorWords.read(body, reader)
        case .bedrock:
            said = Bedrock.error(body, reader) ?? ErrorWords.read(body, reader)
            // "Failed dependency" is Bedrock's word for a model that failed.
            if status == 424 { return OpenAIFailure.read(status: 500, error: said, retryAfter: retryAfter) }
        }
        return OpenAIFailure.read(status: said?.status ?? status, error: said, retryAfter: retryAfter ?? said?.retryAfter)
    }
}

/// What a provider said about a failure.
struct ProviderError: Sendable {
    /// The kind of error in the provider's words, e.g. `overloaded_error`, `ThrottlingException`.
    var type: String?
    /// The provider's message about the error.
    var message: String
    /// OpenAI's name for this error, or the provider's own code as a text.
    var code: String?
    /// The member of the request that is wrong.
    var param: String?
    /// What a server behind the provider said, as a text.
    var upstream: String?
    /// The HTTP status that the body names.
    var namedStatus: Int?
    /// Whether the body has the shape of an API's error. A web server in front of the API has errors of its own.
    var isShaped = true
    /// Whether it says that the account is used up, which no delay mends.
    var hasNoQuota = false
    /// Whether it lists what it found in the client's text.
    var refusesText = false
    /// Whether the conversation is too long for the model.
    var isTooLong = false
    /// The HTTP status that says what is meant, where the provider's own does not.
    var status: Int?
    /// The cooldown that the provider asks for in its body; `nil` when it asks for none there.
    var retryAfter: Duration?
}
