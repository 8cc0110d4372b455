internal import COpenSSL

/// The application protocols that ALPN may agree on, in their encoded form.
///
/// @unchecked: the bytes never change after `init`.
final class ApplicationProtocols: @unchecked Sendable {
    /// Length-prefixed names. At a fixed address, because OpenSSL gets a pointer to the chosen one.
    private let wire: UnsafeMutableBufferPointer<UInt8>

    /// Names that cannot be encoded (empty or over 255 bytes) are left out.
    init(_ names: [String]) {
        let bytes = names.filter { 1...255 ~= $0.utf8.count }.flatMap { [UInt8(truncatingIfNeeded: $0.utf8.count)] + Array($0.utf8) }
        wire = .allocate(capacity: bytes.count)
        _ = wire.initialize(from: bytes)
    }

    deinit { wire.deallocate() }

    /// Makes `context` choose the first of these protocols that the client offers, and refuse the handshake if there is none.
    func install(in context: OpaquePointer) {
        guard !wire.isEmpty else { return }
        let select: SSL_CTX_alpn_select_cb_func = { _, choice, length, theirs, theirCount, argument in
            guard let argument else { return SSL_TLSEXT_ERR_NOACK }
            let ours = Unmanaged<ApplicationProtocols>.fromOpaque(argument).takeUnretainedValue().wire
            let agreed = purser_select_protocol(
                choice, length, ours.baseAddress, UInt32(truncatingIfNeeded: ours.count), theirs, theirCount)
            return agreed == 1 ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL
        }
        SSL_CTX_set_alpn_select_cb(context, select, Unmanaged.passUnretained(self).toOpaque())
    }
}
