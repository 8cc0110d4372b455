import Policies
import Testing

/// Files that caused, or could cause, trouble. `ok-*.yaml` compile; all others have at least one error, and nothing crashes.
@Suite struct CorpusTests {
    @Test func everyFileGivesItsVerdict() throws {
        let files = try TestFiles.policies(in: "Corpus")
        #expect(files.count >= 10)
        for file in files {
            let compilation = PolicyCompiler.compile([file], environment: ["OPENAI_API_KEY": "k"], now: testNow)
            #expect((compilation.snapshot != nil) == file.path.hasPrefix("ok-"), "\(file.path): \(compilation.diagnostics.rendered)")
            #expect((compilation.snapshot == nil) == !compilation.errors.isEmpty)
        }
    }
}
