internal import ArgumentParser
internal import Glibc
internal import Ledger
internal import SharedLedger

/// `PURSER_NAME` in the environment: the default of the flag of that name.
func environmentDefault(_ name: String, _ fallback: String) -> String {
    getenv("PURSER_" + name).map { String(cString: $0) } ?? fallback
}

/// The option for the policies' directory.
struct PolicyOptions: ParsableArguments {
    @Option(help: "Directory of the policy files (*.yaml), or one such file.")
    var policies = environmentDefault("POLICIES", "policies")
}

/// The option for the directory of state.
struct StateOptions: ParsableArguments {
    @Option(help: "Directory for keys and the ledger.")
    var state = environmentDefault("STATE", ".purser")

    @Option(help: ArgumentHelp("The ledger: sqlite:PATH, or postgres://… for several gateways on one.", valueName: "url"))
    var store: String?

    /// The ledger's URL.
    func ledgerURL() throws -> LedgerURL {
        do { return try LedgerURL(store ?? environmentDefault("STORE", "sqlite:\(state)/ledger.db")) } catch {
            Terminal.error("purser: \(error)")
            throw ExitStatus.usage
        }
    }

    var adminKeyPath: String { state + "/admin-key" }

    /// Makes the state directory, readable by its owner only.
    func prepare() throws {
        var path = ""
        for part in state.split(separator: "/", omittingEmptySubsequences: false) {
            path += part + "/"
            if mkdir(path, 0o700) != 0, errno != EEXIST, path != "/" {
                throw Terminal.cannotStart(
                    "cannot make the state directory \(state): \(String(cString: strerror(errno))); choose another with --state")
            }
        }
    }
}
