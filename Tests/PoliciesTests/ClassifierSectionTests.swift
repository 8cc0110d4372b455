import Policies
import Testing

@Suite struct ClassifierSectionTests {
    private func compile(_ text: String, _ bytes: [UInt8]?) -> (PolicyCompilation, [PolicyResource]) {
        var asked: [PolicyResource] = []
        let compilation = PolicyCompiler.compile([PolicyFile(path: "main.yaml", text: text)], environment: [:]) { resource in
            asked.append(resource)
            return bytes
        }
        return (compilation, asked)
    }

    @Test func theFileIsAskedForByItsPath() {
        let (compilation, asked) = compile("classifier: models/own.bin\n", [1, 2, 3])
        #expect(asked == [.classifier(path: "models/own.bin")])
        #expect(compilation.errors.count == 1 && compilation.errors[0].message.hasPrefix("\"models/own.bin\": "))
        #expect(compilation.errors[0].line == 1 && compilation.errors[0].column == 13)
    }

    @Test func nothingIsAskedForUnlessTheFilesNameIt() {
        #expect(compile("", nil).1.isEmpty && compile("timezone: UTC\n", nil).1.isEmpty && compile("timezone: +02:00\n", nil).1.isEmpty)
        #expect(compile("timezone: Europe/Berlin\n", nil).1 == [.timeZone(name: "Europe/Berlin")])
        for name in ["../x", "/etc/passwd", "a//b", "a/b/c/d", "a b"] {
            #expect(compile("timezone: \"\(name)\"\n", nil).1.isEmpty, "\(name)")
        }
    }

    @Test func aDamagedZoneIsAnError() {
        let (compilation, _) = compile("timezone: Europe/Berlin\n", Array("TZif2".utf8))
        #expect(compilation.errors.map(\.message) == ["the time zone database's entry for \"Europe/Berlin\" cannot be read"])
    }

    @Test func bothAreGivenOnceInAllFiles() {
        let files = ["a.yaml", "b.yaml"].map { PolicyFile(path: $0, text: "timezone: UTC\n") }
        let errors = PolicyCompiler.compile(files, environment: [:]).errors
        #expect(errors.map { "\($0.file): \($0.message)" } == ["b.yaml: \"timezone\" is defined twice, first at a.yaml:1:11"])
    }
}
