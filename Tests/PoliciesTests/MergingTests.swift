import Policies
import Testing

@Suite struct MergingTests {
    private func compile(_ files: [(String, String)], environment: [String: String] = [:]) -> PolicyCompilation {
        PolicyCompiler.compile(files.map { PolicyFile(path: $0.0, text: $0.1) }, environment: environment, now: testNow)
    }

    @Test func filesAreMergedByName() throws {
        let compilation = compile([
            ("models.yaml", "models:\n  a/one: {provider: p, price: free}\n"),
            ("more.yaml", "models:\n  b/two: {provider: p, price: free}\nproviders: {p: {kind: openai, base_url: 'http://h/v1/'}}\n"),
            ("empty.yaml", "# nothing yet\n"),
            ("sections.yaml", "providers:\nmodels:\norganizations:\n"),
        ])
        let snapshot = try #require(compilation.snapshot)
        #expect(compilation.diagnostics.isEmpty)
        #expect(snapshot.listing.map(\.id) == ["a/one", "b/two"])
        #expect(snapshot.providers.map(\.baseURL.text) == ["http://h/v1"])
    }

    @Test func nameInTwoFilesIsAnErrorWithBothPlaces() {
        let compilation = compile([
            ("policies/a.yaml", "providers:\n  openai: {kind: openai, base_url: http://h}\norganizations: {acme: {}}\n"),
            ("policies/b.yaml", "providers:\n    openai: {kind: openai, base_url: http://h}\norganizations: {acme: {}}\n"),
        ])
        #expect(
            compilation.diagnostics.rendered == """
                policies/b.yaml:2:5: error: "openai" is defined twice, first at policies/a.yaml:2:3
                   2 |     openai: {kind: openai, base_url: http://h}
                     |     ^
                policies/b.yaml:3:17: error: "acme" is defined twice, first at policies/a.yaml:3:17
                   3 | organizations: {acme: {}}
                     |                 ^

                """)
    }

    @Test func aliasAndNameInTwoFilesClash() {
        let provider = ("p.yaml", "providers: {p: {kind: openai, base_url: http://h}}\n")
        let compilation = compile([
            provider, ("a.yaml", "models: {x: {provider: p, price: free}}\n"),
            ("b.yaml", "models: {y: {provider: p, price: free, aliases: [x]}}\n"),
        ])
        #expect(compilation.errors.map(\.message) == ["alias \"x\" is the name of a model already at a.yaml:1:10"])
        #expect(compilation.errors.map(\.file) == ["b.yaml"])
    }

    @Test func allIndependentErrorsAreReportedOnce() {
        let compilation = compile([
            ("a.yaml", "providers:\n  p: {kind: openai, base_url: nowhere, http3: true}\nmodels:\n  m: {provider: p, price: free}\n"),
            ("b.yaml", "organizations: {acme: {teams: {t: {models: [m, n], limits: [{usd: 1}]}}}}\n"),
        ])
        #expect(
            compilation.errors.map { "\($0.file):\($0.line):\($0.column) \($0.message)" } == [
                "a.yaml:2:31 the base_url must begin with https:// or http://",
                "a.yaml:2:40 unknown key \"http3\" in a provider",
                "b.yaml:1:48 unknown model \"n\"",
                "b.yaml:1:61 the limit has no \"per\"; say over which time it counts: minute, hour, day, week, month, total",
            ])
        #expect(compilation.errors.map(\.suggestion) == [nil, "http2", nil, nil])
    }

    @Test func fileThatCannotBeReadDoesNotMakeItsNamesUnknown() {
        let compilation = compile([
            ("providers.yaml", "providers: {p: [}\n"),
            ("models.yaml", "models: {m: {provider: p, price: free}, n: {provider: q, price: -1}}\n"),
            ("org.yaml", "organizations: {a: {teams: {t: {models: [elsewhere]}}}}\n"),
        ])
        #expect(compilation.errors.map(\.file) == ["providers.yaml", "models.yaml"])
    }

    @Test func virtualModelIsNotUnknownToOthers() {
        let compilation = compile([
            (
                "a.yaml",
                "models: {auto: {route: [], aliases: [automatic]}}\norganizations: {a: {teams: {t: {models: [auto, automatic, 'au*']}}}}\n"
            )
        ])
        #expect(compilation.errors.map(\.message) == ["the route has no rules"])
    }

    @Test func emptyPoliciesAreValidWithANotice() throws {
        for files in [[], [("a.yaml", "")], [("a.yaml", "providers: {}\n")]] {
            let compilation = compile(files)
            #expect(compilation.snapshot != nil)
            #expect(compilation.diagnostics.rendered == "policies: notice: no providers are defined, so no model can be served\n")
        }
    }

    @Test func atMostFiftyErrorsAndTheFirstOnes() {
        let lines = (0..<200).map { "  p\($0): {kind: openai}\n" }.joined()
        let compilation = compile([("a.yaml", "providers:\n" + lines)])
        #expect(compilation.snapshot == nil)
        #expect(compilation.errors.map(\.line) == Array(2..<52))
    }
}
