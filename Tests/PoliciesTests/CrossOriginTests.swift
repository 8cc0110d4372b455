import Testing

@testable import Policies

@Suite struct CrossOriginTests {
    private func compile(_ cors: String) -> PolicyCompilation {
        PolicyCompiler.compile([PolicyFile(path: "a.yaml", text: cors)], environment: [:], now: 1_800_000_000) { _ in nil }
    }

    @Test func origins_areComparedAsBrowsersWriteThem() throws {
        let compilation = compile("cors: {origins: [\"HTTPS://App.Example:443/\", \"http://localhost:3000\", \"app://x\"]}")
        let rules = try #require(compilation.snapshot?.crossOrigin, "\(compilation.diagnostics)")
        for origin in ["https://app.example", "http://localhost:3000", "app://x"] { #expect(rules.allows(origin), "\(origin)") }
        for origin in ["http://app.example", "https://app.example.evil", "http://localhost", "null", "", "*"] {
            #expect(!rules.allows(origin), "\(origin)")
        }
        #expect(!rules.allowsAll)
    }

    @Test func all_onlyWhenItIsWritten() throws {
        #expect(try #require(compile("cors: {origins: ['*']}").snapshot?.crossOrigin).allows("https://anything.example"))
        #expect(compile("providers: {}").snapshot?.crossOrigin == nil)
    }

    @Test(arguments: [
        "cors: {origins: []}", "cors: {}", "cors: {origins: https://a}", "cors: {origins: [app.example]}",
        "cors: {origins: [\"https://a/path\"]}",
        "cors: {origins: [\"https://*.example\"]}", "cors: {origins: [\"https://a?x\"]}", "cors: {origins: [1]}",
        "cors: {origin: [\"https://a\"]}", "cors: yes",
    ])
    func mistakes_areErrors(cors: String) {
        #expect(!compile(cors).errors.isEmpty)
    }
}
