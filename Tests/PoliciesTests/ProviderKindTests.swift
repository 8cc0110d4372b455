import Chat
import Core
import Policies
import Testing

/// The defaults of provider kinds, and their sources.
@Suite struct ProviderKindTests {
    private func provider(_ body: String, _ environment: [String: String] = [:]) throws -> Provider {
        let compilation = compile("providers:\n  p: {\(body)}\n", environment: environment)
        return try #require(compilation.snapshot?.providers.first, "\(compilation.diagnostics.rendered)")
    }

    @Test(
        arguments: [
            ("kind: anthropic", "https://api.anthropic.com"), ("kind: gemini", "https://generativelanguage.googleapis.com"),
            ("kind: bedrock, region: eu-west-1, access_key_id: i, secret_access_key: s", "https://bedrock-runtime.eu-west-1.amazonaws.com"),
            (
                "kind: bedrock, region: eu-west-1, base_url: http://127.0.0.1:9/x, access_key_id: i, secret_access_key: s",
                "http://127.0.0.1:9/x"
            ),
            ("kind: anthropic, base_url: https://proxy.example", "https://proxy.example"),
        ])
    func addresses(_ body: String, _ address: String) throws {
        #expect(try provider(body).baseURL.text == address)
    }

    @Test func azureHasAVersion() throws {
        #expect(try provider("kind: azure, base_url: https://n.openai.azure.com").apiVersion == "2024-10-21")
        #expect(
            try provider("kind: azure, base_url: https://n.openai.azure.com, api_version: 2025-04-01-preview").apiVersion
                == "2025-04-01-preview")
        #expect(try provider("kind: gemini").apiVersion == nil)
    }

    @Test func bedrockTakesWhatAWSToolsTake() throws {
        let environment = [
            "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token", "AWS_REGION": "us-west-2",
        ]
        let inherited = try provider("kind: bedrock", environment)
        let credentials = try #require(inherited.awsCredentials)
        #expect(inherited.region == "us-west-2" && inherited.baseURL.host == "bedrock-runtime.us-west-2.amazonaws.com")
        #expect(
            [credentials.accessKeyID.reveal(), credentials.secretAccessKey.reveal(), credentials.sessionToken?.reveal()] == [
                "id", "secret", "token",
            ])
        let fallback = try provider(
            "kind: bedrock", ["AWS_ACCESS_KEY_ID": "i", "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": "ap-south-1"])
        #expect(fallback.region == "ap-south-1" && fallback.awsCredentials?.sessionToken == nil)
        let own = try provider(
            "kind: bedrock, access_key_id: \"${ID}\", secret_access_key: own", environment.merging(["ID": "mine"]) { $1 })
        #expect(own.awsCredentials?.accessKeyID.reveal() == "mine" && own.awsCredentials?.sessionToken == nil, "a token belongs to its key")
        #expect(try provider("kind: openai, base_url: http://h", environment).awsCredentials == nil)
    }

    @Test func callRulesHaveDefaultsAndTakeWhatIsWritten() throws {
        let plain = try provider("kind: gemini")
        #expect(plain.retry == RetryRules() && plain.retry.attempts == 2 && !plain.retry.on.contains(.requestTimeout))
        #expect(plain.breaker == BreakerRules() && plain.breaker.isOn)
        let written = try provider(
            "kind: gemini, retry: {attempts: 4, on: [408, 5xx], backoff: 1s}, breaker: {consecutive_failures: 2, failure_rate: 0.25, min_requests: 8, window: 1m, cooldown: 5s}"
        )
        #expect(written.retry.attempts == 4 && written.retry.on == [.requestTimeout, .serverError] && written.retry.backoff == .seconds(1))
        let breaker = written.breaker
        #expect(breaker.consecutiveFailures == 2 && breaker.failureRate == 0.25 && breaker.minRequests == 8)
        #expect(breaker.window == .seconds(60) && breaker.cooldown == .seconds(5))
        #expect(try !provider("kind: gemini, breaker: off").breaker.isOn)
        #expect(try provider("kind: gemini, retry: {on: []}").retry.on.isEmpty)
    }

    @Test func secretsOfAWSAreShownNowhere() throws {
        let text =
            "providers:\n  p: {kind: bedrock, region: X Y, access_key_id: AKIAABCDEFGH, secret_access_key: wJalrXUtnFEMI, session_token: FwoGZXIvYXdzE, x: 1}\n"
        let rendered = compile(text).diagnostics.rendered
        for secret in ["AKIAABCDEFGH", "wJalrXUtnFEMI", "FwoGZXIvYXdzE"] { #expect(!rendered.contains(secret)) }
    }

    @Test func providersThatAreOffCountAsOnWhereNobodyIsCalled() throws {
        let text = """
            providers:
              a: {kind: openai, base_url: "${URL}", api_key: "${KEY}", headers: {x: "${X}"}}
              b: {kind: bedrock, region: us-east-1}
            models: {m: {provider: a, price: free}, n: {provider: b, price: free}, v: [m, n]}
            """
        #expect(try #require(compile(text).snapshot).offModels.map(\.name) == ["m", "n", "v"])
        let policies = try snapshot(text)
        #expect(
            policies.offProviders.isEmpty
                && policies.providers.map(\.baseURL.host) == ["address-not-set.invalid", "bedrock-runtime.us-east-1.amazonaws.com"])
        #expect(try policies.decide("v").names == ["m", "n"])
        // Invalid values stay errors.
        let wrong = PolicyCompiler.compile(
            [PolicyFile(path: "main.yaml", text: "providers: {a: {kind: openai, base_url: ftp://x, api_key: \"${KEY}\"}}")],
            environment: [:],
            assumesProvidersOn: true)
        #expect(wrong.errors.map(\.message) == ["the base_url must begin with https:// or http://"])
    }
}
