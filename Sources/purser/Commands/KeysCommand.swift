internal import ArgumentParser
internal import Core
internal import Ledger
internal import SharedLedger

struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Create, list and revoke client keys.", subcommands: [Create.self, List.self, Revoke.self])

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Create a key. It is printed once and stored only as a hash.")

        @Option(help: ArgumentHelp("The team that pays, e.g. acme/research.", valueName: "path"))
        var team: String

        @Option(help: "A name for people.")
        var name: String?

        @Option(
            help: ArgumentHelp("Models that the key may use, separated by commas; patterns such as openai/* are fine.", valueName: "m,…"))
        var models: String?

        @Option(help: ArgumentHelp("How long the key lives, e.g. 30d, 12h; without it, until it is revoked.", valueName: "time"))
        var expires: String?

        @OptionGroup var state: StateOptions

        func run() throws {
            try state.prepare()
            try withKeyStore(state) { store in
                let created = try store.create(
                    team: team, name: name, models: models.map { $0.split(separator: ",").map(String.init) }, expires: try expiry())
                print(created.plaintext)
                Terminal.error("purser: created \(created.id) for \(team); the key above is not stored and cannot be shown again")
            }
        }

        private func expiry() throws -> WallTime? {
            guard let expires else { return nil }
            let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800]
            guard let unit = expires.last.flatMap({ units[$0] }), let count = Int64(expires.dropLast()), (1...100_000).contains(count)
            else {
                throw ValidationError("--expires \(expires): expected a time such as 30d, 12h or 30m.")
            }
            return WallTime.now.advanced(bySeconds: count * unit)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the keys; never the keys themselves.")

        @OptionGroup var state: StateOptions

        func run() throws {
            try state.prepare()
            try withKeyStore(state) { print(KeyTable.text(try $0.list(), now: .now)) }
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Revoke a key, at once and for ever.")

        @Argument(help: "The key's id, from `purser keys list`.")
        var id: String

        @OptionGroup var state: StateOptions

        func run() throws {
            try state.prepare()
            try withKeyStore(state) { try $0.revoke(id) }
            Terminal.error("purser: revoked \(id)")
        }
    }

    /// Opens the key store, and converts its failures to the exit statuses of the contract.
    private static func withKeyStore(_ state: StateOptions, _ body: (any ClientKeyStore) throws -> Void) throws {
        do { try body(try LedgerStores.keys(state.ledgerURL(), state: state.state)) } catch let failure as LedgerFailure {
            if case .invalid(let message) = failure {
                Terminal.error("purser: " + message)
                throw ExitStatus.no
            }
            throw Terminal.cannotStart("\(failure)")
        }
    }
}
