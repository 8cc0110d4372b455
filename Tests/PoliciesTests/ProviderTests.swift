import Chat
import Core
import Policies
import Testing

@Suite struct ProviderTests {
    private func provider(_ lines: String, environment: [String: String] = [:]) throws -> Provider {
        let compilation = compile("providers:\n  p:\n    kind: openai\n" + lines, environment: environment)
        #expect(compilation.diagnostics.isEmpty, "\(compilation.diagnostics.rendered)")
        return try #require(compilation.snapshot?.providers.first)
    }

    @Test func defaults() throws {
        let provider = try provider("    base_url: https://API.Example.com:443/v1//\n")
        #expect(provider.baseURL.text == "https://api.example.com/v1")
        #expect(
            provider.baseURL.isSecure && provider.baseURL.host == "api.example.com" && provider.baseURL.port == 443
                && provider.baseURL.path == "/v1")
        #expect(provider.name == "p" && provider.kind == .openai && provider.http2 && provider.maxConnections == 256)
        #expect(provider.apiKey == nil && provider.headers.isEmpty && provider.caFile == nil && provider.proxy == nil)
        #expect(provider.timeouts.connect == .seconds(5) && provider.timeouts.firstByte == .seconds(60))
        #expect(provider.timeouts.idle == .seconds(60) && provider.timeouts.total == .seconds(600))
    }

    @Test func everythingGiven() throws {
        let provider = try provider(
            """
                base_url: http://[::1]:8099
                api_key: pre-${KEY}-post
                headers: {X-One: "a ${TWO}", x-two: b}
                ca_file: /etc/ca.pem
                proxy: socks5h://proxy:1080
                max_connections: 10000
                http2: true
                timeouts: {connect: 250ms, first_byte: 30s, idle: 5m, total: 24h}
                required: true
            """, environment: ["KEY": "k", "TWO": "2"])
        #expect(provider.baseURL.text == "http://[::1]:8099" && provider.baseURL.path.isEmpty && provider.baseURL.port == 8099)
        #expect(provider.apiKey?.reveal() == "pre-k-post")
        #expect(provider.headers.map(\.name) == ["X-One", "x-two"])
        #expect(provider.headers.map { $0.value.reveal() } == ["a 2", "b"])
        #expect(provider.caFile == "/etc/ca.pem" && provider.proxy?.reveal() == "socks5h://proxy:1080")
        #expect(provider.maxConnections == 10_000 && provider.http2)
        #expect(provider.timeouts.connect == .milliseconds(250) && provider.timeouts.firstByte == .seconds(30))
        #expect(provider.timeouts.idle == .seconds(300) && provider.timeouts.total == .seconds(86_400))
    }

    @Test func plainHTTPSpeaksHTTP1ByDefault() throws {
        #expect(try provider("    base_url: http://h\n").http2 == false)
        #expect(try provider("    base_url: https://h\n    http2: false\n").http2 == false)
    }

    @Test func referenceInAFlowMappingNeedsNoQuotes() throws {
        let text = "providers:\n  openai: {kind: openai, base_url: https://${HOST}/v1, api_key: ${KEY}, http2: false}\n"
        let snapshot = try #require(compile(text, environment: ["HOST": "h.example", "KEY": "k"]).snapshot)
        #expect(snapshot.providers.map(\.baseURL.text) == ["https://h.example/v1"])
        #expect(snapshot.providers.map { $0.apiKey?.reveal() } == ["k"])
    }

    @Test func missingVariableSwitchesTheProviderOff() throws {
        let text =
            "providers:\n  p: {kind: openai, base_url: http://${HOST}, api_key: ${KEY}}\nmodels: {m: {provider: p, price: free}, 'm/*': {provider: p, price: free}}\n"
        for environment in [[:], ["HOST": "", "KEY": ""]] {
            let compilation = compile(text, environment: environment)
            #expect(
                compilation.diagnostics.rendered == """
                    main.yaml:2:31: notice: provider "p" is off: HOST and KEY are not set in the environment
                       2 |   p: {kind: openai, base_url: http://${HOST}, api_key: ${KEY}}
                         |                               ^

                    """)
            let snapshot = try #require(compilation.snapshot)
            #expect(snapshot.providers.isEmpty && snapshot.listing.isEmpty)
            #expect(snapshot.offProviders == [SwitchedOff(name: "p", reason: "HOST and KEY are not set")])
            for name in ["m", "m/x"] {
                guard case .off(name, "provider p is off: HOST and KEY are not set") = snapshot.resolve(name) else {
                    Issue.record("\(name) is \(snapshot.resolve(name))")
                    continue
                }
            }
        }
    }

    @Test(arguments: [
        ("250ms", Duration.milliseconds(250)), ("30s", .seconds(30)), ("5m", .seconds(300)), ("1h", .seconds(3600)), ("0s", .zero),
        ("999999999999ms", .milliseconds(999_999_999_999)),
    ])
    func durations(_ text: String, _ duration: Duration) {
        #expect(DurationSyntax.parse(text) == duration)
    }

    @Test(arguments: ["", "s", "5", "5 s", "-5s", "1.5s", "5d", "5S", "9999999999999s", "５s", "5ss"])
    func wrongDurations(_ text: String) {
        #expect(DurationSyntax.parse(text) == nil)
    }
}
