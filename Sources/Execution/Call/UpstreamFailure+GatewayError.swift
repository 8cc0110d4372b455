internal import Chat
internal import Upstream

extension GatewayError {
    /// The error that a transport failure means for the client and for the code that decides about retries.
    /// - Parameter heldUpByClient: whether the transfer stood still for a noticeable time because its client did not read. What fails afterwards,
    ///   by time or by the provider's giving up, is then no sign of the provider's health.
    init(_ failure: UpstreamFailure, heldUpByClient: Bool = false) {
        self.init(failure)
        if heldUpByClient { self.isOfOneRequest = true }
    }

    private init(_ failure: UpstreamFailure) {
        switch failure {
        case .unreachable(let detail):
            self.init(.upstreamError, "The provider could not be reached.", source: .upstream, retry: .sameTarget, detail: detail)
            self.wasNeverSent = true
        case .untrusted(let detail):
            self.init(.upstreamError, "The provider's certificate is not trusted.", source: .upstream, retry: .nextTarget, detail: detail)
        case .connectTimeout:
            self = .timeout("No connection to the provider within timeouts.connect.")
            self.wasNeverSent = true
        case .firstByteTimeout: self = .timeout("The provider did not begin to answer within timeouts.first_byte.")
        case .idleTimeout: self = .timeout("The provider stopped in the middle of its answer for longer than timeouts.idle.")
        case .totalTimeout: self = .timeout("The provider did not finish its answer within timeouts.total.")
        case .callerTimeout: self = .outOfTime
        case .cut(let detail):
            self.init(
                .upstreamError, "The provider's connection broke before its answer was complete.", source: .upstream, retry: .sameTarget,
                detail: detail)
        case .malformed(let detail):
            self.init(.upstreamError, "The provider's answer is not valid HTTP.", source: .upstream, retry: .nextTarget, detail: detail)
        case .tooLarge(let limit):
            self.init(.upstreamError, "The provider's answer is larger than the limit \(limit).", source: .upstream, retry: .nextTarget)
        case .canceled:
            self = .clientLeft
        }
    }

    /// The client's own deadline, or that of the place in a policy, came first: no fault of the provider's.
    static var outOfTime: GatewayError {
        var error = timeout("There was no whole answer within x-purser-timeout, or within the timeout of the target's place in the policy.")
        error.isOfOneRequest = true
        return error
    }

    private static func timeout(_ message: String) -> GatewayError {
        GatewayError(.upstreamTimeout, message, source: .upstream, retry: .nextTarget)
    }
}
