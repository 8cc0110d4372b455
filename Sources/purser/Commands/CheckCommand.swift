internal import ArgumentParser
internal import Gateway
internal import Policies

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Validate the policies, run their tests, print what their models can cost.",
        discussion: "The tests take every provider as on, also those whose API key is not set here; nobody is called.")

    @OptionGroup var options: PolicyOptions

    func run() throws {
        do {
            let environment = ProcessEnvironment.all
            let compiled = try PolicyStore.compile(options.policies, environment)
            for notice in compiled.notices { Terminal.error(notice) }
            if let off = PolicySummary.offLine(compiled.snapshot) { Terminal.error("providers that are off: \(off)") }
            print(PolicySummary.text(of: compiled.snapshot), terminator: "")
            let rehearsal = try PolicyStore.compile(options.policies, environment, assumesProvidersOn: true).snapshot
            print(CostSummary.text(of: rehearsal), terminator: "")
            let results = rehearsal.runTests()
            print(PolicyTestReport.text(of: results), terminator: "")
            if results.contains(where: { !$0.hasPassed }) { throw ExitStatus.no }
        } catch let error as PolicyLoadError {
            Terminal.error(error.description)
            throw ExitStatus.no
        }
    }
}
