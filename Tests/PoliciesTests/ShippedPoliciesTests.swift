import Policies
import Testing

@Suite struct ShippedPoliciesTests {
    private static let variables = [
        "OPENAI_API_KEY", "OPENROUTER_API_KEY", "GROQ_API_KEY", "MISTRAL_API_KEY", "DEEPSEEK_API_KEY", "TOGETHER_API_KEY",
        "FIREWORKS_API_KEY", "XAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY",
    ]
    /// The variables of providers that need more than a key.
    private static let places = [
        "AZURE_OPENAI_RESOURCE": "acme", "AZURE_OPENAI_API_KEY": "key-of-azure", "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key-of-aws",
        "AWS_SECRET_ACCESS_KEY": "key-of-aws-too", "PURSER_LOCAL_URL": "http://127.0.0.1:8099/v1",
    ]
    /// Providers of `places`: azure, bedrock, local.
    private static let placed = 3

    private func compile(_ environment: [String: String]) throws -> PolicyCompilation {
        PolicyCompiler.compile(try TestFiles.policies(in: "../../policies"), environment: environment, now: testNow)
    }

    @Test func withAnEmptyEnvironmentEveryProviderIsOff() throws {
        let compilation = try compile([:])
        let snapshot = try #require(compilation.snapshot, "\(compilation.diagnostics.rendered)")
        #expect(snapshot.providers.isEmpty && snapshot.listing.isEmpty)
        #expect(compilation.notices.count == Self.variables.count + Self.placed)
        guard case .off(name: "local/smollm2", reason: "provider local is off: PURSER_LOCAL_URL is not set") = snapshot.resolve("smollm2")
        else {
            Issue.record("the local model is on")
            return
        }
    }

    @Test func withAllKeysEverythingIsOn() throws {
        var environment = Dictionary(uniqueKeysWithValues: Self.variables.map { ($0, "key-of-\($0)") })
        environment.merge(Self.places) { own, _ in own }
        let compilation = try compile(environment)
        let snapshot = try #require(compilation.snapshot)
        #expect(compilation.diagnostics.isEmpty, "\(compilation.diagnostics.rendered)")
        #expect(
            snapshot.providers.count == Self.variables.count + Self.placed && snapshot.offModels.isEmpty && snapshot.unservedModels.isEmpty)
        for (requested, name) in [("gpt-4o-mini", "openai/gpt-4o-mini"), ("local", "local/smollm2"), ("smollm2", "local/smollm2")] {
            guard case .model(let entry) = snapshot.resolve(requested) else {
                Issue.record("\(requested) is not known")
                continue
            }
            #expect(entry.name == name && entry.unservedReason == nil)
            #expect(snapshot.team("default/default")?.allows(entry) == true)
        }
        #expect(!PolicySummary.text(of: snapshot).contains("key-of-"))
    }
}

@Suite struct ShippedTests {
    @Test func theShippedPoliciesPassTheirOwnTests() throws {
        let policies = try TestFiles.policies(in: "../../policies")
        let compilation = PolicyCompiler.compile(policies, environment: [:], now: testNow, assumesProvidersOn: true)
        let results = try #require(compilation.snapshot).runTests()
        #expect(results.count >= 3 && results.allSatisfy { $0.hasPassed }, "\(PolicyTestReport.text(of: results))")
    }
}
