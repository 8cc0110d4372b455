internal import Chat
internal import ArgumentParser
internal import Chat
internal import Core
internal import Glibc
internal import Ledger
internal import SharedLedger

struct LedgerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "Verify the ledger, list and refund what a crash left in doubt.",
        subcommands: [Verify.self, List.self, Refund.self])

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Work out chain, sums and costs anew from the records.",
            discussion: "Only reads, and may run beside a gateway. Exit status 0: everything adds up; 1: something does not, and is named.")

        @Option(help: "text or json.")
        var format = "text"

        @OptionGroup var state: StateOptions

        func validate() throws {
            guard ["text", "json"].contains(format) else { throw ValidationError("--format must be text or json.") }
        }

        func run() throws {
            let progress = ProgressLine("verifying")
            let url = try state.ledgerURL()
            let report = try withLedger { try LedgerStores.audit(url) { progress.show($0.done, of: $0.total) } }
            progress.clear()
            Terminal.output(format == "json" ? report.json : report.text)
            if !report.isSound { throw ExitStatus.no }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "List what was charged in doubt (calls that ended without a final usage, requests that a crash interrupted), and refunds.")

        @Flag(help: "Only what was charged in doubt.")
        var inDoubt = false

        @Option(help: "table, csv or jsonl.")
        var format = "table"

        @OptionGroup var state: StateOptions

        func run() throws {
            guard let format = UsageReport.Format(rawValue: format) else { throw ValidationError("--format must be table, csv or jsonl.") }
            try withLedger {
                let reader = try LedgerStores.usage(try state.ledgerURL())
                var query = UsageQuery()
                query.hasDoubt = true
                if inDoubt { query.statuses = Set(UsageRecord.Status.allCases).subtracting([.refund]) }
                if format == .table {
                    try CorrectionTable.write(onlyDoubt: inDoubt, from: reader) { Terminal.output($0) }
                } else {
                    try UsageReport.write(query, from: reader, as: format) { Terminal.output($0) }
                }
            }
        }
    }

    struct Refund: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take back what was charged for a request in doubt, by a record of its own.",
            discussion:
                "Writes the ledger, so no gateway may be using it at the time. In PostgreSQL each gateway refunds what it has charged: "
                + "use its --state.")

        @Argument(help: "The request, or the call that `purser ledger list --in-doubt` shows.")
        var id: String

        @Option(help: "Why; kept with the record.")
        var note: String?

        @OptionGroup var state: StateOptions

        func run() throws {
            let url = try state.ledgerURL()
            let refund = try withLedger {
                // A mistyped path must not create a ledger.
                _ = try LedgerStores.usage(url)
                let progress = ProgressLine("upgrading the ledger")
                var settings = SQLiteLedger.Settings()
                settings.report = { progress.show($0.done, of: $0.total) }
                let ledger = try openLedger(url, settings)
                progress.clear()
                let refund = try ledger.refundAndWait(id, note: note)
                try ledger.close()
                return refund
            }
            Terminal.output("\(refund.callID): \(refund.cost.decimalString) USD\n")
        }

        private func openLedger(_ url: LedgerURL, _ settings: SQLiteLedger.Settings) throws -> any LedgerStore {
            do { return try LedgerStores.open(url, state: state.state, settings: settings).ledger } catch {
                guard case .inUse(let path, let holder) = error else { throw error }
                let process = holder.map { " (process \($0))" } ?? ""
                throw Terminal.cannotStart(
                    "a gateway\(process) is using \(path), and a ledger has one writer: POST the refund to its admin listener "
                        + "(/admin/v1/ledger/refund), or stop it, refund, and start it again")
            }
        }
    }
}

/// Runs `body`, and converts the ledger's failures to the exit statuses of the contract.
private func withLedger<T>(_ body: () throws -> T) throws -> T {
    do { return try body() } catch let failure as LedgerFailure {
        if case .invalid(let message) = failure {
            Terminal.error("purser: " + message)
            throw ExitStatus.no
        }
        throw Terminal.cannotStart("\(failure)")
    }
}

/// Shows the progress of long work in one line on the terminal; nothing in a pipe.
final class ProgressLine: Sendable {
    private let title: String
    private let isShown = isatty(STDERR_FILENO) == 1

    init(_ title: String) { self.title = title }

    /// Shows that `done` of `total` are done.
    func show(_ done: Int64, of total: Int64) {
        guard isShown, total > 0 else { return }
        let percent = Int(Double(done) / Double(total) * 100)
        let bar = String(repeating: "█", count: percent / 4) + String(repeating: "░", count: max(0, 25 - percent / 4))
        Terminal.progress("\r\(title) \(bar) \(percent) % of \(total) records")
    }

    /// Removes the line.
    func clear() {
        if isShown { Terminal.progress("\r\u{1b}[K") }
    }
}
