import Policies
import Testing

@Suite struct SummaryTests {
    @Test func golden() throws {
        let text = """
            providers:
              openai: {kind: openai, base_url: https://api.openai.com/v1, api_key: sk-0123456789}
              local: {kind: openai, base_url: http://127.0.0.1:8099/v1/}
              groq: {kind: openai, base_url: https://api.groq.com/openai/v1, api_key: "${GROQ_API_KEY}"}
            models:
              openai/gpt-4o: {provider: openai, price: {input: 2.50, cached_input: 1.25, output: 10.00}, aliases: [four, omni]}
              local/tiny: {provider: local, price: free}
              openai/new: {provider: openai}
              groq/llama: {provider: groq, price: free}
              "openai/*": {provider: openai, unpriced: allow}
            organizations:
              acme:
                teams:
                  research: {models: [four, "openai/*"], keys: [{name: ci, sha256: \(String(repeating: "ab", count: 32))}]}
                  all: {teams: {sub: {models: []}}}
            """
        let snapshot = try #require(compile(text).snapshot)
        #expect(
            PolicySummary.text(of: snapshot) == """
                Providers
                  openai  on   openai at https://api.openai.com/v1, with API key
                  local   on   openai at http://127.0.0.1:8099/v1, without API key
                  groq    off  GROQ_API_KEY is not set
                Models (USD per million tokens)
                  openai/gpt-4o  input 2.5, cached input 1.25, output 10  also four, omni
                  local/tiny     free
                  openai/*       unpriced                                 pattern
                  openai/new     not served                               it has no price
                  groq/llama     off                                      provider groq is off: GROQ_API_KEY is not set
                Teams
                  acme/research  1 key   four, openai/*
                  acme/all       0 keys  all models
                  acme/all/sub   0 keys  no models

                """)
    }

    @Test func emptyPolicies() throws {
        let snapshot = try #require(compile("").snapshot)
        #expect(PolicySummary.text(of: snapshot) == "Providers\n  none\nModels (USD per million tokens)\n  none\nTeams\n  none\n")
    }
}
