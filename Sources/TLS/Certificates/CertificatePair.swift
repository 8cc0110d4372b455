internal import COpenSSL
internal import Glibc

/// A certificate, its chain and its private key, checked to be valid now.
struct CertificatePair: Sendable {
    /// The name of the files without extension.
    let name: String
    let certificateFile: String
    let leaf: Certificate
    let issuers: [Certificate]
    let key: PrivateKey
    /// The host names in lower case, read once: handshakes use a table made from them.
    let hostNames: [String]

    /// Reads and checks `certificateFile` and `keyFile`.
    init(name: String, certificateFile: String, keyFile: String) throws(TLSConfigurationError) {
        let chain = try Self.certificates(in: certificateFile)
        guard let leaf = chain.first else {
            throw TLSConfigurationError(
                certificateFile, "holds no PEM certificate",
                remedy: "put the certificate there, followed by the certificates that issued it")
        }
        let key = try Self.key(in: keyFile)
        guard leaf.matches(key) else {
            throw TLSConfigurationError(
                keyFile, "is not the private key of the first certificate in \(certificateFile)",
                remedy: "put both files of one pair there, the server's own certificate first")
        }
        try Self.checkDates(of: leaf, in: certificateFile)
        self.name = name
        self.certificateFile = certificateFile
        self.leaf = leaf
        self.key = key
        issuers = Array(chain.dropFirst())
        hostNames = leaf.dnsNames
    }

    private static func certificates(in file: String) throws(TLSConfigurationError) -> [Certificate] {
        let bytes = try PEMFile.read(file)
        do throws(PEMError) { return try Certificate.all(inPEM: bytes) } catch {
            throw TLSConfigurationError(file, "holds a damaged certificate (\(error.reason))", remedy: "copy the file again")
        }
    }

    private static func key(in file: String) throws(TLSConfigurationError) -> PrivateKey {
        var bytes = try PEMFile.read(file)
        defer { bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        do throws(PEMError) { return try PrivateKey(pem: bytes) } catch {
            if PEMFile.mentionsEncryption(bytes) {
                throw TLSConfigurationError(
                    file, "is encrypted, and there is nobody to ask for the password", remedy: "decrypt it with `openssl pkey -in … -out …`"
                )
            }
            throw TLSConfigurationError(
                file, "holds no PEM private key (\(error.reason))", remedy: "put the certificate's private key there")
        }
    }

    private static func checkDates(of leaf: Certificate, in file: String) throws(TLSConfigurationError) {
        let now = time(nil)
        if now >= leaf.expires {
            throw TLSConfigurationError(file, "expired on \(utc(leaf.expires))", remedy: "put a renewed certificate and its key there")
        }
        if now < leaf.validFrom {
            throw TLSConfigurationError(file, "is not valid before \(utc(leaf.validFrom))", remedy: "check the clock, or wait until then")
        }
    }

    /// A moment as `2026-01-31 12:00:00 UTC`.
    private static func utc(_ seconds: Int) -> String {
        var seconds = seconds
        var parts = tm()
        var text = [CChar](repeating: 0, count: 64)
        gmtime_r(&seconds, &parts)
        let count = strftime(&text, text.count, "%Y-%m-%d %H:%M:%S UTC", &parts)
        return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
