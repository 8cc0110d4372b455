/// Takes one request's body off the connection and hands it on without its framing.
///
/// Like the head's parser it does no I/O; unlike it, it consumes what it is given, so no byte is looked at twice.
/// Body bytes are copied once, in bulk.
public struct HTTPBodyDecoder: Sendable {
    /// What the bytes so far amount to. `consumed` bytes of the input are done with and must not be given again.
    public enum BodyResult: Equatable, Sendable {
        /// The whole input is consumed and the body goes on.
        case incomplete(consumed: Int)
        /// The body ended after `consumed` bytes; what follows belongs to the next request.
        case complete(consumed: Int)
        /// Answer, close, and look at no further byte. The decoder stays in this state.
        case invalid(HTTPViolation)
    }

    private enum State: Sendable {
        case length(remaining: Int)
        case chunked(ChunkedDecoder)
        case failed(HTTPViolation)
    }

    /// Memory reserved at a body's first byte: enough for most bodies in one allocation, and little for a client that declares much and
    /// sends little.
    private static let firstReservation = 128 << 10

    private var state: State

    /// Makes a decoder for the body of a head with this framing.
    public init(framing: HTTPFraming, limits: HTTPLimits = HTTPLimits()) {
        state =
            switch framing {
            case .none: .length(remaining: 0)
            case .length(let length) where length > limits.body: .failed(.bodyTooLarge)
            case .length(let length): .length(remaining: max(0, length))
            case .chunked: .chunked(ChunkedDecoder(limits: limits))
            }
    }

    /// Appends the body bytes found in `input` to `body`, which may be emptied between calls: the limit is kept apart from it.
    public mutating func decode(_ input: Span<UInt8>, into body: inout [UInt8]) -> BodyResult {
        switch state {
        case .failed(let violation):
            return .invalid(violation)
        case .length(let remaining):
            let taken = min(remaining, input.count)
            if body.isEmpty, taken > 0 { body.reserveCapacity(min(remaining, Self.firstReservation)) }
            body.append(input, 0..<taken)
            state = .length(remaining: remaining - taken)
            return taken == remaining ? .complete(consumed: taken) : .incomplete(consumed: taken)
        case .chunked(var decoder):
            do {
                let consumed = try decoder.decode(input, into: &body)
                state = .chunked(decoder)
                return decoder.isDone ? .complete(consumed: consumed) : .incomplete(consumed: consumed)
            } catch {
                state = .failed(error)
                return .invalid(error)
            }
        }
    }
}
