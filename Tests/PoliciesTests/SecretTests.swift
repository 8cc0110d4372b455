import Chat
import Core
import Policies
import Testing

@Suite struct SecretMaskingTests {
    private static let secret = "sEcReT0123456789xyz"

    /// Files in which the secret stands on, or next to, a line that is shown.
    static let files = [
        "providers:\n  p: {kind: openai, base_url: http://h, api_key: \(secret), zzz: 1}\n",
        "providers:\n  p: {kind: openai, base_url: http://h, api_kye: \(secret)}\n",
        "providers:\n  p: {kind: openai, base_url: http://h, apiKey: \(secret)}\n",
        "providers:\n  p: {kind: openai, base_url: http://h, token: [\(secret)]}\n",
        "providers:\n  p: {kind: openai, base_url: http://h, api_key: one, api_key: \(secret)}\n",
        "providers:\n  p: {kind: openai, base_url: http://h, headers: {x-key: \(secret), \"b d\": x}}\n",
        "providers:\n  p: {kind: openai, base_url: http://h, headers: {Authorization: Bearer \(secret), host: x}}\n",
        "providers:\n  p: {kind: openai, base_url: 'https://h/v1?key=\(secret)'}\n",
        "providers:\n  p: {kind: anthropic, api_key: k, base_url: 'https://h/v1#\(secret)'}\n",
        "providers:\n  p: {kind: azure, api_key: k, base_url: 'h/v1?key=\(secret)'}\n",
        "providers:\n  p: {kind: openai, base_url: http://h, proxy: 'user:\(secret)@h:1'}\n",
        "providers:\n  p: {kind: openai, base_url: http://h, proxy: 'http://h:1/?x=\(secret)'}\n",
        "providers:\n  p: {kind: openai, base_urI: 'https://h/?\(secret)'}\n",
        "providers:\n  'https://h/?key=\(secret)': {kind: openai}\nmodels: {m: {provider: 'https://h/?key=\(secret)', price: free}}\n",
        "providers:\n  p: {kind: openai, base_url: 'https://h/?key=\(secret)', ]\n",
        "providers:\n  p: {kind: openai, base_url: 'http://user:\(secret)@h'}\n",
        "providers:\n  p: {kind: openai, base_url: http://h, proxy: 'ftp://user:\(secret)@h'}\n",
        "providers:\n  p:\n    api_key: '\(secret)\n      \(secret) '\n",
        "providers:\n  p:\n    api_key: |\n      \(secret)\n      \(secret)\n",
        // Invalid YAML: the secret is recognised by its context only.
        "providers:\n  p: {kind: openai, api_key: \(secret), base_url: [}\n",
        "providers:\n  p:\n    api_key: \"\(secret)\" x\n",
        "providers:\n  p:\n    headers:\n      x-one: \"\(secret)\" x\n",
        "providers:\n  p:\n    api_key: >\n      \(secret)\n     \(secret)\n  - x: \(secret)",
        "providers:\n  p: &a {api_key: \(secret)}\n",
        "providers:\n  p: {api_key: !secret \(secret)}\n",
        "providers:\n  p: {Authorization: Bearer \(secret)}}\n",
        "providers: {p: [sk-\(secret)}\n",
        "providers: {p: {x: Bearer \(secret)]}}\n",
        // Under keys that MCP servers do not have.
        "mcp_servers: {s: {url: http://h, header: {Authorization: Bearer \(secret)}}}\n",
        "mcp_servers: {s: {command: [x], environment: {ANY: \(secret)}}}\n",
        // A key where its hash, or its description, belongs.
        "organizations: {a: {teams: {t: {keys: [{name: k, sha256: \(secret)}]}}}}\n",
        "organizations: {a: {teams: {t: {keys: [\(secret)]}}}}\n",
        "organizations: {a: {teams: {t: {keys: [{name: k, value: \(secret)}]}}}}\n",
        // In place of a name.
        "providers: {sk-\(secret): {}}\nmodels: {m: {provider: sk-\(secret), price: free}}\n",
    ]

    @Test(arguments: files)
    func literalSecretIsNeverShown(_ text: String) {
        let compilation = compile(text)
        #expect(!compilation.errors.isEmpty)
        #expect(!compilation.diagnostics.rendered.contains(Self.secret), "\(compilation.diagnostics.rendered)")
        #expect(!"\(compilation.diagnostics)".contains(Self.secret))
        #expect(compilation.diagnostics.rendered.contains("***"))
    }

    @Test func unfinishedQuotesDoNotShowWhatTheyBegan() {
        let compilation = compile("providers:\n  p:\n    api_key: \"\(Self.secret)\n     \(Self.secret)\n\n")
        #expect(compilation.errors.map(\.line) == [4])
        #expect(!compilation.diagnostics.rendered.contains(Self.secret), "\(compilation.diagnostics.rendered)")
    }

    @Test func caretStaysBelowItsCharacter() {
        let compilation = compile("providers:\n  p: {kind: openai, api_key: sk-0123456789abcdef, base_url: nowhere}\n")
        #expect(
            compilation.diagnostics.rendered == """
                main.yaml:2:61: error: the base_url must begin with https:// or http://
                   2 |   p: {kind: openai, api_key: ***, base_url: nowhere}
                     |                                             ^

                """)
    }

    @Test func valueFromTheEnvironmentIsNeverShown() throws {
        let text = """
            providers:
              p:
                kind: openai
                base_url: ${URL}
                api_key: ${KEY}
                headers: {x-key: "${KEY}"}
                proxy: ${PROXY}
                ca_file: ${KEY}
            """
        let wrong = compile(text, environment: ["URL": Self.secret, "KEY": Self.secret + "\n", "PROXY": "http://u:\(Self.secret)@h/p"])
        #expect(wrong.errors.isEmpty)
        let off = try #require(wrong.snapshot?.offProviders.first)
        #expect(off.reason.contains("URL") && off.reason.contains("PROXY") && !off.reason.contains(Self.secret))
        #expect(!wrong.diagnostics.rendered.contains(Self.secret))
        #expect(wrong.diagnostics.rendered.contains("base_url: ${URL}"))

        let right = compile(
            text, environment: ["URL": "http://h/\(Self.secret)", "KEY": Self.secret, "PROXY": "http://u:\(Self.secret)@h"])
        let snapshot = try #require(right.snapshot)
        let provider = try #require(snapshot.providers.first)
        #expect(provider.apiKey?.reveal() == Self.secret)
        #expect(provider.headers.map { $0.value.reveal() } == [Self.secret])
        var dumped = ""
        dump(provider.apiKey, to: &dumped)
        dump(provider.headers, to: &dumped)
        #expect(!dumped.contains(Self.secret) && dumped.contains("***"))
        let summary = PolicySummary.text(of: snapshot)
        #expect(!summary.contains(Self.secret) && summary.contains("at ${URL},"))
    }
}
