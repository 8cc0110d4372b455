import Chat
import Core
import Policies
import Testing

@Suite struct EnvironmentValueTests {
    private func provider(_ members: String, _ environment: [String: String]) throws -> Provider? {
        try #require(compile("providers:\n  p: {\(members)}\n", environment: environment).snapshot).providers.first
    }

    private func reason(_ members: String, _ environment: [String: String]) throws -> String? {
        try #require(compile("providers:\n  p: {\(members)}\n", environment: environment).snapshot).offProviders.first?.reason
    }

    private static let house = "kind: openai, base_url: http://h, api_key: \"${KEY}\""

    @Test(arguments: ["sk-test\n", " sk-test", "sk-test\r\n", "\t sk-test \n\n", "\u{a0}sk-test"])
    func whiteSpaceAroundAValueIsCut(_ value: String) throws {
        #expect(try provider(Self.house, ["KEY": value])?.apiKey?.reveal() == "sk-test")
    }

    @Test(arguments: ["sk-a\nsk-b", "sk-a\r\nsk-b", "sk-a\u{0}sk-b", "sk-a\u{7f}sk-b", "sk-a\u{85}sk-b", "sk-a\u{2028}sk-b"])
    func aControlCharacterInsideTurnsTheProviderOff(_ value: String) throws {
        #expect(try reason(Self.house, ["KEY": value]) == "the value of KEY has a line break or another control character inside")
        let required = compile("providers:\n  p: {\(Self.house), required: true}\n", environment: ["KEY": value])
        #expect(required.errors.count == 1 && !required.diagnostics.rendered.contains("sk-b"))
    }

    @Test(arguments: ["", " ", "\n", "\t\r\n"])
    func nothingButWhiteSpaceIsNotSet(_ value: String) throws {
        #expect(try reason(Self.house, ["KEY": value]) == "KEY is not set")
    }

    /// Every member that may come from the environment, with an invalid value.
    @Test(arguments: [
        ("kind: openai, base_url: http://h, api_key: \"${V}\"", "a b"), ("kind: openai, base_url: \"${V}\"", "nowhere"),
        ("kind: openai, base_url: \"https://h/${V}\"", "v1?key=b"), ("kind: openai, base_url: http://h, proxy: \"${V}\"", "u:b@h"),
        ("kind: openai, base_url: http://h, headers: {x: \"${V}\"}", String(repeating: "b", count: 9_000)),
        ("kind: openai, base_url: http://h, ca_file: \"${V}\"", String(repeating: "b", count: 5_000)),
        ("kind: azure, base_url: http://h, api_version: \"${V}\"", "2024/b"), ("kind: bedrock, api_key: k, region: \"${V}\"", "US b"),
        ("kind: bedrock, region: r, access_key_id: \"${V}\", secret_access_key: s", "a b"),
    ])
    func aValueThatCannotBeUsedTurnsTheProviderOff(_ members: String, _ value: String) throws {
        let reason = try #require(try reason(members, ["V": value]))
        #expect(reason.hasPrefix("the value of V cannot be used: ") && !reason.contains(value))
    }

    @Test func aMistakeInTheFileStaysAnError() {
        #expect(compile("providers:\n  p: {kind: openai, base_url: http://h, api_key: a b}\n").errors.count == 1)
        #expect(
            compile("providers:\n  p: {kind: openai, base_url: nowhere, api_key: \"${KEY}\"}\n", environment: ["KEY": "k"]).errors.count
                == 1)
    }

    @Test func bedrockTakesAnAPIKey() throws {
        let written = try #require(try provider("kind: bedrock, region: r, api_key: \"${KEY}\"", ["KEY": "bedrock-key"]))
        #expect(written.apiKey?.reveal() == "bedrock-key" && written.awsCredentials == nil)
        let inherited = try #require(
            try provider(
                "kind: bedrock, region: r", ["AWS_BEARER_TOKEN_BEDROCK": "t\n", "AWS_ACCESS_KEY_ID": "i", "AWS_SECRET_ACCESS_KEY": "s"]))
        #expect(inherited.apiKey?.reveal() == "t" && inherited.awsCredentials == nil)
        let own = try #require(
            try provider("kind: bedrock, region: r, access_key_id: i, secret_access_key: s", ["AWS_BEARER_TOKEN_BEDROCK": "t"]))
        #expect(own.apiKey == nil && own.awsCredentials != nil)
        #expect(
            try reason("kind: bedrock, region: r", ["AWS_BEARER_TOKEN_BEDROCK": "a\nb"])
                == "the value of AWS_BEARER_TOKEN_BEDROCK has a line break or another control character inside")
    }
}

@Suite struct PolicyLossesTests {
    private static let whole = """
        providers: {p: {kind: openai, base_url: http://h}}
        models: {m: {provider: p, price: free}}
        organizations: {acme: {teams: {a: {}, b: {teams: {c: {}}}}}, bee: {limits: [{usd: 1, per: day}]}}
        """

    private func losses(to text: String, inUse: Set<String> = []) throws -> [String] {
        try snapshot(Self.whole).losses(to: try snapshot(text), teamsInUse: inUse)
    }

    @Test func nothingIsLostWithoutAReason() throws {
        #expect(try losses(to: Self.whole, inUse: ["acme/a", "acme/b/c", "never/known"]) == [])
        let others = Self.whole.replacing("teams: {a: {}, b: {teams: {c: {}}}}", with: "teams: {d: {}}")
        #expect(try losses(to: others) == [])
        #expect(try losses(to: others, inUse: ["acme/b/c", "acme/a"]) == ["the teams of keys in use (acme/a, acme/b/c)"])
    }

    @Test func everythingOfAKindIsMissed() throws {
        #expect(try losses(to: "") == ["every provider", "every model", "every organization (acme, bee)"])
        #expect(
            try losses(to: "providers: {p: {kind: openai, base_url: http://h}}\nmodels: {'x/*': {provider: p, price: free}}\n") == [
                "every organization (acme, bee)"
            ])
        #expect(
            try losses(to: "providers: {p: {kind: openai, base_url: http://h}}\norganizations: {acme: {teams: {a: {}}}}\n") == [
                "every model"
            ])
    }
}
