internal import Chat
public import Core

/// The provider API that a provider speaks.
public enum ProviderKind: String, Sendable, CaseIterable {
    /// OpenAI's API, or one that is compatible with it.
    case openai
    /// Anthropic's Messages API.
    case anthropic
    /// Google's Gemini API.
    case gemini
    /// OpenAI's API as Azure serves it.
    case azure
    /// The Converse API of AWS Bedrock.
    case bedrock
}

/// How long the stages of an upstream call may take. Each is more than zero and at most 24 hours.
public struct ProviderTimeouts: Hashable, Sendable {
    /// From the first packet to an established (TLS) connection; 5 s by default.
    public var connect = Duration.seconds(5)
    /// From the request's last byte to the answer's first; 60 s by default.
    public var firstByte = Duration.seconds(60)
    /// Between two pieces of a streamed answer; 60 s by default.
    public var idle = Duration.seconds(60)
    /// The whole call; 600 s by default.
    public var total = Duration.seconds(600)

    /// The default timeouts.
    public init() {}
}

/// A provider that is switched on: where its API is and how to call it. Immutable; compare with `===`.
public final class Provider: Sendable {
    /// A header that every call carries.
    public struct Header: Sendable, Equatable {
        /// A valid field name, spelt as in the policy; never one that describes the connection or the body's length.
        public let name: String
        /// Without line breaks and control characters. Secret, because it may carry credentials.
        public let value: Secret
    }

    /// The name in the policy.
    public let name: String
    /// The provider API that it speaks.
    public let kind: ProviderKind
    /// Where its API begins, e.g. `https://api.openai.com/v1`.
    public let baseURL: EndpointURL
    /// The address for display: as the policy writes it where that has variables, because a variable may hold a secret.
    public let shownAddress: String
    /// The key of the API, for the header that the kind asks for; `nil` when the provider needs none. Visible ASCII.
    public let apiKey: Secret?
    /// Azure's `api-version`; `nil` for other kinds.
    public let apiVersion: String?
    /// The AWS region; `nil` for kinds other than bedrock.
    public let region: String?
    /// The credentials that sign calls; `nil` for kinds other than bedrock.
    public let awsCredentials: AWSCredentials?
    /// Further headers, in the policy's order.
    public let headers: [Header]
    /// A PEM file with the certificate authorities to trust instead of the system's.
    public let caFile: String?
    /// The URL of a proxy (`http`, `https`, `socks5` or `socks5h`); secret, because it may carry credentials.
    public let proxy: Secret?
    /// The most calls under way at once, 1 to 10000.
    public let maxConnections: Int
    /// Whether to speak HTTP/2 when the provider offers it.
    public let http2: Bool
    /// How long calls may take.
    public let timeouts: ProviderTimeouts
    /// When a failed call is retried.
    public let retry: RetryRules
    /// When the breaker of a model of the provider opens.
    public let breaker: BreakerRules

    init(
        name: String, kind: ProviderKind, baseURL: EndpointURL, shownAddress: String, apiKey: Secret?, apiVersion: String?, region: String?,
        awsCredentials: AWSCredentials?, headers: [Header], caFile: String?, proxy: Secret?, maxConnections: Int, http2: Bool,
        timeouts: ProviderTimeouts, retry: RetryRules, breaker: BreakerRules
    ) {
        self.name = name
        self.kind = kind
        self.baseURL = baseURL
        self.shownAddress = shownAddress
        self.apiKey = apiKey
        self.apiVersion = apiVersion
        self.region = region
        self.awsCredentials = awsCredentials
        self.headers = headers
        self.caFile = caFile
        self.proxy = proxy
        self.maxConnections = maxConnections
        self.http2 = http2
        self.timeouts = timeouts
        self.retry = retry
        self.breaker = breaker
    }
}

/// A provider or a model that the policy names and that is switched off.
public struct SwitchedOff: Hashable, Sendable {
    /// The name in the policy.
    public let name: String
    /// Why it is off, e.g. `OPENAI_API_KEY is not set`. Holds no secret.
    public let reason: String

    /// A provider or model that is off, and why.
    public init(name: String, reason: String) {
        self.name = name
        self.reason = reason
    }
}
