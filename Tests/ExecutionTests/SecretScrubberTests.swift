import Chat
import Policies
import Testing

@testable import Execution

@Suite struct SecretScrubberTests {
    private static let key = "k3y/with/slashes+4242"

    private func scrubber() throws -> SecretScrubber {
        let text = """
            providers:
              p: {kind: openai, base_url: http://h, api_key: "${KEY}", headers: {X-Token: "Bearer ${TOKEN}", X-Short: abc}}
            models:
              m: {provider: p, price: free}
            """
        let compilation = PolicyCompiler.compile(
            [PolicyFile(path: "main.yaml", text: text)], environment: ["KEY": Self.key, "TOKEN": "tok-secret-7"], now: 1_800_000_000
        ) { _ in nil }
        return SecretScrubber(try #require(compilation.snapshot?.providers.first, "\(compilation.diagnostics)"))
    }

    @Test(arguments: [
        (key, "***"), ("twice \(key)\(key).", "twice ******."), (#"{"message":"k3y\/with\/slashes+4242 is wrong"}"#, #"{"message":"*** is wrong"}"#),
        ("Bearer tok-secret-7", "***"), ("tok-secret-7", "***"), ("abc stays", "abc stays"), ("k3y/with/slashes+424", "k3y/with/slashes+424"), ("", ""),
    ])
    func secretsAreBlottedOut(text: String, expected: String) throws {
        #expect(String(decoding: try scrubber().scrubbed(Array(text.utf8)), as: UTF8.self) == expected)
    }

    @Test func inErrorsToo() throws {
        let body = Array("{\"error\":{\"message\":\"\(Self.key)\"}}".utf8)
        let error = try scrubber().scrubbed(
            GatewayError(.upstreamError, "It failed.", detail: "said \(Self.key)", passThrough: (status: 400, body: body)))
        #expect(error.detail == "said ***" && error.publicMessage == "It failed.")
        #expect(error.passThrough.map { String(decoding: $0.body, as: UTF8.self) } == #"{"error":{"message":"***"}}"#)
    }
}
