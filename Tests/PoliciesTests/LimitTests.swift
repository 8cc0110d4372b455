import Policies
import Testing

@Suite struct LimitTests {
    private func errors(_ text: String) -> [String] { compile(text).errors.map { "\($0.line):\($0.column) \($0.message)" } }

    @Test func billionLaughs() {
        var text = "a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
        for (previous, next) in zip("abcdefgh", "bcdefghi") {
            text += "\(next): &\(next) [" + Array(repeating: "*\(previous)", count: 9).joined(separator: ", ") + "]\n"
        }
        #expect(errors(text) == ["1:4 YAML anchors (&name) are not supported; write the value out where it is needed"])
    }

    @Test func anchorsOnKeysAndInLists() {
        #expect(errors("&k providers: {}\n").first?.hasPrefix("1:1 YAML anchors") == true)
        #expect(errors("providers: [&k a, *k]\n").first?.hasPrefix("1:13 YAML anchors") == true)
        #expect(errors("<<: *base\n").first?.hasPrefix("1:5 YAML aliases") == true)
    }

    @Test(arguments: ["[", "{a: ", "- ", "? "])
    func deepNesting(_ opening: String) {
        for depth in [33, 500, 20_000] {
            let found = errors(String(repeating: opening, count: depth))
            #expect(found.count == 1)
            #expect(found.first?.hasSuffix("nested deeper than 32 levels") == true || found.first?.contains("not valid YAML") == true)
        }
    }

    @Test func thirtyTwoLevelsAreReadAndThirtyThreeAreNot() {
        func nested(_ levels: Int) -> String { String(repeating: "[", count: levels) + String(repeating: "]", count: levels) }
        #expect(errors(nested(32)) == ["1:1 expected a mapping that describes a policy file for \"main.yaml\", found a list"])
        #expect(errors(nested(33)) == ["1:33 nested deeper than 32 levels"])
    }

    @Test func largeFile() {
        let compilation = PolicyCompiler.compile(
            [PolicyFile(path: "big.yaml", bytes: [UInt8](repeating: UInt8(ascii: "#"), count: 10 << 20))], environment: [:], now: testNow)
        #expect(compilation.snapshot == nil)
        #expect(compilation.diagnostics.rendered == "big.yaml: error: the file is larger than 1 MiB\n")
    }

    @Test func allFilesTogether() {
        let bytes = [UInt8](repeating: UInt8(ascii: "#"), count: PolicyLimits.fileBytes)
        let compilation = PolicyCompiler.compile(
            (1...9).map { PolicyFile(path: "\($0).yaml", bytes: bytes) }, environment: [:], now: testNow)
        #expect(compilation.diagnostics.rendered == "9.yaml: error: the policy files are larger than 8 MiB together\n")
    }

    @Test func tooManyNodes() {
        let list = "providers: [" + Array(repeating: "a", count: 60_000).joined(separator: ",") + "]\n"
        let compilation = PolicyCompiler.compile(
            ["a.yaml", "b.yaml"].map { PolicyFile(path: $0, text: list) }, environment: [:], now: testNow)
        #expect(compilation.errors.contains { $0.file == "b.yaml" && $0.message == "more than 100000 values in all policy files together" })
    }

    @Test func invalidUTF8NamesItsOffset() {
        let bytes = Array("providers:\n  caf".utf8) + [0xC3, 0x28] + Array(": {}\n".utf8)
        let compilation = PolicyCompiler.compile([PolicyFile(path: "a.yaml", bytes: bytes)], environment: [:], now: testNow)
        #expect(compilation.diagnostics.map { "\($0.line):\($0.column) \($0.message)" } == ["2:6 not UTF-8: invalid byte at offset 16"])
    }

    @Test func byteOrderMarkAndCRLFAreTaken() throws {
        let text = "\u{FEFF}providers:\r\n  p: {kind: openai, base_url: http://h, x: 1}\r\n"
        let error = try #require(compile(text).errors.first)
        #expect(error.line == 2 && error.column == 41)
        #expect(error.rendered.contains("\n   2 |   p: {kind: openai, base_url: http://h, x: ***}\n"))
    }

    @Test func longLinesAreShownInPart() {
        let text = "providers: {" + (0..<200).map { "p\($0): {}" }.joined(separator: ", ") + ", x: 3}\n"
        for diagnostic in compile(text).diagnostics {
            let lines = diagnostic.rendered.split(separator: "\n")
            #expect(lines.count == 3 && lines[1].count <= 160)
        }
    }

    @Test func wideTextKeepsColumnsInUnicodeScalars() {
        #expect(errors("providers: {\"日本\": {}, p: 5}\n").last?.hasPrefix("1:26 expected") == true)
    }

    @Test func aThousandRulesAreComparedInTimeAndMoreAreRefused() {
        func route(_ count: Int) -> String {
            "providers: {p: {kind: openai, base_url: http://h}}\nmodels:\n  m: {provider: p, price: free}\n  v:\n    route:\n"
                + (0..<count).map { "      - {when: {metadata.a: t\($0), time_of_day: \"0:00-24:00\"}, use: m}\n" }.joined()
                + "      - {use: m}\n"
        }
        let clock = ContinuousClock()
        let time = clock.measure { #expect(errors(route(999)) == []) }
        #expect(time < .seconds(10))
        #expect(errors(route(1000)) == ["6:7 the route has more than 1000 rules"])
    }

    @Test func manyVirtualModelsAreCompiledInLinearTime() {
        let text =
            "providers: {p: {kind: openai, base_url: http://h}}\nmodels:\n  m: {provider: p, price: free}\n"
            + (0..<9000).map { "  v\($0): [m]\n" }.joined()
        let time = ContinuousClock().measure { #expect(errors(text) == []) }
        #expect(time < .seconds(20))
    }
}
