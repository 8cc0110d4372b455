internal import COpenSSL

/// An `SSL_CTX`: one certificate, and the settings that all connections share.
///
/// @unchecked: not changed after `init`; OpenSSL guards what it changes inside (reference counts).
final class ContextHandle: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Takes over `pointer`.
    private init(owning pointer: OpaquePointer) { self.pointer = pointer }

    deinit { SSL_CTX_free(pointer) }

    convenience init(serving pair: CertificatePair, protocols: ApplicationProtocols, tickets: TicketKeys) throws(TLSConfigurationError) {
        ERR_clear_error()
        guard let context = SSL_CTX_new(TLS_server_method()) else { throw Self.refused(pair) }
        self.init(owning: context)
        guard ProtocolProfile.apply(to: context) else { throw Self.refused(pair) }
        protocols.install(in: context)
        tickets.install(in: context)
        guard SSL_CTX_use_certificate(context, pair.leaf.pointer) == 1, SSL_CTX_use_PrivateKey(context, pair.key.pointer) == 1,
            pair.issuers.allSatisfy({ purser_ctx_add_chain_certificate(context, $0.pointer) == 1 })
        else { throw Self.refused(pair) }
    }

    private static func refused(_ pair: CertificatePair) -> TLSConfigurationError {
        TLSConfigurationError(
            pair.certificateFile, "is refused by OpenSSL (\(OpenSSLErrors.drainedReason()))",
            remedy: "use a P-256 key, or RSA of 2048 bits and more, signed with SHA-256")
    }
}
