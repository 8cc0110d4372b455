internal import Glibc

/// Makes certificates for development: a certificate authority, and a server certificate signed by it.
public enum DevelopmentCA {
    /// The files, and which of them are new.
    public struct CreatedFiles: Sendable {
        /// The authority's certificate, for clients to trust.
        public let authority: String
        /// The server's certificate, then the authority's.
        public let certificate: String
        /// The server's private key.
        public let key: String
        /// The host names and addresses that were asked for.
        public let hosts: [String]
        /// Whether the authority is new: clients must then be given its certificate.
        public let madeAuthority: Bool
        /// Whether the server's pair is new.
        public let madeCertificate: Bool

        /// What was made or found, as text for people.
        public var summary: String {
            let names = hosts.joined(separator: ", ")
            return """
                \(madeAuthority ? "made" : "kept") \(authority): the authority; clients trust it with e.g. `curl --cacert \(authority)`
                \(madeCertificate ? "made" : "kept") \(certificate) and \(key): the server's certificate for \(names)
                """
        }
    }

    /// Makes sure that `directory` holds a server certificate (`server.pem`, `server.key`) for `hosts`, signed by an authority
    /// (`ca.pem`, `ca.key`) that is kept if it is there and valid.
    ///
    /// A server certificate that is valid for `hosts` for another 30 days is kept, whichever authority issued it. Concurrent calls wait for
    /// each other.
    /// - Parameters:
    ///   - hosts: host names, also `*.name`, and addresses; those of this machine if there is none.
    ///   - force: makes a new server certificate in any case.
    /// - Throws: `TLSConfigurationError` when a name is invalid, files cannot be read or written, or a certificate of another issuer would
    /// be overwritten.
    public static func create(directory: String, hosts: [String], force: Bool = false) throws(TLSConfigurationError) -> CreatedFiles {
        let names = try subjectNames(hosts.isEmpty ? ["localhost", "127.0.0.1", "::1"] : hosts)
        let lock = try DirectoryLock(directory)
        defer { lock.unlock() }
        return try Issuance(directory: CertificateDirectory(path: directory), names: names, force: force).run()
    }

    private static func subjectNames(_ hosts: [String]) throws(TLSConfigurationError) -> [SubjectName] {
        var names: [SubjectName] = []
        for host in hosts {
            guard let name = SubjectName(host) else {
                throw TLSConfigurationError(
                    host, "is neither a host name nor an address", remedy: "write it like gateway.example or 10.0.0.7")
            }
            if !names.contains(name) { names.append(name) }
        }
        return names
    }
}

/// An exclusive lock on a directory, among processes that take it.
private struct DirectoryLock {
    private let descriptor: Int32

    /// Makes the directory if needed, then waits for the lock.
    init(_ path: String) throws(TLSConfigurationError) {
        let isThere = mkdir(path, 0o755) == 0 || errno == EEXIST
        let descriptor = isThere ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1
        guard descriptor >= 0 else {
            throw TLSConfigurationError(
                path, "cannot be used as a directory (\(String(cString: strerror(errno))))", remedy: "choose another directory")
        }
        flock(descriptor, LOCK_EX)
        self.descriptor = descriptor
    }

    func unlock() { close(descriptor) }
}
