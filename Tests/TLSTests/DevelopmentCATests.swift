import Glibc
import Testing

@testable import TLS

struct DevelopmentCATests {
    let directory: TestDirectory

    init() throws { directory = try TestDirectory(hosts: nil) }

    @discardableResult
    func create(_ hosts: [String] = [], force: Bool = false) throws -> DevelopmentCA.CreatedFiles {
        try DevelopmentCA.create(directory: directory.path, hosts: hosts, force: force)
    }

    func mode(_ name: String) -> mode_t {
        var facts = stat()
        return stat(directory.file(name), &facts) == 0 ? facts.st_mode & 0o777 : 0
    }

    // MARK: What is made

    @Test func clientsAccept() throws {
        let files = try create()
        #expect(files.madeAuthority && files.madeCertificate)
        #expect(files.hosts == ["localhost", "127.0.0.1", "::1"])
        let verified = run(
            [
                "openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "localhost", "-CAfile", files.authority,
                files.certificate,
            ])
        #expect(verified.output == "\(files.certificate): OK\n")
        #expect(run(["openssl", "verify", "-x509_strict", "-CAfile", files.authority, files.authority]).status == 0)
        let server = try LoopbackServer(TLSServerContext(directory: directory.path)) { connection in
            guard connection.handshake() == nil, !connection.read().bytes.isEmpty else { return }
            connection.write(Array("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok".utf8))
            connection.tls.shutdown()
        }
        for host in ["localhost", "127.0.0.1"] {
            let ran = run(["curl", "-sS", "--ipv4", "--noproxy", "*", "--cacert", files.authority, "https://\(host):\(server.port)/"])
            #expect(ran.output == "ok")
        }
    }

    @Test func extensionsAreComplete() throws {
        let files = try create(["gateway.test", "*.gateway.test", "10.0.0.7", "2001:db8::7"])
        let leaf = run(["openssl", "x509", "-noout", "-text", "-in", files.certificate]).output
        for part in [
            "X509v3 Basic Constraints: critical\n                CA:FALSE",
            "X509v3 Key Usage: critical\n                Digital Signature\n",
            "X509v3 Extended Key Usage: \n                TLS Web Server Authentication", "X509v3 Subject Key Identifier",
            "X509v3 Authority Key Identifier", "DNS:gateway.test, DNS:*.gateway.test, IP Address:10.0.0.7, IP Address:2001:DB8:0:0:0:0:0:7",
            "ecdsa-with-SHA256", "NIST CURVE: P-256", "CN = gateway.test",
        ] { #expect(leaf.contains(part), "\(part) in \(leaf)") }
        let authority = run(["openssl", "x509", "-noout", "-text", "-in", files.authority]).output
        for part in [
            "X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0",
            "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign", "X509v3 Subject Key Identifier",
            "O = Purser development",
        ] { #expect(authority.contains(part), "\(part) in \(authority)") }
    }

    @Test func validityIsWhatBrowsersTake() throws {
        try create()
        let (authority, server) = (try directory.files.loadPair("ca").leaf, try directory.files.loadPair("server").leaf)
        #expect(server.expires - server.validFrom == 365 * 86400)
        #expect((3640...3660).contains((authority.expires - authority.validFrom) / 86400))
        #expect(try directory.files.loadPair("server").issuers.count == 1)
    }

    @Test func keysAreForTheOwnerOnly() throws {
        try create()
        #expect(mode("ca.key") == 0o600)
        #expect(mode("server.key") == 0o600)
        #expect(mode("server.pem") & 0o444 == 0o444)
        #expect(!run(["ls", "-a", directory.path]).output.contains(".tmp"))
    }

    @Test func serialNumbersAreLargeAndDiffer() throws {
        var serials: Set<String> = []
        for _ in 0..<8 {
            let files = try create(force: true)
            serials.insert(run(["openssl", "x509", "-noout", "-serial", "-in", files.certificate]).output)
        }
        #expect(serials.count == 8)
        #expect(serials.allSatisfy { $0.count > "serial=".count + 16 })
    }

    // MARK: What is there already

    @Test func asGoodAsNewIsLeftAlone() throws {
        try create(["a.test", "b.test"])
        let before = try directory.bytes("server.pem")
        let again = try create(["b.test"])
        #expect(!again.madeAuthority && !again.madeCertificate)
        #expect(try directory.bytes("server.pem") == before)
        #expect(again.summary.hasPrefix("kept "))
    }

    @Test func anotherHostMeansAnotherCertificateOfTheSameAuthority() throws {
        try create(["a.test"])
        let authority = try directory.bytes("ca.pem")
        let again = try create(["a.test", "c.test"])
        #expect(!again.madeAuthority && again.madeCertificate)
        #expect(try directory.bytes("ca.pem") == authority)
        #expect(try directory.files.loadPair("server").hostNames == ["a.test", "c.test"])
        #expect(try create(force: true).madeCertificate)
    }

    @Test func expiringOnesAreReplaced() throws {
        try create()
        try directory.makePair("server", hosts: ["localhost", "127.0.0.1", "::1"], expires: 86400)
        #expect(try create().madeCertificate)
        try directory.makePair("server", hosts: ["localhost", "127.0.0.1", "::1"], from: -7200, expires: -3600)
        #expect(try create().madeCertificate)
        #expect(!(try create().madeCertificate))
    }

    @Test func lostPartsAreReplaced() throws {
        try create()
        unlink(directory.file("server.key"))
        #expect(try create().madeCertificate)
        for name in ["ca.pem", "ca.key"] { unlink(directory.file(name)) }
        let again = try create()
        #expect(again.madeAuthority && again.madeCertificate)
    }

    @Test func someoneElsesCertificateIsNeverOverwritten() throws {
        try directory.makePair("server", hosts: ["a.test"], selfSigned: true)
        let before = try directory.bytes("server.pem")
        let files = try create(["a.test"])
        #expect(!files.madeAuthority && !files.madeCertificate)
        #expect(throws: TLSConfigurationError.self) { try create(["b.test"]) }
        #expect(try directory.bytes("server.pem") == before)
        #expect(try create(["b.test"], force: true).madeCertificate)
    }

    @Test func halfAnAuthorityIsNotReplaced() throws {
        try create()
        unlink(directory.file("ca.key"))
        let error = #expect(throws: TLSConfigurationError.self) { try create(["new.test"]) }
        #expect(error?.path == directory.file("ca.key"))
        try directory.write(directory.bytes("server.key"), to: "ca.key")
        #expect(throws: TLSConfigurationError.self) { try create(["new.test"]) }
    }

    @Test func unusableArgumentsAreNamed() throws {
        let name = #expect(throws: TLSConfigurationError.self) { try create(["good.test", "bad host"]) }
        #expect(name?.path == "bad host")
        #expect(throws: TLSConfigurationError.self) { try DevelopmentCA.create(directory: "/proc/nowhere", hosts: []) }
        #expect(throws: TLSConfigurationError.self) { try DevelopmentCA.create(directory: "/dev/null", hosts: []) }
    }

    @Test func runsAtTheSameTimeAgree() throws {
        let done = Box<Bool>()
        let path = directory.path
        for _ in 0..<4 { onThread { done.put((try? DevelopmentCA.create(directory: path, hosts: ["a.test"])) != nil) } }
        #expect(try done.all(4) == [true, true, true, true])
        #expect(try directory.files.loadPair("server").leaf.isSigned(by: directory.files.loadPair("ca").leaf))
    }
}
