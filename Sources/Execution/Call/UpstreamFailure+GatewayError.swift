internal import Chat
internal import Upstream

extension GatewayError {
    /// What a transport failure means to the client and to whoever may try again.
    init(_ failure: UpstreamFailure) {
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
        case .totalTimeout: self = .timeout("The provider did not finish its answer within timeouts.total, or within x-purser-timeout.")
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

    private static func timeout(_ message: String) -> GatewayError {
        GatewayError(.upstreamTimeout, message, source: .upstream, retry: .nextTarget)
    }
}
