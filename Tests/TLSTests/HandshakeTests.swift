import Testing

@testable import TLS

/// Real clients, real sockets.
struct HandshakeTests {
    let directory: TestDirectory
    let context: TLSServerContext
    let server: LoopbackServer

    init() throws {
        directory = try TestDirectory()
        context = try TLSServerContext(directory: directory.path)
        server = try LoopbackServer(context)
    }

    @Test(arguments: ["V12": "TLSv1.2", "V13": "TLSv1.3"])
    func python(_ constant: String, _ name: String) {
        let ran = TLSTests.python("print(talk(context(\(constant)))[0])", port: server.port, ca: directory.authority)
        #expect(ran.output == "\(name) - localhost full\n")
    }

    @Test func addressInsteadOfName() {
        let ran = TLSTests.python("print(talk(context(), name='127.0.0.1')[0])", port: server.port, ca: directory.authority)
        #expect(ran.output == "TLSv1.3 - - full\n")
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func openssl(_ version: String) {
        let ran = run(
            [
                "openssl", "s_client", "-connect", "127.0.0.1:\(server.port)", "-CAfile", directory.authority, "-verify_return_error",
                "-x509_strict",
                "-verify_hostname", "localhost", "-servername", "localhost", "-ign_eof", version,
            ],
            input: "hello\n")
        #expect(ran.status == 0)
        #expect(ran.output.contains("Verify return code: 0 (ok)"))
        #expect(ran.output.contains(" - localhost full\n"))
        #expect(ran.output.contains("Server Temp Key: X25519"))
    }

    @Test func oldVersionsAreRefused() throws {
        let failures = Box<TLSFailure?>()
        let server = try LoopbackServer(context) { failures.put($0.handshake()) }
        let ran = TLSTests.python(
            """
            import warnings; warnings.simplefilter("ignore")
            c = context(ssl.TLSVersion.TLSv1_1)
            c.set_ciphers("DEFAULT@SECLEVEL=0")
            try: connect(c)
            except ssl.SSLError as e: print(e.reason)
            """, port: server.port, ca: directory.authority)
        #expect(ran.output == "TLSV1_ALERT_PROTOCOL_VERSION\n")
        let failure = try #require(try failures.first())
        #expect(failure.cause == .protocolError)
        #expect(failure.description == "unsupported protocol")
    }

    @Test(arguments: ["ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA", "AES128-GCM-SHA256"])
    func weakSuitesAreRefused(_ suite: String) {
        let ran = run(
            ["openssl", "s_client", "-connect", "127.0.0.1:\(server.port)", "-tls1_2", "-cipher", "\(suite)@SECLEVEL=0"], input: "hello\n")
        #expect(ran.status != 0)
        #expect(ran.output.contains("handshake failure"))
    }

    @Test(arguments: [
        "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256": "TLS_AES_128_GCM_SHA256",
        "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256": "TLS_CHACHA20_POLY1305_SHA256",
    ])
    func cheapestStrongSuite(_ offer: String, _ chosen: String) {
        let ran = run(
            ["openssl", "s_client", "-connect", "127.0.0.1:\(server.port)", "-ciphersuites", offer, "-ign_eof"], input: "hello\n")
        #expect(ran.output.contains("Cipher is \(chosen)"))
    }

    @Test func renegotiationIsRefused() {
        // The client takes R for a command to renegotiate, as long as its input is open.
        let ran = run(["sh", "-c", "(echo R; sleep 2) | openssl s_client -connect 127.0.0.1:\(server.port) -tls1_2 -msg"])
        #expect(ran.output.contains("no_renegotiation"))
    }

    // MARK: ALPN

    @Test func ourPreferenceDecides() throws {
        let context = try TLSServerContext(directory: directory.path, applicationProtocols: ["h2", "http/1.1"])
        let server = try LoopbackServer(context)
        let ran = TLSTests.python(
            """
            for offer in (["http/1.1", "h2"], ["spdy/3", "http/1.1"], None): print(talk(context(alpn=offer))[0])
            """, port: server.port, ca: directory.authority)
        #expect(ran.output == "TLSv1.3 h2 localhost full\nTLSv1.3 http/1.1 localhost full\nTLSv1.3 - localhost full\n")
    }

    @Test func withoutCommonProtocolThereIsNoConnection() {
        let ran = TLSTests.python(
            """
            print(talk(context(alpn=["h2", "http/1.1"]))[0])
            try: connect(context(alpn=["h2"]))
            except ssl.SSLError as e: print("no application protocol" in str(e))
            """, port: server.port, ca: directory.authority)
        #expect(ran.output == "TLSv1.3 http/1.1 localhost full\nTrue\n")
    }

    // MARK: Resumption

    @Test(arguments: ["V12": "TLSv1.2", "V13": "TLSv1.3"])
    func sessionsAreResumedAlsoAfterAReload(_ constant: String, _ name: String) throws {
        let reloads = Box<Bool>()
        let server = try LoopbackServer(context) { [context, directory] connection in
            connection.describe()
            // Everything is replaced between the first connection and the second.
            try? directory.makePair("server", hosts: ["localhost", "other.test"])
            if case .reloaded = context.reload() { reloads.put(true) } else { reloads.put(false) }
        }
        let ran = TLSTests.python(
            """
            c = context(\(constant))
            first, session, _ = talk(c)
            print(first)
            print(talk(c, session=session)[0])
            """, port: server.port, ca: directory.authority)
        #expect(ran.output == "\(name) - localhost full\n\(name) - localhost resumed\n")
        #expect(try reloads.first())
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func opensslResumes(_ version: String) {
        let file = directory.file("session")
        let command = ["openssl", "s_client", "-connect", "127.0.0.1:\(server.port)", "-servername", "localhost", "-ign_eof", version]
        let first = run(command + ["-sess_out", file], input: "hello\n")
        let second = run(command + ["-sess_in", file], input: "hello\n")
        #expect(first.output.contains(" - localhost full\n"))
        #expect(second.output.contains(" - localhost resumed\n"))
    }

    @Test func anotherContextsTicketsMeanAFullHandshake() throws {
        let other = try LoopbackServer(TLSServerContext(directory: directory.path))
        let ran = TLSTests.python(
            """
            c = context()
            _, session, _ = talk(c)
            port = \(other.port)
            print(talk(c, session=session)[0])
            """, port: server.port, ca: directory.authority)
        #expect(ran.output == "TLSv1.3 - localhost full\n")
    }

    // MARK: Host names

    @Test func serverNameChoosesTheCertificate() throws {
        try directory.makePair("api", hosts: ["api.test", "*.wild.test"])
        try directory.makePair("client", hosts: [])
        let context = try TLSServerContext(directory: directory.path)
        let server = try LoopbackServer(context)
        let ran = TLSTests.python(
            """
            for name in ("localhost", "api.test", "API.test", "a.wild.test"): print(*talk(context(), name=name)[2])
            for name in ("wild.test", "a.b.wild.test", "unknown.test"): print(*talk(context(check=False), name=name)[2])
            """, port: server.port, ca: directory.authority)
        let own = "localhost 127.0.0.1\n"
        let api = "api.test *.wild.test\n"
        #expect(ran.output == own + api + api + api + own + own + own)
        #expect(context.certificates.map(\.name) == ["server", "api"])
        #expect(context.certificates.map(\.hostNames) == [["localhost"], ["api.test", "*.wild.test"]])
    }

    @Test(arguments: ["V12", "V13"])
    func sessionsOfFurtherCertificatesAreResumed(_ constant: String) throws {
        try directory.makePair("api", hosts: ["api.test"])
        let server = try LoopbackServer(TLSServerContext(directory: directory.path, applicationProtocols: ["http/1.1"]))
        let ran = TLSTests.python(
            """
            c = context(\(constant), alpn=["http/1.1"])
            _, session, _ = talk(c, name="api.test")
            print(talk(c, name="api.test", session=session)[0][8:])
            """, port: server.port, ca: directory.authority)
        #expect(ran.output == "http/1.1 api.test resumed\n")
    }
}
