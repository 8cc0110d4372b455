public import Core
public import Ledger
public import Limits

/// Where a ledger is, as `--store` names it. Describes itself without a password.
public enum LedgerURL: Sendable, CustomStringConvertible {
    /// A SQLite file: one gateway.
    case sqlite(path: String)
    /// A PostgreSQL database: several gateways.
    case postgreSQL(PostgreSQLTarget)

    /// Reads `sqlite:PATH` or `postgres://…`.
    /// - Throws: ``LedgerFailure/invalid(_:)``.
    public init(_ url: String) throws(LedgerFailure) {
        if PostgreSQLTarget.accepts(url) {
            self = .postgreSQL(try PostgreSQLTarget(url: url))
        } else if url.hasPrefix("sqlite:"), url.utf8.count > 7 {
            self = .sqlite(path: String(url.dropFirst(7)))
        } else {
            // What comes before the first colon cannot be a password.
            let scheme = url.prefix { $0 != ":" }.prefix(20)
            throw .invalid("--store \(scheme):…: expected sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE")
        }
    }

    /// The store as `--store` names it, without credentials.
    public var description: String {
        switch self {
        case .sqlite(let path): "sqlite:" + path
        case .postgreSQL(let target): target.description
        }
    }
}

/// The one place that knows which stores there are.
public enum LedgerStores {
    /// A ledger that is open for writing, with the keys that go with it.
    public struct Opened: Sendable {
        /// The ledger.
        public let ledger: any LedgerStore
        /// The keys that were made by command.
        public let keys: any KeySource
        /// The ledger again, if gateways share it: limits must then be leased (``PostgreSQLLedger/keepLeases(of:failsOpen:)``).
        public let shared: PostgreSQLLedger?
    }

    /// Opens the ledger at `url` for writing. Blocks.
    /// - Parameters:
    ///   - state: the directory of this gateway alone.
    ///   - settings: of the ledger in SQLite, which is the spool of the one in PostgreSQL.
    /// - Throws: ``LedgerFailure``, as ``SQLiteLedger`` and ``PostgreSQLLedger`` do.
    public static func open(_ url: LedgerURL, state: String, settings: SQLiteLedger.Settings) throws(LedgerFailure) -> Opened {
        switch url {
        case .sqlite(let path):
            return Opened(ledger: try SQLiteLedger(path: path, settings: settings), keys: KeyDirectory(path: keyFile(state)), shared: nil)
        case .postgreSQL(let target):
            var shared = PostgreSQLLedger.Settings()
            shared.spool = settings
            let ledger = try PostgreSQLLedger(target, directory: state, settings: shared)
            return Opened(ledger: ledger, keys: ledger.keys, shared: ledger)
        }
    }

    /// Where `purser keys` makes, lists and revokes keys.
    public static func keys(_ url: LedgerURL, state: String) throws(LedgerFailure) -> any ClientKeyStore {
        switch url {
        case .sqlite: try KeyStore(path: keyFile(state))
        case .postgreSQL(let target): try PostgreSQLKeyStore(target)
        }
    }

    /// Where `purser usage` reads.
    public static func usage(_ url: LedgerURL) throws(LedgerFailure) -> any UsageSource {
        switch url {
        case .sqlite(let path): try UsageReader(path: path)
        case .postgreSQL(let target): try PostgreSQLUsageReader(target)
        }
    }

    /// What `purser budgets` shows: how every limit of `configuration` stands, whether a gateway runs or not.
    /// - Throws: ``LedgerFailure``, as ``BudgetReport`` does.
    public static func budgets(_ url: LedgerURL, _ configuration: LimitConfiguration, at now: WallTime) throws(LedgerFailure)
        -> [LimitState]
    {
        switch url {
        case .sqlite(let path): try BudgetReport.states(configuration, from: UsageReader(path: path), at: now)
        case .postgreSQL(let target): try BudgetReport.states(configuration, from: target, at: now)
        }
    }

    /// Verifies the ledger at `url`; see ``LedgerAudit`` and ``PostgreSQLAudit``.
    /// - Parameter report: told now and then how far it is.
    public static func audit(_ url: LedgerURL, report: @escaping (LedgerWork) -> Void) throws(LedgerFailure) -> AuditReport {
        switch url {
        case .sqlite(let path): try LedgerAudit.run(path: path, report: report)
        case .postgreSQL(let target): try PostgreSQLAudit.run(target, report: report)
        }
    }

    private static func keyFile(_ state: String) -> String { state + "/keys.db" }
}
