/// How much is remembered of requests that had an `Idempotency-Key`.
public struct IdempotencyLimits: Sendable {
    /// How long after its end an answer can be had again. Default 10 minutes.
    public var keep = Duration.seconds(600)
    /// Bytes of all answers together, those of running requests included. Default 64 MiB.
    public var totalBytes = 64 << 20
    /// Bytes of one answer that is kept. Default 4 MiB.
    public var answerBytes = 4 << 20
    /// Keys that are remembered at once. The oldest of a finished request is forgotten for a new one. Default 100,000.
    public var keys = 100_000
    /// How long a request runs on while nobody waits for its answer. Default 10 minutes.
    public var unattended = Duration.seconds(600)
    /// Bytes of an answer too large to be kept by which those who read it may be apart; a reader that is slower falls out.
    public var window = 256 << 10

    /// The defaults.
    public init() {}
}
