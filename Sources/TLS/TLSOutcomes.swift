internal import COpenSSL
internal import Glibc

/// The result of a step of the handshake.
@frozen
public enum TLSStep: Sendable {
    /// The handshake is complete; application data may flow.
    case done
    /// Call again when the descriptor is readable.
    case wantsRead
    /// Call again when the descriptor is writable.
    case wantsWrite
    /// The connection has failed; close it.
    case failed(TLSFailure)
}

/// The result of a read.
@frozen
public enum TLSRead: Sendable {
    /// This many bytes (at least one, unless the buffer was empty) were written to the beginning of the buffer. More may be available.
    case bytes(Int)
    /// Nothing to read; call again when the descriptor is readable.
    case wantsRead
    /// TLS must send something first; call again when the descriptor is writable.
    case wantsWrite
    /// The peer sends nothing more.
    case closed(TLSClosure)
    /// The connection has failed; close it.
    case failed(TLSFailure)
}

/// The result of a write.
@frozen
public enum TLSWrite: Sendable {
    /// This many bytes, from the beginning, were taken; often fewer than offered.
    case bytes(Int)
    /// TLS must receive something first; call again when the descriptor is readable.
    case wantsRead
    /// Not done yet; call again when the descriptor is writable, with the same bytes first.
    case wantsWrite
    /// The connection has failed; close it.
    case failed(TLSFailure)
}

/// How the peer ended its side.
@frozen
public enum TLSClosure: Sendable {
    /// With `close_notify`: everything that the peer sent was read. It may still be reading.
    case notified
    /// The connection ended without `close_notify`: what was read may be incomplete. Nothing more can be written.
    case withoutNotice
}

/// Why a connection failed.
public struct TLSFailure: Error, Hashable, Sendable {
    /// The kind of failure.
    public enum Cause: UInt8, Sendable {
        /// The peer violated the protocol, supports no common version, suite or application protocol, or sent a fatal alert.
        case protocolError
        /// A system call on the descriptor failed; `number` is its `errno`.
        case system
        /// The peer closed the connection prematurely.
        case endOfStream
    }

    /// The kind of failure.
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
