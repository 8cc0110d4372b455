import Glibc
import Testing

@testable import TLS

struct ReloadTests {
    let directory: TestDirectory
    let context: TLSServerContext

    init() throws {
        directory = try TestDirectory()
        context = try TLSServerContext(directory: directory.path)
    }

    @Test func nothingChangedNothingDone() {
        guard case .unchanged = context.reload() else { return #expect(Bool(false), "reloaded") }
    }

    @Test func aRenewedPairIsServed() throws {
        try directory.makePair("server", hosts: ["localhost", "renewed.test"])
        guard case .reloaded = context.reload(), case .unchanged = context.reload() else { return #expect(Bool(false), "not once") }
        #expect(context.certificates.map(\.hostNames) == [["localhost", "renewed.test"]])
        let server = try LoopbackServer(context)
        let ran = python("print(*talk(context(), name='renewed.test')[2])", port: server.port, ca: directory.authority)
        #expect(ran.output == "localhost renewed.test\n")
    }

    @Test func furtherPairsComeAndGo() throws {
        try directory.makePair("api", hosts: ["api.test"])
        guard case .reloaded = context.reload() else { return #expect(Bool(false), "not seen") }
        #expect(context.certificates.map(\.name) == ["server", "api"])
        unlink(directory.file("api.key"))
        guard case .reloaded = context.reload() else { return #expect(Bool(false), "not seen") }
        #expect(context.certificates.map(\.name) == ["server"])
    }

    @Test func aLinkTurnedIsSeen() throws {
        try directory.makePair("next", hosts: ["next.test"])
        for kind in [".key", ".pem"] {
            unlink(directory.file("server" + kind))
            #expect(symlink("next" + kind, directory.file("server" + kind)) == 0)
        }
        guard case .reloaded = context.reload() else { return #expect(Bool(false), "not seen") }
        #expect(context.certificates.first?.hostNames == ["next.test"])
    }

    @Test(arguments: Damage.allCases)
    func whatCannotBeUsedKeepsTheOldPair(_ damage: Damage) throws {
        let before = context.certificates
        let goodPair = (try directory.bytes("server.pem"), try directory.bytes("server.key"))
        try damage.apply(to: directory)
        for _ in 0..<2 {
            guard case .failed(let error) = context.reload() else { return #expect(Bool(false), "\(damage) was taken") }
            #expect(error.problem.contains(damage.problem), "\(error)")
            #expect(error.path == directory.file(damage.file))
            #expect(!error.remedy.isEmpty)
        }
        #expect(context.certificates == before)
        #expect(throws: TLSConfigurationError.self) { try TLSServerContext(directory: directory.path) }
        let server = try LoopbackServer(context)
        let ran = python("print(talk(context())[0])", port: server.port, ca: directory.authority)
        #expect(ran.output == "TLSv1.3 - localhost full\n")
        rmdir(directory.file(damage.file))
        try directory.write(goodPair.0, to: "server.pem")
        try directory.write(goodPair.1, to: "server.key")
        if damage.file.hasPrefix("api") { unlink(directory.file("api.pem")) }
        guard case .reloaded = context.reload() else { return #expect(Bool(false), "not repaired") }
    }

    @Test func handshakesDuringReloadsAllSucceed() throws {
        let reloads = Box<Int>()
        onThread { [context, directory] in
            var count = 0
            for round in 0..<100 {
                try? directory.makePair("server", hosts: ["localhost"])
                if round % 10 == 0 { try? directory.makePair("api\(round)", hosts: ["api.test"]) }
                if case .reloaded = context.reload() { count += 1 }
            }
            reloads.put(count)
        }
        let server = try LoopbackServer(context)
        let ran = python(
            """
            good = 0
            for _ in range(100): good += talk(context())[0] == "TLSv1.3 - localhost full"
            print(good)
            """, port: server.port, ca: directory.authority)
        #expect(ran.output == "100\n")
        #expect(try reloads.first() == 100)
    }

    @Test func openConnectionsGoOn() throws {
        let wire = try Wire(context)
        try directory.makePair("server", hosts: ["localhost"])
        guard case .reloaded = context.reload(), case .wantsRead = wire.tls.handshake() else { return #expect(Bool(false), "broken") }
    }
}

/// The errors that files can have.
enum Damage: CaseIterable {
    case mismatched, expired, notYetValid, garbageCertificate, emptyCertificate, damagedCertificate, garbageKey, emptyKey, encryptedKey
    case missingCertificate, missingKey, danglingLink, directoryInstead, oversized, badFurtherPair, weakKey

    var file: String {
        switch self {
        case .mismatched, .garbageKey, .emptyKey, .encryptedKey, .missingKey, .danglingLink, .directoryInstead: "server.key"
        case .badFurtherPair: "api.key"
        default: "server.pem"
        }
    }

    var problem: String {
        switch self {
        case .mismatched, .badFurtherPair: "is not the private key of the first certificate"
        case .expired: "expired on 20"
        case .notYetValid: "is not valid before 20"
        case .garbageCertificate, .emptyCertificate: "holds no PEM certificate"
        case .damagedCertificate: "holds a damaged certificate"
        case .garbageKey, .emptyKey: "holds no PEM private key"
        case .encryptedKey: "is encrypted"
        case .missingCertificate, .missingKey, .danglingLink: "cannot be read (No such file or directory)"
        case .directoryInstead: "is not a file"
        case .oversized: "is larger than 1 MiB"
        case .weakKey: "is refused by OpenSSL (ee key too small)"
        }
    }

    func apply(to directory: TestDirectory) throws {
        let path = directory.file(file)
        switch self {
        case .mismatched: try directory.write(directory.bytes("ca.key"), to: file)
        case .expired: try directory.makePair("server", hosts: ["localhost"], from: -7200, expires: -3600)
        case .notYetValid: try directory.makePair("server", hosts: ["localhost"], from: 3600, expires: 7200)
        case .garbageCertificate, .garbageKey: try directory.write(Array("not PEM\n".utf8), to: file)
        case .emptyCertificate, .emptyKey: try directory.write([], to: file)
        case .damagedCertificate:
            try directory.write(directory.bytes(file).map { $0 == UInt8(ascii: "M") ? UInt8(ascii: "?") : $0 }, to: file)
        case .encryptedKey:
            let plain = directory.file("plain")
            rename(path, plain)
            #expect(run(["openssl", "pkey", "-in", plain, "-out", path, "-aes256", "-passout", "pass:secret"]).status == 0)
        case .missingCertificate, .missingKey: unlink(path)
        case .danglingLink:
            unlink(path)
            symlink("nowhere", path)
        case .directoryInstead:
            unlink(path)
            mkdir(path, 0o755)
        case .oversized: try directory.write([UInt8](repeating: 10, count: (1 << 20) + 1), to: file)
        case .badFurtherPair:
            try directory.makePair("api", hosts: ["api.test"])
            try directory.write(directory.bytes("ca.key"), to: file)
        case .weakKey:
            let made = run(
                [
                    "openssl", "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=a", "-keyout", directory.file("server.key"),
                    "-out", path,
                ])
            #expect(made.status == 0)
        }
    }
}
