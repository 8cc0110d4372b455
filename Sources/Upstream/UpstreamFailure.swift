/// Why a call did not give an answer.
public enum UpstreamFailure: Error, Hashable, Sendable {
    /// No connection: name not found, refused, unreachable, proxy trouble.
    case unreachable(String)
    /// The TLS handshake failed or the certificate is not trusted.
    case untrusted(String)
    /// No connection within `timeouts.connect`.
    case connectTimeout
    /// No byte within `timeouts.firstByte`.
    case firstByteTimeout
    /// No further byte within `timeouts.idle`.
    case idleTimeout
    /// Not done within `timeouts.total`.
    case totalTimeout
    /// Not done when the caller's own deadline came.
    case callerTimeout
    /// The connection broke before the answer was complete.
    case cut(String)
    /// What came is not HTTP.
    case malformed(String)
    /// The head or the body is larger than the limit of that name.
    case tooLarge(String)
    /// This side gave the call up.
    case canceled

    /// Whether it is a matter of time.
    public var isTimeout: Bool {
        switch self {
        case .connectTimeout, .firstByteTimeout, .idleTimeout, .totalTimeout, .callerTimeout: true
        default: false
        }
    }
}
