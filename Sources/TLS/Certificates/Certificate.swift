internal import COpenSSL
internal import Glibc

/// An X.509 certificate.
///
/// @unchecked: OpenSSL's certificates are immutable once made, and their reference count is atomic.
final class Certificate: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Takes over `pointer`.
    init(owning pointer: OpaquePointer) { self.pointer = pointer }

    deinit { X509_free(pointer) }

    /// The certificates in PEM text, in its order; empty if there are none.
    /// - Throws: OpenSSL's reason when one is damaged.
    static func all(inPEM bytes: [UInt8]) throws(PEMError) -> [Certificate] {
        guard let source = MemoryBIO(reading: bytes) else { throw PEMError(reason: "out of memory") }
        var certificates: [Certificate] = []
        ERR_clear_error()
        while let pointer = PEM_read_bio_X509(source.pointer, nil, PEMError.refusePassword, nil) {
            certificates.append(Certificate(owning: pointer))
        }
        let code = OpenSSLErrors.drain()
        let isAtEnd = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE
        guard isAtEnd else { throw PEMError(reason: OpenSSLErrors.reason(of: code)) }
        return certificates
    }

    var pem: [UInt8]? { MemoryBIO.bytes { PEM_write_bio_X509($0, pointer) == 1 } }

    // MARK: What it is for

    /// The DNS names among the subject alternative names, in lower case.
    var dnsNames: [String] {
        ERR_clear_error()
        guard let names = X509_get_ext_d2i(pointer, NID_subject_alt_name, nil, nil).map(OpaquePointer.init) else { return [] }
        defer { GENERAL_NAMES_free(names) }
        return (0..<max(0, purser_names_count(names))).compactMap { index in
            var count: Int32 = 0
            guard let bytes = purser_names_dns(names, index, &count), count > 0 else { return nil }
            let name = UnsafeBufferPointer(start: bytes, count: Int(count))
            // A NUL would end the name in C but not in Swift: such names are an attack, never a host.
            return name.contains(0) ? nil : String(decoding: name, as: UTF8.self).lowercased()
        }
    }

    /// Whether the certificate is valid for `name`.
    func covers(_ name: SubjectName) -> Bool {
        switch name {
        case .address(let text): X509_check_ip_asc(pointer, text, 0) == 1
        case .host(let host): HostNameTable([dnsNames]).index(for: host) != nil
        }
    }

    /// Whether `issuer` signed the certificate.
    func isSigned(by issuer: Certificate) -> Bool {
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard X509_check_issued(issuer.pointer, pointer) == X509_V_OK, let key = X509_get0_pubkey(issuer.pointer) else { return false }
        return X509_verify(pointer, key) == 1
    }

    var isAuthority: Bool { X509_check_ca(pointer) == 1 }

    /// Whether `key` is the certificate's private key.
    func matches(_ key: PrivateKey) -> Bool {
        ERR_clear_error()
        defer { ERR_clear_error() }
        return X509_check_private_key(pointer, key.pointer) == 1
    }

    /// The issuer's organization.
    var issuerOrganization: String? {
        var text = [CChar](repeating: 0, count: 256)
        let count = X509_NAME_get_text_by_NID(X509_get_issuer_name(pointer), NID_organizationName, &text, 256)
        return count < 0 ? nil : String(decoding: text.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    // MARK: When it is valid

    /// A moment in seconds since 1970; 0 if the field is damaged.
    var validFrom: Int { Self.seconds(X509_get0_notBefore(pointer)) }
    /// A moment in seconds since 1970; 0 if the field is damaged.
    var expires: Int { Self.seconds(X509_get0_notAfter(pointer)) }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int {
        var parts = tm()
        return ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : 0
    }
}

/// A private key.
///
/// @unchecked: immutable once made, and its reference count is atomic.
final class PrivateKey: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Takes over `pointer`.
    init(owning pointer: OpaquePointer) { self.pointer = pointer }

    deinit { EVP_PKEY_free(pointer) }

    /// A new P-256 key; `nil` when the system has no randomness to give.
    static func generate() -> PrivateKey? { purser_generate_p256_key().map(PrivateKey.init(owning:)) }

    /// The first private key in PEM text.
    /// - Throws: OpenSSL's reason when there is none that can be read without a password.
    init(pem bytes: [UInt8]) throws(PEMError) {
        ERR_clear_error()
        guard let source = MemoryBIO(reading: bytes) else { throw PEMError(reason: "out of memory") }
        guard let pointer = PEM_read_bio_PrivateKey(source.pointer, nil, PEMError.refusePassword, nil) else {
            throw PEMError(reason: OpenSSLErrors.drainedReason())
        }
        ERR_clear_error()
        self.pointer = pointer
    }

    var pem: [UInt8]? { MemoryBIO.bytes { PEM_write_bio_PrivateKey($0, pointer, nil, nil, 0, nil, nil) == 1 } }
}

/// PEM text with unexpected content; `reason` is OpenSSL's message.
struct PEMError: Error {
    let reason: String

    /// Without it OpenSSL would ask for the password of an encrypted key on the terminal and wait.
    static let refusePassword: @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?) -> Int32 = {
        _, _, _, _ in -1
    }
}

/// OpenSSL's view of bytes in memory.
struct MemoryBIO: ~Copyable {
    let pointer: OpaquePointer

    /// Copies `bytes`. The copy is wiped at the end, because it may be a key.
    init?(reading bytes: [UInt8]) {
        guard let bio = BIO_new(BIO_s_secmem()) else { return nil }
        guard bytes.isEmpty || BIO_write(bio, bytes, Int32(clamping: bytes.count)) == Int32(clamping: bytes.count) else {
            BIO_free(bio)
            return nil
        }
        pointer = bio
    }

    deinit { BIO_free(pointer) }

    /// What `write` puts into a BIO; `nil` if it fails.
    static func bytes(_ write: (OpaquePointer) -> Bool) -> [UInt8]? {
        guard let bio = MemoryBIO(reading: []) else { return nil }
        guard write(bio.pointer) else {
            ERR_clear_error()
            return nil
        }
        var start: UnsafeMutablePointer<CChar>?
        let count = purser_bio_bytes(bio.pointer, &start)
        return Array(UnsafeRawBufferPointer(start: start, count: max(0, count)))
    }
}
