internal import ArgumentParser
internal import Gateway
internal import Policies

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "check", abstract: "Validate the policies.")

    @OptionGroup var options: PolicyOptions

    func run() throws {
        do {
            let compiled = try PolicyStore.compile(options.policies, ProcessEnvironment.all)
            for notice in compiled.notices { Terminal.error(notice) }
            print(PolicySummary.text(of: compiled.snapshot))
        } catch {
            Terminal.error(error.description)
            throw ExitStatus.no
        }
    }
}
