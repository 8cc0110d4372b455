internal import COpenSSL

/// Mozilla's "intermediate" profile, AEAD suites only: every setting that does not depend on the certificate.
enum ProtocolProfile {
    private static let suites12 =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
        + "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
    private static let suites13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
    /// The groups, explicitly: OpenSSL's default adds X448 and P-521.
    private static let groups = "X25519:P-256:P-384"
    /// OpenSSL's level for 112 bits of security: weaker RSA keys and SHA-1 are refused, whatever the system's openssl.cnf says.
    private static let securityLevel: Int32 = 2
    /// How long a session may be resumed, in seconds.
    private static let sessionLife = 2 * 60 * 60

    /// - Returns: whether it succeeded; if not, OpenSSL's error queue has the reason.
    static func apply(to context: OpaquePointer) -> Bool {
        setOptions(of: context)
        SSL_CTX_set_security_level(context, securityLevel)
        return purser_ctx_set_versions(context, TLS1_2_VERSION, TLS1_3_VERSION) == 1
            && SSL_CTX_set_cipher_list(context, suites12) == 1
            && SSL_CTX_set_ciphersuites(context, suites13) == 1
            && purser_ctx_set_groups(context, groups) == 1
            && setSessions(of: context)
    }

    private static func setOptions(of context: OpaquePointer) {
        // Not SSL_OP_IGNORE_UNEXPECTED_EOF: with it, a stream that was cut could not be told from a complete one.
        SSL_CTX_set_options(context, purser_option_no_renegotiation | purser_option_no_compression)
        // The profile lets the client choose, so that one without AES instructions gets ChaCha20. Here a client that prefers ChaCha20 gets
        // it; others get AES-128, which is cheaper for both sides than the AES-256 that many libraries prefer.
        SSL_CTX_set_options(context, purser_option_server_preference | purser_option_prioritize_chacha)
        purser_ctx_set_mode(
            context,
            // Idle connections free their 16 KiB buffers.
            SSL_MODE_RELEASE_BUFFERS
                // A write returns after each record, and may be repeated from another address: buffers move when they grow.
                | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                // The files hold the whole chain; a search for more of it would cost time in each handshake.
                | SSL_MODE_NO_AUTO_CHAIN)
        // One recv(2) for a record's header and body. The buffer is still freed as soon as it is empty.
        purser_ctx_set_read_ahead(context, 1)
    }

    /// Resumption by tickets only: they need no memory and work across reloads. No early data: a request could be replayed.
    private static func setSessions(of context: OpaquePointer) -> Bool {
        purser_ctx_set_session_cache_mode(context, Int(SSL_SESS_CACHE_OFF))
        SSL_CTX_set_timeout(context, sessionLife)
        let name: [UInt8] = Array("purser".utf8)
        return SSL_CTX_set_session_id_context(context, name, UInt32(name.count)) == 1
            && SSL_CTX_set_max_early_data(context, 0) == 1
            && SSL_CTX_set_recv_max_early_data(context, 0) == 1
    }
}
