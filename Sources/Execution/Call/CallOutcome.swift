internal import Chat
public import Core

/// How an upstream call ended: everything a usage record needs to know of it.
public struct CallOutcome: Sendable {
    /// The ways a call can end, as the records name them.
    public enum Status: Sendable { case ok, error, timeout, canceled, cut }

    /// How the call ended.
    public var status = Status.ok
    /// The code of the error, if it was one.
    public var errorCode: String?
    /// The tokens used.
    public var usage = TokenUsage()
    /// What the tokens cost.
    public var cost = NanoUSD.zero
    /// What the provider may bill beyond ``cost``, because its final usage is not known: limits count it until it is refunded.
    public var inDoubt = NanoUSD.zero
    /// The tokens that it may have used beyond ``usage``.
    public var inDoubtTokens: Int64 = 0
    /// Whether `usage` is the gateway's estimate because the provider reported none.
    public var isEstimated = false
    /// From the start of the call to its end, in microseconds.
    public var latencyMicroseconds: Int64 = 0
    /// From the start of the call to the first content of a stream, or to the first byte of a whole answer's body, in microseconds.
    public var firstTokenMicroseconds: Int64?
}
