public import Chat
public import Policies

/// Where the rest of an answer comes from, after it has begun: a call that streams, a captured answer, later a loop of calls and tools.
public protocol AnswerSource: AnyObject {
    /// The model whose words the client reads.
    var model: ModelEntry { get }
    /// What takes the events of a stream; `nil` where the provider's own bytes pass through, and for whole answers.
    var writer: (any AnswerWriter)? { get }
    /// How long providers have been at work on it so far, in microseconds.
    var upstreamMicroseconds: Int64 { get }
    /// Waits for more and appends what is to be forwarded to `output`.
    /// - Returns: false when the answer is complete; `output` may hold its last events.
    /// - Throws: what the client is to be told of a fault.
    func next(_ output: inout [UInt8]) async throws(GatewayError) -> Bool
    /// Gives the answer up because the client left.
    /// - Returns: the error to end with.
    @discardableResult
    func cancel() -> GatewayError
    /// Appends an object of the gateway's own to a stream, in the form of its other events.
    /// - Parameter json: the value, without line ends.
    func appendMember(_ name: StaticString, _ json: [UInt8], to output: inout [UInt8])
}

// A class, so that what waits for it holds one word.
/// An answer that has begun: of a stream its first events, or the whole of it.
public final class StartedAnswer {
    /// Where more comes from.
    public let source: any AnswerSource
    /// All of it, where no stream was asked for.
    public internal(set) var whole: WholeAnswer?
    /// Of a stream, the events that have come.
    public var events: [UInt8] = []
    /// Whether more is to come.
    public internal(set) var goesOn = false

    init(_ source: any AnswerSource) { self.source = source }
}
