internal import COpenSSL
internal import Glibc

/// What a step of the handshake came to.
@frozen
public enum TLSStep: Sendable {
    /// The handshake is complete; application data may flow.
    case done
    /// Call again when the descriptor is readable.
    case wantsRead
    /// Call again when the descriptor is writable.
    case wantsWrite
    /// The connection is of no further use; close it.
    case failed(TLSFailure)
}

/// What a read came to.
@frozen
public enum TLSRead: Sendable {
    /// So many bytes (at least one, unless the buffer was empty) were put at the buffer's beginning. More may follow at once.
    case bytes(Int)
    /// Nothing now; call again when the descriptor is readable.
    case wantsRead
    /// Nothing before something of the protocol's own is sent; call again when the descriptor is writable.
    case wantsWrite
    /// The peer sends nothing more.
    case closed(TLSClosure)
    /// The connection is of no further use; close it.
    case failed(TLSFailure)
}

/// What a write came to.
@frozen
public enum TLSWrite: Sendable {
    /// So many bytes, counted from the beginning, were taken; often fewer than were offered.
    case bytes(Int)
    /// Nothing before something of the protocol's own is received; call again when the descriptor is readable.
    case wantsRead
    /// Not done yet; call again when the descriptor is writable, with the same bytes first.
    case wantsWrite
    /// The connection is of no further use; close it.
    case failed(TLSFailure)
}

/// How the peer ended its side.
@frozen
public enum TLSClosure: Sendable {
    /// With `close_notify`: what was read is everything the peer sent. It may still be reading.
    case notified
    /// The connection ended without one: what was read may have been cut short by anybody. Nothing more can be written.
    case withoutNotice
}

/// Why a connection is of no further use.
public struct TLSFailure: Error, Hashable, Sendable {
    /// Where the fault lies.
    public enum Cause: UInt8, Sendable {
        /// The peer broke the protocol, shares no version, suite or application protocol with us, or sent a fatal alert.
        case protocolError
        /// A system call on the descriptor failed; `number` is its `errno`.
        case system
        /// The peer left in the middle.
        case endOfStream
    }

    /// Where the fault lies.
    public let cause: Cause
    /// OpenSSL's packed error code; 0 when it gave none.
    public let code: UInt
    /// The `errno` of the failed system call; 0 with other causes.
    public let number: Int32

    init(_ cause: Cause, code: UInt = 0, number: Int32 = 0) {
        self.cause = cause
        self.code = code
        self.number = number
    }
}

extension TLSFailure: CustomStringConvertible {
    /// For logs, e.g. `wrong version number` or `Connection reset by peer`.
    public var description: String {
        switch cause {
        case .protocolError: OpenSSLErrors.reason(of: code)
        case .system: String(cString: strerror(number))
        case .endOfStream: "the peer closed the connection without notice"
        }
    }
}
