import Chat
import Core
import Policies
import Testing

@Suite struct OrganizationTests {
    private static let ci = String(repeating: "0a", count: 32)
    private static let text = """
        providers: {openai: {kind: openai, base_url: https://api.openai.com/v1}}
        models:
          openai/gpt-4: {provider: openai, price: free, aliases: [four]}
          openai/gpt-4o: {provider: openai, price: free}
          own/model: {provider: openai, price: free}
          "openai/*": {provider: openai, price: free}
        organizations:
          acme:
            teams:
              everything:
              none: {models: []}
              research:
                models: [four, own/model, openai/ft-1]
                keys:
                  - {name: ci, sha256: \(ci), models: [openai/gpt-4, openai/gpt-4o], expires: 2027-01-01, metadata: {app: build}}
                teams:
                  vision: {}
                  wide:
                    models: ["openai/g*"]
                    teams: {deep: {}}
          other: {teams: {research: {models: ["*"]}}}
        """

    private func snapshot() throws -> PolicySnapshot {
        let compilation = compile(Self.text)
        #expect(compilation.diagnostics.isEmpty, "\(compilation.diagnostics.rendered)")
        return try #require(compilation.snapshot)
    }

    private func entry(_ name: String, _ snapshot: PolicySnapshot) throws -> ModelEntry {
        guard case .model(let entry) = snapshot.resolve(name) else { throw CancellationError() }
        return entry
    }

    @Test func teamsAreFoundByPath() throws {
        let snapshot = try snapshot()
        #expect(
            snapshot.teams.map(\.path) == [
                "acme/everything", "acme/none", "acme/research", "acme/research/vision", "acme/research/wide", "acme/research/wide/deep",
                "other/research",
            ])
        let deep = try #require(snapshot.team("acme/research/wide/deep"))
        #expect(deep.name == "deep" && deep.parent == "acme/research/wide" && deep.organization == "acme")
        #expect(snapshot.team("acme") == nil && snapshot.team("acme/") == nil && snapshot.team("research") == nil)
    }

    @Test(arguments: [
        ("acme/everything", ["openai/gpt-4", "openai/gpt-4o", "own/model", "openai/ft-1", "openai/ft-2"]),
        ("acme/none", []),
        ("acme/research", ["openai/gpt-4", "own/model", "openai/ft-1"]),
        ("acme/research/vision", ["openai/gpt-4", "own/model", "openai/ft-1"]),
        ("acme/research/wide", ["openai/gpt-4", "openai/gpt-4o", "openai/gpt-9"]),
        ("acme/research/wide/deep", ["openai/gpt-4", "openai/gpt-4o", "openai/gpt-9"]),
        ("other/research", ["openai/gpt-4", "openai/gpt-4o", "own/model", "openai/ft-1", "openai/ft-2", "openai/gpt-9"]),
    ])
    func teamAllows(_ path: String, _ allowed: [String]) throws {
        let snapshot = try snapshot()
        let team = try #require(snapshot.team(path))
        for name in ["openai/gpt-4", "openai/gpt-4o", "own/model", "openai/ft-1", "openai/ft-2"] {
            #expect(try team.allows(entry(name, snapshot)) == allowed.contains(name), "\(path) and \(name)")
        }
        #expect(try team.allows(entry("openai/gpt-9", snapshot)) == (team.models.isEverything || allowed.contains("openai/gpt-9")))
    }

    @Test func keyNarrowsItsTeam() throws {
        let snapshot = try snapshot()
        let key = try #require(KeyDigest(hex: Self.ci).flatMap { snapshot.key(digest: $0) })
        #expect(key.id == "acme/research#ci" && key.name == "ci" && key.team.path == "acme/research" && key.metadata == ["app": "build"])
        #expect(try key.allows(entry("openai/gpt-4", snapshot)))
        #expect(try !key.allows(entry("openai/gpt-4o", snapshot)), "its own list has it, its team's has not")
        #expect(try !key.allows(entry("own/model", snapshot)), "its team's list has it, its own has not")
        #expect(key.expires == 1_798_761_600)
        #expect(!key.isExpired(at: 1_798_761_599) && key.isExpired(at: 1_798_761_600))
        #expect(snapshot.keys.count == 1)
        #expect(try snapshot.key(digest: #require(KeyDigest(bytes: [UInt8](repeating: 0, count: 32)))) == nil)
    }

    @Test func namesOfKeysKeptElsewhere() throws {
        let snapshot = try snapshot()
        let set = snapshot.models(named: ["four", "openai/gpt-9", "nothing", "own/*"])
        #expect(try set.contains(entry("openai/gpt-4", snapshot)) && set.contains(entry("own/model", snapshot)))
        #expect(try set.contains(entry("openai/gpt-9", snapshot)) && !set.contains(entry("openai/gpt-8", snapshot)))
        #expect(snapshot.models(named: ["a", "*"]).isEverything && !snapshot.models(named: []).isEverything)
    }

    @Test(
        arguments: [
            ("2027-01-01", 1_798_761_600), ("2027-01-01T00:00:00Z", 1_798_761_600), ("2027-01-01T01:30:00+01:30", 1_798_761_600),
            ("2026-12-31T23:00:00.250-01:00", 1_798_761_600), ("2028-02-29", 1_835_395_200), ("9999-12-31t23:59:60z", 253_402_300_800),
            ("\"2027-01-01 00:00:01Z\"", 1_798_761_601),
        ] as [(String, Int64)])
    func expiry(_ text: String, _ seconds: Int64) throws {
        let compilation = compile("organizations: {a: {teams: {t: {keys: [{name: k, sha256: \(Self.ci), expires: \(text)}]}}}}\n")
        #expect(try #require(compilation.snapshot).keys.map(\.expires) == [seconds], "\(compilation.diagnostics.rendered)")
    }

    @Test(arguments: [
        "2027-13-01", "2027-00-10", "2027-02-29", "2027-1-1", "27-01-01", "2027-01-01T24:00:00Z", "2027-01-01T00:00:00",
        "2027-01-01T00:00Z", "tomorrow", "30d",
        "2027-01-01T00:00:00.Z", "2027-01-01T00:00:00+1:00", "2027-01-01x",
    ])
    func wrongExpiry(_ text: String) {
        let compilation = compile("organizations: {a: {teams: {t: {keys: [{name: k, sha256: \(Self.ci), expires: '\(text)'}]}}}}\n")
        #expect(compilation.errors.map(\.message) == ["\"expires\" must be a date such as 2027-01-01 or 2027-01-01T12:00:00Z"])
    }

    @Test(arguments: [
        ("1970-01-01", "1970-01-01"), ("2000-02-29", "2000-02-29"), ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"),
        ("0001-01-01", "0001-01-01"),
    ])
    func pastDateIsNamedInANotice(_ text: String, _ shown: String) {
        let compilation = compile("organizations: {a: {teams: {t: {keys: [{name: k, sha256: \(Self.ci), expires: '\(text)'}]}}}}\n")
        #expect(compilation.snapshot != nil)
        #expect(compilation.notices.last?.message == "the key has expired: it is not taken since \(shown)")
    }
}
