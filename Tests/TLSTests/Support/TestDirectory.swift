import Glibc
import Testing

@testable import TLS

/// A directory of its own for one test, with a development CA; removed at the end.
final class TestDirectory: Sendable {
    let path: String

    /// - Parameter hosts: the hosts of the default pair; `nil` for an empty directory.
    init(hosts: [String]? = ["localhost", "127.0.0.1"]) throws {
        var template = Array("/tmp/tls-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw SetupError("mkdtemp") }
        path = String(cString: made)
        if let hosts { _ = try DevelopmentCA.create(directory: path, hosts: hosts) }
    }

    deinit { _ = run(["rm", "-rf", path]) }

    var files: CertificateDirectory { CertificateDirectory(path: path) }
    var authority: String { files.certificateFile("ca") }

    func file(_ name: String) -> String { "\(path)/\(name)" }
    func bytes(_ name: String) throws -> [UInt8] { try PEMFile.read(file(name)) }
    func write(_ bytes: [UInt8], to name: String) throws { try PEMFile.write(bytes, to: file(name), mode: 0o600) }

    /// Makes `name.pem` and `name.key`, signed by the directory's CA, or by itself as if from elsewhere.
    func makePair(
        _ name: String, hosts: [String], from validFrom: Int = -60, expires: Int = 90 * 86400, selfSigned: Bool = false
    ) throws {
        let key = try #require(PrivateKey.generate())
        let names = hosts.compactMap(SubjectName.init)
        let builder = X509Builder(
            organization: selfSigned ? "Elsewhere" : "Purser development", commonName: name, validFrom: validFrom, expires: expires,
            extensions: [.basicConstraints("CA:FALSE"), .keyUsage("digitalSignature"), .subjectKeyIdentifier, .authorityKeyIdentifier]
                + (names.isEmpty ? [] : [.alternativeNames(names)]))
        let authority = selfSigned ? nil : try files.loadPair("ca")
        let issuer = authority.map { X509Builder.Issuer(certificate: $0.leaf, key: $0.key) }
        let certificate = try builder.build(for: key, signedBy: issuer)
        try write(#require(key.pem), to: name + ".key")
        try write(#require(certificate.pem), to: name + ".pem")
    }
}

struct SetupError: Error {
    let call: String
    let number = errno
    init(_ call: String) { self.call = call }
}
