internal import ArgumentParser
internal import Glibc

/// The command line. Commands leave the main actor at once: requests run on event loops.
@main
struct Purser: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purser",
        abstract: "The gateway in front of every language model: TLS in, one OpenAI-style chat endpoint, an exact bill.",
        subcommands: [
            ServeCommand.self, CheckCommand.self, RouteCommand.self, ClassifyCommand.self, FitCommand.self, KeysCommand.self,
            UsageCommand.self,
            BudgetsCommand.self, LedgerCommand.self, CatalogueCommand.self, MCPCommand.self, CertsCommand.self, ReloadCommand.self,
        ])

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let code as ExitStatus {
            Glibc.exit(code.rawValue)
        } catch let code as ExitCode {
            Glibc.exit(code.rawValue)
        } catch {
            let code = exitCode(for: error)
            let text = fullMessage(for: error)
            if code == .success { print(text) } else { Terminal.error(text) }
            // ArgumentParser's status for wrong usage is 64; the contract says 2.
            Glibc.exit(code == .success ? 0 : ExitStatus.usage.rawValue)
        }
    }
}

/// The exit statuses of the program.
enum ExitStatus: Int32, Error {
    /// The answer is no: a check failed.
    case no = 1
    /// The command line is wrong.
    case usage = 2
    /// The program cannot start; the message says what to do.
    case cannotStart = 3
}
