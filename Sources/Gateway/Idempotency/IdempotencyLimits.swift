/// Bounds on what is kept of requests with an `Idempotency-Key`.
public struct IdempotencyLimits: Sendable {
    /// How long an answer is kept after its end. Default 10 minutes.
    public var keep = Duration.seconds(600)
    /// Bytes of all answers together, those of running requests included. Default 64 MiB.
    public var totalBytes = 64 << 20
    /// Bytes of one answer that is kept. Default 4 MiB.
    public var answerBytes = 4 << 20
    /// Keys that are remembered at once. The oldest of a finished request is forgotten for a new one. Default 100,000.
    public var keys = 100_000
    /// How long a request runs on without a client. Default 10 minutes.
    public var unattended = Duration.seconds(600)
    /// For an answer too large to be kept: the most bytes that a reader may be behind the first; a slower one loses the answer.
    public var window = 256 << 10

    /// The defaults.
    public init() {}
}
