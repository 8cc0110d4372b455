internal import Synchronization

/// The settings of new connections: the certificates of a directory, the protocol's settings, the keys of session tickets.
///
/// The directory holds the default pair `server.pem` (certificate, then its chain) and `server.key`, and for further host names pairs
/// `NAME.pem` and `NAME.key`, chosen by the host names in the certificate. TLS 1.2 and 1.3 as in Mozilla's "intermediate" profile.
public final class TLSServerContext: Sendable {
    /// The result of `reload`.
    public enum ReloadResult: Sendable {
        /// The files have not changed.
        case unchanged
        /// New connections use the new certificates.
        case reloaded
        /// The files cannot be used; new connections use the previous certificates.
        case failed(reason: TLSConfigurationError)
    }

    /// A certificate in use.
    public struct CertificateSummary: Sendable, Hashable {
        /// The pair's file name without extension, e.g. `server`.
        public let name: String
        /// The host names of the certificate in lower case, wildcards included; addresses are left out.
        public let hostNames: [String]
        /// When it expires, in seconds since 1970.
        public let expires: Int
    }

    private let directory: CertificateDirectory
    private let protocols: ApplicationProtocols
    private let tickets: TicketKeys
    private let current: Mutex<CertificateSet>
    /// The state of the files when the certificates in use were read; `nil` after a failure. Its lock is held during a reload, so that only
    /// one runs at a time.
    private let stamp: Mutex<DirectoryStamp?>

    /// Reads the certificates in `directory`.
    /// - Parameter applicationProtocols: the protocols for ALPN, in order of preference; 1 to 255 bytes each.
    public init(directory: String, applicationProtocols: [String] = ["http/1.1"]) throws(TLSConfigurationError) {
        self.directory = CertificateDirectory(path: directory)
        protocols = ApplicationProtocols(applicationProtocols)
        tickets = TicketKeys()
        let stamp = self.directory.stamp()
        let pairs = try self.directory.loadPairs()
        current = Mutex(try CertificateSet(pairs, protocols: protocols, tickets: tickets))
        self.stamp = Mutex(stamp)
    }

    /// Makes a connection on an accepted, non-blocking descriptor, which the caller keeps owning.
    /// - Throws: `TLSFailure` when memory is short.
    public func accept(descriptor: Int32) throws(TLSFailure) -> TLSConnection {
        let certificates = current.withLock { $0 }
        return try TLSConnection(descriptor: descriptor, certificates: certificates)
    }

    /// Reads the directory again if one of its files has changed since the certificates in use were read, or if the last attempt failed.
    ///
    /// All files or nothing. Open connections keep their certificates, and session tickets stay valid. May block on the disk.
    public func reload() -> ReloadResult {
        stamp.withLock { known in
            let now = directory.stamp()
            if now == known { return .unchanged }
            do throws(TLSConfigurationError) {
                let pairs = try directory.loadPairs()
                let certificates = try CertificateSet(pairs, protocols: protocols, tickets: tickets)
                current.withLock { $0 = certificates }
                known = now
                return .reloaded
            } catch {
                known = nil
                return .failed(reason: error)
            }
        }
    }

    /// The certificates in use, the default one first.
    public var certificates: [CertificateSummary] { current.withLock { $0.summaries } }
}
