internal import COpenSSL
internal import Glibc

/// The server side of one TLS connection, on a descriptor that the caller owns.
///
/// Never blocks if the descriptor does not. Belongs to one event loop: calls must not overlap. The descriptor must stay open while the
/// connection is used, and is not closed here. Memory is freed with the last reference.
public final class TLSConnection {
    private let ssl: OpaquePointer
    /// The certificates; OpenSSL's callbacks hold pointers into them.
    private let certificates: CertificateSet
    /// Set when the connection has failed: OpenSSL must not be called again after a fatal error.
    private var failure: TLSFailure?

    init(descriptor: Int32, certificates: CertificateSet) throws(TLSFailure) {
        ERR_clear_error()
        guard let ssl = SSL_new(certificates.initialContext.pointer) else { throw TLSFailure(.protocolError, code: OpenSSLErrors.drain()) }
        guard SSL_set_fd(ssl, descriptor) == 1 else {
            SSL_free(ssl)
            throw TLSFailure(.protocolError, code: OpenSSLErrors.drain())
        }
        SSL_set_accept_state(ssl)
        self.ssl = ssl
        self.certificates = certificates
    }

    deinit { SSL_free(ssl) }

    // MARK: Moving bytes

    /// Continues the handshake.
    public func handshake() -> TLSStep {
        if let failure { return .failed(failure) }
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        if result == 1 { return .done }
        switch obstacle(after: result) {
        case .wantsRead: return .wantsRead
        case .wantsWrite: return .wantsWrite
        case .notified: return .failed(fail(.endOfStream))
        case .failed(let failure): return .failed(failure)
        }
    }

    /// Reads what the peer sent into `buffer`.
    ///
    /// With edge-triggered readiness, call until the result is `wantsRead` or `wantsWrite`: bytes may be buffered here after the descriptor
    /// has been emptied.
    public func read(into buffer: UnsafeMutableRawBufferPointer) -> TLSRead {
        if let failure { return Self.readResult(failure) }
        guard let start = buffer.baseAddress, buffer.count > 0 else { return .bytes(0) }
        ERR_clear_error()
        var count = 0
        let result = SSL_read_ex(ssl, start, buffer.count, &count)
        if result == 1 { return .bytes(count) }
        switch obstacle(after: result) {
        case .wantsRead: return .wantsRead
        case .wantsWrite: return .wantsWrite
        case .notified: return .closed(.notified)
        case .failed(let failure): return Self.readResult(failure)
        }
    }

    private static func readResult(_ failure: TLSFailure) -> TLSRead {
        failure.cause == .endOfStream ? .closed(.withoutNotice) : .failed(failure)
    }

    /// Sends the beginning of `bytes`, usually one record (16 KiB) per call.
    ///
    /// After `wantsWrite` some of these bytes are already encrypted, and count when the next call succeeds. That call must offer at least
    /// as many bytes, beginning with the same ones; they may have moved in memory.
    public func write(_ bytes: UnsafeRawBufferPointer) -> TLSWrite {
        if let failure { return .failed(failure) }
        guard let start = bytes.baseAddress, bytes.count > 0 else { return .bytes(0) }
        ERR_clear_error()
        var count = 0
        let result = SSL_write_ex(ssl, start, bytes.count, &count)
        if result == 1 { return .bytes(count) }
        switch obstacle(after: result) {
        case .wantsRead: return .wantsRead
        case .wantsWrite: return .wantsWrite
        case .notified: return .failed(fail(.endOfStream))
        case .failed(let failure): return .failed(failure)
        }
    }

    /// Sends `close_notify` if the descriptor takes it now. Reading remains possible.
    public func shutdown() {
        guard failure == nil, SSL_is_init_finished(ssl) == 1 else { return }
        ERR_clear_error()
        if SSL_shutdown(ssl) < 0 { ERR_clear_error() }
    }

    /// Decrypted bytes that `read` returns without a system call.
    public var pending: Int { Int(SSL_pending(ssl)) }

    /// Whether bytes were read from the descriptor and not returned yet; they may be an incomplete record.
    public var hasPending: Bool { SSL_has_pending(ssl) == 1 }

    // MARK: Facts, known when the handshake is done

    /// The application protocol agreed on by ALPN; `nil` if the client offered none.
    public var negotiatedProtocol: String? {
        var start: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &start, &count)
        guard let start, count > 0 else { return nil }
        return String(decoding: UnsafeBufferPointer(start: start, count: Int(count)), as: UTF8.self)
    }

    /// The host name that the client requested, as it wrote it; `nil` if none. On a resumed TLS 1.2 session it is that session's, and `nil`
    /// for names without a certificate of their own.
    public var serverName: String? { SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) } }

    /// Whether the handshake continued an earlier session.
    public var resumed: Bool { SSL_session_reused(ssl) == 1 }

    /// `TLSv1.3` or `TLSv1.2`.
    public var version: String { String(cString: SSL_get_version(ssl)) }

    // MARK: What stopped a call

    private enum Obstacle {
        case wantsRead, wantsWrite, notified
        case failed(TLSFailure)
    }

    /// Why a call did not succeed. Must be called right after it: `errno` and OpenSSL's queue belong to the thread.
    private func obstacle(after result: Int32) -> Obstacle {
        let number = errno
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_ZERO_RETURN: return .notified
        case SSL_ERROR_SYSCALL:
            let code = OpenSSLErrors.drain()
            return .failed(number == 0 ? fail(.endOfStream) : fail(.system, code: code, number: number))
        default:
            let code = OpenSSLErrors.drain()
            return .failed(Self.isEndOfStream(code) ? fail(.endOfStream, code: code) : fail(.protocolError, code: code))
        }
    }

    private static func isEndOfStream(_ code: UInt) -> Bool {
        ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING
    }

    private func fail(_ cause: TLSFailure.Cause, code: UInt = 0, number: Int32 = 0) -> TLSFailure {
        let failure = TLSFailure(cause, code: code, number: number)
        self.failure = failure
        return failure
    }
}
