internal import ArgumentParser
internal import Core
internal import Gateway
internal import Ledger
internal import Limits
internal import Policies
internal import SharedLedger

struct BudgetsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "budgets", abstract: "Show every limit: how much of it is spent, held and left, and when its window ends.",
        discussion: """
            Reads the policies and the ledger; a gateway may be running or not. Keys and users with limits by each_key and each_user are \
            listed when something of theirs counts. Money is in USD. Of a ledger in PostgreSQL, spent is what all gateways have spent, and held \
            the slices that they have leased, with what their calls under way have set aside.
            """)

    @OptionGroup var options: PolicyOptions

    @Option(help: "table or json.")
    var format = "table"

    @OptionGroup var state: StateOptions

    func run() throws {
        guard let format = BudgetReport.Format(rawValue: format) else { throw ValidationError("--format must be table or json.") }
        do {
            let policies = try PolicyStore.compile(options.policies, ProcessEnvironment.all).snapshot
            let limits = try LimitConfiguration(scopes: policies.limitScopes, keys: policies.limitKeys) { policies.zones[$0] }
            Terminal.output(BudgetReport.text(try LedgerStores.budgets(state.ledgerURL(), limits, at: .now), as: format))
        } catch let error as PolicyLoadError {
            Terminal.error(error.description)
            throw ExitStatus.no
        } catch let failure as LedgerFailure {
            throw Terminal.cannotStart("\(failure)")
        }
    }
}
