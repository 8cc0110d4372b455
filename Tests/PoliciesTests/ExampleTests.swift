import Policies
import Testing

/// The example policies: each compiles alone, without any key in the environment, and passes its own tests.
@Suite struct ExampleTests {
    @Test func everyExamplePassesItsOwnTests() throws {
        let files = try TestFiles.policies(in: "../../policies/examples")
        #expect(files.count >= 7)
        for file in files {
            let real = PolicyCompiler.compile([file], environment: [:], resource: TestFiles.timeZone)
            #expect(real.snapshot != nil, "\(file.path): \(real.diagnostics.rendered)")
            let rehearsal = PolicyCompiler.compile([file], environment: [:], assumesProvidersOn: true, resource: TestFiles.timeZone)
            let policies = try #require(rehearsal.snapshot, "\(file.path): \(rehearsal.diagnostics.rendered)")
            let results = policies.runTests()
            #expect(results.count >= 2 && results.allSatisfy { $0.hasPassed }, "\(file.path): \(PolicyTestReport.text(of: results))")
            #expect(CostSummary.text(of: policies).contains("Virtual models") && !CostSummary.text(of: policies).contains("unknown"))
        }
    }
}
