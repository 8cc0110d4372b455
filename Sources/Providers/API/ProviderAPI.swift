internal import Chat
public import Core

/// The wire formats of calls: the form of a provider's requests and of its answers.
public enum ProviderAPI: String, Sendable, CaseIterable {
    /// OpenAI's chat completions, and every server that speaks them.
    case openai
    /// Azure OpenAI: the same bodies behind paths of its own.
    case azure
    /// Anthropic's Messages.
    case anthropic
    /// Google's `generateContent`.
    case gemini
    /// AWS Bedrock's Converse.
    case bedrock
}

extension ProviderAPI {
    /// The header line that carries `key` to the provider. Bedrock takes it for its API keys only; with AWS credentials its calls are
    /// signed.
    public func authorizationHeader(key: Secret) -> String {
        switch self {
        case .openai, .bedrock: "Authorization: Bearer \(key.reveal())"
        case .azure: "api-key: \(key.reveal())"
        case .anthropic: "x-api-key: \(key.reveal())"
        case .gemini: "x-goog-api-key: \(key.reveal())"
        }
    }

    /// The header lines that every call needs besides the one with the key and the content type.
    public var fixedHeaders: [String] {
        switch self {
        case .anthropic: ["anthropic-version: 2023-06-01"]
        case .openai, .azure, .gemini, .bedrock: []
        }
    }

    /// Whether an answer of this media type, in lower case and without parameters, is the stream that was asked for.
    public func streams(as contentType: String) -> Bool {
        contentType == (self == .bedrock ? "application/vnd.amazon.eventstream" : "text/event-stream")
    }

    /// Whether the dialect is OpenAI's, so that bodies pass through.
    var isOpenAI: Bool { self == .openai || self == .azure }
}
