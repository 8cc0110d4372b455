internal import ArgumentParser
internal import Glibc

/// `PURSER_NAME` in the environment: the default of the flag of that name.
func environmentDefault(_ name: String, _ fallback: String) -> String {
    getenv("PURSER_" + name).map { String(cString: $0) } ?? fallback
}

/// Where policies are.
struct PolicyOptions: ParsableArguments {
    @Option(help: "Directory of the policy files (*.yaml), or one such file.")
    var policies = environmentDefault("POLICIES", "policies")
}

/// Where state is kept.
struct StateOptions: ParsableArguments {
    @Option(help: "Directory for keys and the ledger.")
    var state = environmentDefault("STATE", ".purser")

    @Option(help: ArgumentHelp("The ledger: sqlite:PATH.", valueName: "url"))
    var store: String?

    /// The path of the SQLite ledger.
    func ledgerPath() throws -> String {
        let url = store ?? environmentDefault("STORE", "sqlite:\(state)/ledger.db")
        guard url.hasPrefix("sqlite:") else {
            Terminal.error("purser: --store \(url): only sqlite:PATH is supported by this version")
            throw ExitStatus.usage
        }
        return String(url.dropFirst("sqlite:".count))
    }

    var keysPath: String { state + "/keys.db" }

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
