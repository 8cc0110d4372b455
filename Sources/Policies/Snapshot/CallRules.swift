internal import Chat
public import Core

/// When a failed call is retried at the same target. Only before the commit point.
public struct RetryRules: Hashable, Sendable {
    /// Kinds of failure.
    public struct Causes: OptionSet, Hashable, Sendable {
        /// The bits.
        public let rawValue: UInt8

        /// Makes a set of its bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// No connection could be made.
        public static let connect = Causes(rawValue: 1)
        /// One of the provider's timeouts passed.
        public static let timeout = Causes(rawValue: 2)
        /// Status 408: the provider did not get the request in time.
        public static let requestTimeout = Causes(rawValue: 4)
        /// Status 429: the provider's rate limit.
        public static let rateLimit = Causes(rawValue: 8)
        /// Status 500 to 599.
        public static let serverError = Causes(rawValue: 16)

        /// The words for the causes in policies.
        static let words: [(name: String, cause: Causes)] = [
            ("connect", .connect), ("timeout", .timeout), ("408", .requestTimeout), ("429", .rateLimit), ("5xx", .serverError),
        ]
    }

    /// The most calls at one target, 1 to 10: 1 means no retry. 2 by default.
    public var attempts = 2
    /// The failures that are retried; connect, timeout, 429 and 5xx by default.
    public var on: Causes = [.connect, .timeout, .rateLimit, .serverError]
    /// The upper end of the first random pause, doubled from retry to retry (full jitter); 250 ms by default. A Retry-After overrides it.
    public var backoff = Duration.milliseconds(250)

    /// The default rules.
    public init() {}
}

/// When the breaker of a provider model opens. Failures that the client caused never count.
public struct BreakerRules: Hashable, Sendable {
    /// Whether there is a breaker at all; true by default.
    public var isOn = true
    /// Opens after so many failures in a row, 1 to 1000; 5 by default.
    public var consecutiveFailures = 5
    /// Opens when this share of the calls within ``window`` failed, more than 0 and at most 1; 0.5 by default.
    public var failureRate = 0.5
    /// The fewest calls within ``window`` for ``failureRate`` to count, 1 to 100000; 20 by default.
    public var minRequests = 20
    /// The time that ``failureRate`` looks back; 10 s by default.
    public var window = Duration.seconds(10)
    /// How long the breaker stays open before probes; 30 s by default.
    public var cooldown = Duration.seconds(30)

    /// The default rules.
    public init() {}
}

/// The credentials that sign calls to AWS.
public struct AWSCredentials: Sendable {
    /// The access key's id.
    public let accessKeyID: Secret
    /// The secret access key.
    public let secretAccessKey: Secret
    /// The token of temporary credentials.
    public let sessionToken: Secret?
}
