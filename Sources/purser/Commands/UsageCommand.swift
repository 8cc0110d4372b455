internal import ArgumentParser
internal import Ledger
internal import SharedLedger

struct UsageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage", abstract: "Read the ledger.",
        discussion: "Without --by, csv and jsonl print every usage record, table prints the totals.")

    @Option(help: ArgumentHelp("Only what began since then: 7d, 24h, 30m, or a date.", valueName: "time"))
    var since: String?

    @Option(
        help: ArgumentHelp(
            "Group by: model, team, key, task, route, arm, provider, status, tag:NAME; several with commas.", valueName: "list"))
    var by: String?

    @Option(help: "table, csv or jsonl.")
    var format = "table"

    @OptionGroup var state: StateOptions

    func run() throws {
        guard let format = UsageReport.Format(rawValue: format) else { throw ValidationError("--format must be table, csv or jsonl.") }
        do {
            let query = UsageQuery(
                since: try since.map { try UsageQuery.moment($0) }, groups: try by.map { try UsageGrouping.list($0) } ?? [])
            try UsageReport.write(query, from: LedgerStores.usage(try state.ledgerURL()), as: format) { Terminal.output($0) }
        } catch let failure as LedgerFailure {
            if case .invalid(let message) = failure { throw ValidationError(message) }
            throw Terminal.cannotStart("\(failure)")
        }
    }
}
