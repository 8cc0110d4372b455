public import Chat

/// When a call that failed is made again at the same provider. Only before the first event has reached the client.
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

        /// The words of policies.
        static let words: [(name: String, cause: Causes)] = [
            ("connect", .connect), ("timeout", .timeout), ("408", .requestTimeout), ("429", .rateLimit), ("5xx", .serverError),
        ]
    }

    /// How often a call is made in all, 1 to 10: 1 is no retry. 2 by default.
    public var attempts = 2
    /// What a retry follows on; connect, timeout, 429 and 5xx by default.
    public var on: Causes = [.connect, .timeout, .rateLimit, .serverError]
    /// The upper end of the first random pause, doubled from retry to retry (full jitter); 250 ms by default. A Retry-After goes before it.
    public var backoff = Duration.milliseconds(250)

    /// The default rules.
    public init() {}
}

/// When a provider model is left alone for a while. Failures that the client caused never count.
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
    /// How long it stays open before one call may try again; 30 s by default.
    public var cooldown = Duration.seconds(30)

    /// The default rules.
    public init() {}
}

/// What signs calls to AWS.
public struct AWSCredentials: Sendable {
    /// The access key's id.
    public let accessKeyID: Secret
    /// The secret access key.
    public let secretAccessKey: Secret
    /// The token of temporary credentials.
    public let sessionToken: Secret?
}
