internal import COpenSSL

/// The certificates in use at one time; immutable.
///
/// OpenSSL holds unretained pointers to the set and to what it owns. They stay valid because every `TLSConnection` retains its set.
final class CertificateSet: Sendable {
    let summaries: [TLSServerContext.CertificateSummary]
    private let contexts: [ContextHandle]
    private let table: HostNameTable
    private let protocols: ApplicationProtocols
    private let tickets: TicketKeys
    /// The context of the default pair, which every connection begins with.
    let initialContext: ContextHandle

    /// - Parameter pairs: the default one first. For a host name that several pairs have, the last one is used.
    init(_ pairs: [CertificatePair], protocols: ApplicationProtocols, tickets: TicketKeys) throws(TLSConfigurationError) {
        var contexts: [ContextHandle] = []
        for pair in pairs { contexts.append(try ContextHandle(serving: pair, protocols: protocols, tickets: tickets)) }
        guard let first = contexts.first else { throw TLSConfigurationError("", "no certificate", remedy: "give one") }
        initialContext = first
        self.contexts = contexts
        self.protocols = protocols
        self.tickets = tickets
        table = HostNameTable(pairs.map(\.hostNames))
        summaries = pairs.map { .init(name: $0.name, hostNames: $0.hostNames, expires: $0.leaf.expires) }
        chooseByServerName()
    }

    private func chooseByServerName() {
        let choose: @convention(c) (OpaquePointer?, UnsafeMutablePointer<Int32>?, UnsafeMutableRawPointer?) -> Int32 = { ssl, _, argument in
            guard let ssl, let argument, let name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) else { return SSL_TLSEXT_ERR_NOACK }
            let certificates = Unmanaged<CertificateSet>.fromOpaque(argument).takeUnretainedValue()
            guard let context = certificates.context(for: String(cString: name)) else { return SSL_TLSEXT_ERR_NOACK }
            return SSL_set_SSL_CTX(ssl, context.pointer) == nil ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_OK
        }
        purser_ctx_set_server_name_callback(initialContext.pointer, choose, Unmanaged.passUnretained(self).toOpaque())
    }

    private func context(for serverName: String) -> ContextHandle? { table.index(for: serverName).map { contexts[$0] } }
}
