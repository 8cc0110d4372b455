internal import COpenSSL

/// Makes X.509 certificates.
struct X509Builder {
    /// The certificate and key that sign.
    struct Issuer {
        let certificate: Certificate
        let key: PrivateKey
    }

    /// An extension in the syntax of OpenSSL's configuration files.
    struct Extension {
        let identifier: Int32
        let value: String

        static func basicConstraints(_ value: String) -> Extension { .init(identifier: NID_basic_constraints, value: "critical," + value) }
        static func keyUsage(_ value: String) -> Extension { .init(identifier: NID_key_usage, value: "critical," + value) }
        static let serverAuthentication = Extension(identifier: NID_ext_key_usage, value: "serverAuth")
        static let subjectKeyIdentifier = Extension(identifier: NID_subject_key_identifier, value: "hash")
        static let authorityKeyIdentifier = Extension(identifier: NID_authority_key_identifier, value: "keyid:always")
        static func alternativeNames(_ names: [SubjectName]) -> Extension {
            .init(identifier: NID_subject_alt_name, value: names.map(\.alternativeName).joined(separator: ","))
        }
    }

    /// An operation of OpenSSL that failed.
    struct Failure: Error { let reason: String }

    static let secondsPerDay = 24 * 60 * 60

    var organization: String
    var commonName: String
    /// Seconds from now until it begins to be valid; negative for the past.
    var validFrom: Int
    /// Seconds from now until it expires.
    var expires: Int
    /// The extensions, in order: the authority key identifier is copied from the subject key identifier before it.
    var extensions: [Extension]

    /// Makes a certificate for `key`, signed by `issuer`; `nil`: self-signed.
    func build(for key: PrivateKey, signedBy issuer: Issuer?) throws(Failure) -> Certificate {
        ERR_clear_error()
        guard let pointer = X509_new() else { throw failure() }
        let certificate = Certificate(owning: pointer)
        let issuer = issuer ?? Issuer(certificate: certificate, key: key)
        guard X509_set_version(pointer, Int(X509_VERSION_3)) == 1, X509_set_pubkey(pointer, key.pointer) == 1,
            X509_gmtime_adj(X509_getm_notBefore(pointer), validFrom) != nil, X509_gmtime_adj(X509_getm_notAfter(pointer), expires) != nil,
            setSerial(of: pointer), setSubject(of: pointer),
            X509_set_issuer_name(pointer, X509_get_subject_name(issuer.certificate.pointer)) == 1
        else { throw failure() }
        for item in extensions { guard add(item, to: pointer, issuer.certificate.pointer) else { throw failure() } }
        guard X509_sign(pointer, issuer.key.pointer, EVP_sha256()) > 0 else { throw failure() }
        return certificate
    }

    private func failure() -> Failure { Failure(reason: OpenSSLErrors.drainedReason()) }

    /// Sets a serial number of 127 random bits: positive, unique and unpredictable.
    private func setSerial(of certificate: OpaquePointer) -> Bool {
        guard let number = BN_new() else { return false }
        defer { BN_free(number) }
        return BN_rand(number, 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1
            && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nil
    }

    private func setSubject(of certificate: OpaquePointer) -> Bool {
        let name = X509_get_subject_name(certificate)
        return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, organization, -1, -1, 0) == 1
            && X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, commonName, -1, -1, 0) == 1
    }

    private func add(_ item: Extension, to certificate: OpaquePointer, _ issuer: OpaquePointer) -> Bool {
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, issuer, certificate, nil, nil, 0)
        guard let made = X509V3_EXT_conf_nid(nil, &context, item.identifier, item.value) else { return false }
        defer { X509_EXTENSION_free(made) }
        return X509_add_ext(certificate, made, -1) == 1
    }
}
