internal import Glibc

/// One run of `DevelopmentCA.create`.
struct Issuance {
    /// The organization in the subject of authorities that Purser made.
    private static let organization = "Purser development"
    private static let authorityDays = 3650
    /// Days that a server certificate is valid. Mozilla's profile allows 366, public authorities 398.
    private static let serverDays = 365
    private static let daysLeftToBeKept = 30
    /// Seconds before now at which validity begins: clocks of other machines may be behind.
    private static let backdated = 60 * 60

    let directory: CertificateDirectory
    let names: [SubjectName]
    let force: Bool

    func run() throws(TLSConfigurationError) -> DevelopmentCA.CreatedFiles {
        let standing = force ? .absent : try standingServerPair()
        if case .foreign = standing { return files(madeAuthority: false, madeCertificate: false) }
        let known = try standingAuthority()
        let authority = if let known { known } else { try makeAuthority() }
        if case .own(let pair) = standing, isGood(pair), pair.leaf.isSigned(by: authority.certificate) {
            return files(madeAuthority: known == nil, madeCertificate: false)
        }
        try makeServerPair(signedBy: authority)
        return files(madeAuthority: known == nil, madeCertificate: true)
    }

    private func files(madeAuthority: Bool, madeCertificate: Bool) -> DevelopmentCA.CreatedFiles {
        .init(
            authority: directory.certificateFile(CertificateDirectory.authorityName),
            certificate: directory.certificateFile(CertificateDirectory.defaultName),
            key: directory.keyFile(CertificateDirectory.defaultName), hosts: names.map(\.text), madeAuthority: madeAuthority,
            madeCertificate: madeCertificate)
    }

    // MARK: What is there

    private enum Standing {
        case absent
        /// Issued by an authority that Purser made: may be replaced.
        case own(CertificatePair)
        /// From another issuer, and valid for the requested hosts.
        case foreign
    }

    private func standingServerPair() throws(TLSConfigurationError) -> Standing {
        let name = CertificateDirectory.defaultName
        let hasCertificate = exists(directory.certificateFile(name))
        let hasKey = exists(directory.keyFile(name))
        if !hasCertificate, !hasKey { return .absent }
        if isOursWithoutUse(name) { return .absent }
        do throws(TLSConfigurationError) {
            let pair = try directory.loadPair(name)
            if pair.leaf.issuerOrganization == Self.organization { return .own(pair) }
            if isGood(pair) { return .foreign }
            throw TLSConfigurationError(
                pair.certificateFile, "comes from elsewhere and is not good for all of \(names.map(\.text).joined(separator: ", "))",
                remedy: "move it away, or force a new one")
        } catch {
            throw TLSConfigurationError(error.path, error.problem, remedy: error.remedy + ", or force a new one")
        }
    }

    /// Whether the server's certificate was issued by Purser and has expired or lost its key.
    private func isOursWithoutUse(_ name: String) -> Bool {
        guard let bytes = try? PEMFile.read(directory.certificateFile(name)), let leaf = try? Certificate.all(inPEM: bytes).first,
            leaf.issuerOrganization == Self.organization
        else { return false }
        return leaf.expires <= time(nil) || !exists(directory.keyFile(name))
    }

    private func isGood(_ pair: CertificatePair) -> Bool {
        pair.leaf.expires - time(nil) >= Self.daysLeftToBeKept * X509Builder.secondsPerDay && names.allSatisfy(pair.leaf.covers)
    }

    /// The existing authority; `nil` if there is none, or if it expires before a certificate made now.
    private func standingAuthority() throws(TLSConfigurationError) -> X509Builder.Issuer? {
        let name = CertificateDirectory.authorityName
        if !exists(directory.certificateFile(name)), !exists(directory.keyFile(name)) { return nil }
        if isExpiring(directory.certificateFile(name)) { return nil }
        let pair = try directory.loadPair(name)
        guard pair.leaf.isAuthority else {
            throw TLSConfigurationError(
                pair.certificateFile, "is not a certificate authority", remedy: "move ca.pem and ca.key away, then new ones are made")
        }
        return .init(certificate: pair.leaf, key: pair.key)
    }

    private func isExpiring(_ file: String) -> Bool {
        guard let bytes = try? PEMFile.read(file), let certificate = try? Certificate.all(inPEM: bytes).first else { return false }
        return certificate.issuerOrganization == Self.organization
            && certificate.expires - time(nil) < (Self.serverDays + 1) * X509Builder.secondsPerDay
    }

    private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    // MARK: What is made

    private func makeAuthority() throws(TLSConfigurationError) -> X509Builder.Issuer {
        let key = try newKey()
        // Authorities of different machines may be in one trust store, so their names differ.
        let tag = String(UInt32.random(in: 0...(.max)), radix: 16)
        let builder = X509Builder(
            organization: Self.organization, commonName: "Purser development CA \(tag)", validFrom: -Self.backdated,
            expires: Self.authorityDays * X509Builder.secondsPerDay,
            extensions: [
                .basicConstraints("CA:TRUE,pathlen:0"), .keyUsage("keyCertSign,cRLSign"), .subjectKeyIdentifier, .authorityKeyIdentifier,
            ])
        let issuer = X509Builder.Issuer(certificate: try build(builder, key, nil), key: key)
        try write([issuer.certificate], key, as: CertificateDirectory.authorityName)
        return issuer
    }

    private func makeServerPair(signedBy issuer: X509Builder.Issuer) throws(TLSConfigurationError) {
        let key = try newKey()
        // A common name has at most 64 characters. Clients ignore it where there are alternative names.
        let commonName = names.first { $0.text.utf8.count <= 64 }?.text ?? "server"
        let builder = X509Builder(
            organization: Self.organization, commonName: commonName, validFrom: -Self.backdated,
            expires: Self.serverDays * X509Builder.secondsPerDay - Self.backdated,
            extensions: [
                .basicConstraints("CA:FALSE"), .keyUsage("digitalSignature"), .serverAuthentication, .subjectKeyIdentifier,
                .authorityKeyIdentifier, .alternativeNames(names),
            ])
        try write([build(builder, key, issuer), issuer.certificate], key, as: CertificateDirectory.defaultName)
    }

    private func newKey() throws(TLSConfigurationError) -> PrivateKey {
        guard let key = PrivateKey.generate() else { throw failed(OpenSSLErrors.drainedReason()) }
        return key
    }

    private func build(
        _ builder: X509Builder, _ key: PrivateKey, _ issuer: X509Builder.Issuer?
    ) throws(TLSConfigurationError) -> Certificate {
        do throws(X509Builder.Failure) { return try builder.build(for: key, signedBy: issuer) } catch { throw failed(error.reason) }
    }

    /// The key is written first: a gateway that reloads in between sees a pair that does not match, keeps the old one and tries again.
    private func write(_ chain: [Certificate], _ key: PrivateKey, as name: String) throws(TLSConfigurationError) {
        guard let keyBytes = key.pem else { throw failed(OpenSSLErrors.drainedReason()) }
        var text: [UInt8] = []
        for certificate in chain {
            guard let bytes = certificate.pem else { throw failed(OpenSSLErrors.drainedReason()) }
            text += bytes
        }
        try PEMFile.write(keyBytes, to: directory.keyFile(name), mode: 0o600)
        try PEMFile.write(text, to: directory.certificateFile(name), mode: 0o644)
    }

    private func failed(_ reason: String) -> TLSConfigurationError {
        TLSConfigurationError(directory.path, "certificates cannot be made (\(reason))", remedy: "check the OpenSSL installation")
    }
}
