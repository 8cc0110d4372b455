import Chat
import EventLoop
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
        (key, "***"), ("twice \(key)\(key).", "twice ******."),
        (#"{"message":"k3y\/with\/slashes+4242 is wrong"}"#, #"{"message":"*** is wrong"}"#),
        ("Bearer tok-secret-7", "***"), ("tok-secret-7", "***"), ("abc stays", "abc stays"),
        ("k3y/with/slashes+424", "k3y/with/slashes+424"), ("", ""),
    ])
    func secretsAreBlottedOut(text: String, expected: String) throws {
        #expect(String(decoding: try scrubber().scrubbed(Array(text.utf8)), as: UTF8.self) == expected)
    }

    /// Percent-escapes, and Base64 of the key with something before and behind it.
    @Test(arguments: [
        "<azN5L3dpdGgvc2xhc2hlcys0MjQy>",
        "<azN5L3dpdGgvc2xhc2hlcys0MjQyQA==>",
        "<azN5L3dpdGgvc2xhc2hlcys0MjQyQGg=>",
        "<dWszeS93aXRoL3NsYXNoZXMrNDI0Mg==>",
        "<dWszeS93aXRoL3NsYXNoZXMrNDI0MkA=>",
        "<dWszeS93aXRoL3NsYXNoZXMrNDI0MkBo>",
        "<dTprM3kvd2l0aC9zbGFzaGVzKzQyNDI=>",
        "<dTprM3kvd2l0aC9zbGFzaGVzKzQyNDJA>",
        "<dTprM3kvd2l0aC9zbGFzaGVzKzQyNDJAaA==>",
        "<dTprM3kvd2l0aC9zbGFzaGVzKzQyNDI=>",
        "/x?key=k3y%2Fwith%2Fslashes%2B4242",
        "/x?key=k3y%2fwith%2fslashes%2b4242",
    ])
    func encodedSecrets_areRedacted(text: String) throws {
        let scrubbed = String(decoding: try scrubber().scrubbed(Array(text.utf8)), as: UTF8.self)
        #expect(scrubbed.contains("***") && scrubbed.utf8.count <= 12 + 6, "\(scrubbed)")
    }

    @Test(arguments: [
        (
            #"{"m":"\u006B\u0033\u0079\u002F\u0077\u0069\u0074\u0068\u002F\u0073\u006C\u0061\u0073\u0068\u0065\u0073\u002B\u0034\u0032\u0034\u0032!"}"#,
            #"{"m":"***!"}"#
        ), (#"{"m":"k3y\/with\u002fslashes\u002B4242"}"#, #"{"m":"***"}"#),
        (#"{"m":"k3y\u002Fwith\/slashes+4242 \"\u0022\\\n\u00e4"}"#, #"{"m":"*** \"\u0022\\\n\u00e4"}"#),
        (#"{"m":"\\u0041 \u0041 \/"}"#, #"{"m":"\\u0041 \u0041 \/"}"#),
    ])
    func escapedSecrets_inJSON_areRedacted(body: String, expected: String) throws {
        var error = GatewayError(.invalidRequest, "no", source: .client)
        error.passThrough = (400, Array(body.utf8))
        let scrubbed = try scrubber().scrubbed(error)
        #expect(String(decoding: scrubbed.passThrough?.body ?? [], as: UTF8.self) == expected)
    }

    @Test func secretsThatOverlap_areOneRedaction() {
        let scrubber = SecretScrubber(["abcdefghij", "ghijklmnop", "ABCDEFGH", "ABCDEFGHIJKL", "12341234"])
        #expect(Self.scrub(scrubber, "x abcdefghijklmnop y") == "x *** y")
        #expect(Self.scrub(scrubber, "ABCDEFGHIJKL ABCDEFGHIJ") == "*** ***IJ")
        #expect(Self.scrub(scrubber, "1234123412341") == "***1")
        #expect(Self.scrub(scrubber, "abcdefghi abcdefgABCDEFGH") == "abcdefghi abcdefg***")
    }

    private static func scrub(_ scrubber: SecretScrubber, _ text: String) -> String {
        String(decoding: scrubber.scrubbed(Array(text.utf8)), as: UTF8.self)
    }

    @Test func randomTexts_keepNoSecret_andLoseNothingElse() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            let secrets = (0..<4).map { _ in
                String((0..<Int.random(in: 8...12, using: &random)).map { _ in "ab".randomElement(using: &random)! })
            }
            let text = String((0..<200).map { _ in "ab-".randomElement(using: &random)! })
            let scrubbed = Self.scrub(SecretScrubber(secrets), text)
            for secret in secrets { #expect(!scrubbed.contains(secret), "\(secrets) in \(text)") }
            if !secrets.contains(where: text.contains) { #expect(scrubbed == text) }
        }
    }

    /// The fastest of five runs, in nanoseconds.
    private static func time(_ scrubber: SecretScrubber, _ text: [UInt8]) -> UInt64 {
        (0..<5).map { _ in
            let start = MonotonicTime.now()
            #expect(!scrubber.scrubbed(text).isEmpty)
            return (MonotonicTime.now() - start).nonNegativeNanoseconds
        }.min() ?? 0
    }

    @Test func timeGrowsWithTheText_notWithItsSquare() {
        let scrubber = SecretScrubber(["12345678", "aaaaaaaab"])
        for piece in ["12345678", "12345678 ", "aaaaaaaa", "1234567"] {
            let short = Self.time(scrubber, Array(String(repeating: piece, count: 16_384 / piece.utf8.count).utf8))
            let long = Self.time(scrubber, Array(String(repeating: piece, count: 131_072 / piece.utf8.count).utf8))
            #expect(long < 24 * short, "eight times the text took \(Double(long) / Double(short)) times as long")
        }
    }

    @Test func timeDoesNotGrowWithTheNumberOfSecrets() {
        let secrets = (0..<64).map { "secret-\($0)-value" }
        let text = Array(secrets.joined(separator: " ").utf8) + Array(String(repeating: "secret-63-value and secret-6", count: 2_048).utf8)
        let few = Self.time(SecretScrubber(Array(secrets.suffix(1))), text)
        let many = Self.time(SecretScrubber(secrets), text)
        #expect(many < 4 * few, "64 times the secrets took \(Double(many) / Double(few)) times as long")
    }

    @Test func inErrorsToo() throws {
        let body = Array("{\"error\":{\"message\":\"\(Self.key)\"}}".utf8)
        let error = try scrubber().scrubbed(
            GatewayError(.upstreamError, "It failed.", detail: "said \(Self.key)", passThrough: (status: 400, body: body)))
        #expect(error.detail == "said ***" && error.publicMessage == "It failed.")
        #expect(error.passThrough.map { String(decoding: $0.body, as: UTF8.self) } == #"{"error":{"message":"***"}}"#)
    }
}
