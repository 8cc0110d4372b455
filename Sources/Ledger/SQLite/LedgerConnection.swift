internal import FoundationEssentials
internal import GRDB
internal import GRDBSQLite
internal import Glibc

/// The one connection that writes and checkpoints a ledger. Confined to one thread at a time.
///
/// After any failure of ``append(_:)`` or ``checkpoint(_:)`` it must be dropped and a new one opened: what the operating system
/// still holds of a failed write or fsync is not known.
final class LedgerConnection {
    private struct Statements {
        let begin: Statement
        let commit: Statement
        /// `nil` during a transaction, and after one that failed.
        var records: RecordImport?
    }

    let path: String
    /// The ledger's own name for itself, which its journals carry too.
    let ledgerID: String
    private let queue: DatabaseQueue
    /// `nil` only while closing.
    private var statements: Statements?
    private let identity: FileIdentity?
    /// Written by SQLite after each commit.
    private let walPages: UnsafeMutablePointer<Int32>
    private var pagesAtCheckpoint: Int32 = 0

    /// Opens, verifies and upgrades the ledger at `path`, making it where it is missing.
    /// - Parameter expected: the ledger that must be there, when it is opened again.
    init(path: String, settings: SQLiteLedger.Settings, reopening expected: String? = nil) throws(LedgerFailure) {
        if expected == nil { try createPrivateFile(path) } else if FileIdentity(path) == nil { throw .moved(path) }
        self.path = path
        let queue = try translatingFailures(path) { try DatabaseQueue(path: path, configuration: Self.configuration(settings)) }
        let (statements, ledgerID, isUpgraded) = try translatingFailures(path) {
            try queue.inDatabase { db in
                if let expected, try LedgerSchema.ledgerID(db) != expected { throw LedgerFailure.moved(path) }
                let isUpgraded = try Self.prepare(db, path: path, settings: settings)
                let statements = try Statements(
                    begin: db.makeStatement(sql: "BEGIN IMMEDIATE"), commit: db.makeStatement(sql: "COMMIT"),
                    records: RecordImport(db, path: path))
                return (statements, try LedgerSchema.ledgerID(db) ?? "", isUpgraded)
            }
        }
        self.ledgerID = ledgerID
        self.queue = queue
        self.statements = statements
        identity = FileIdentity(path)
        walPages = .allocate(capacity: 1)
        walPages.initialize(to: 0)
        queue.inDatabase { db in
            _ = sqlite3_wal_hook(
                db.sqliteConnection,
                { context, _, _, pages in
                    context?.assumingMemoryBound(to: Int32.self).pointee = pages
                    return SQLITE_OK
                }, walPages)
        }
        // Journals that carry the new name must not outlive it at a loss of power.
        if isUpgraded { try checkpoint() }
    }

    deinit {
        queue.inDatabase { db in
            if let connection = db.sqliteConnection { _ = sqlite3_wal_hook(connection, nil, nil) }
        }
        walPages.deallocate()
    }

    private static func configuration(_ settings: SQLiteLedger.Settings) -> Configuration {
        var configuration = Configuration()
        configuration.label = "ledger"
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(1)
        // The ledger begins and ends transactions by plain statements, not through GRDB; without this a failed ROLLBACK would stop the
        // process.
        configuration.allowsUnsafeTransactions = true
        return configuration
    }

    /// - Returns: whether the file was made or upgraded.
    private static func prepare(_ db: Database, path: String, settings: SQLiteLedger.Settings) throws -> Bool {
        try LedgerSchema.check(db, path: path)
        // Has an effect on new files only.
        try db.execute(sql: "PRAGMA page_size = \(settings.pageSize)")
        let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
        guard mode == "wal" else { throw LedgerFailure.cannotOpen(path: path, detail: "no write-ahead log on this file system") }
        try db.execute(
            sql: """
                PRAGMA synchronous = \(settings.durability == .full ? "FULL" : "NORMAL");
                PRAGMA wal_autocheckpoint = 0;
                PRAGMA journal_size_limit = 67108864;
                PRAGMA cache_size = -8192;
                """)
        let isUpgraded = try LedgerSchema.migrate(db, path: path)
        try ChainBackfill.run(db, path: path, report: settings.report)
        if let size = FileIdentity(path)?.size, size <= settings.checkedAtOpen { try Integrity.check(db, path: path) }
        return isUpgraded
    }

    // MARK: Writing

    /// The position up to which each journal has been imported into the ledger.
    func journalPositions() throws(LedgerFailure) -> [String: JournalPosition] {
        try translatingFailures(path) { try queue.inDatabase { try LedgerSchema.journalPositions($0) } }
    }

    /// How many holds are open, as far as the journals are read.
    var openHolds: Int { statements?.records?.holds.count ?? 0 }

    /// Takes in frames of journals and notes how far these are read, in one transaction: a record is in the ledger exactly when its
    /// journal's position says so, whatever fails.
    func append(_ batches: [JournalBatch]) throws(LedgerFailure) {
        try inTransaction { records throws(SQLiteFault) in try records.run(batches) }
    }

    /// Charges all open holds in full; see ``RecordImport/resolveHolds(_:)``.
    func resolveHolds(_ journals: [String: Int64]) throws(LedgerFailure) -> Int {
        try inTransaction { records throws(SQLiteFault) in try records.resolveHolds(journals) }
    }

    /// Stores all open holds, because the journals are about to be removed.
    func keepHolds() throws(LedgerFailure) { try inTransaction { records throws(SQLiteFault) in try records.keepHolds() } }

    /// Appends a record that the ledger makes itself.
    func append(_ record: UsageRecord) throws(LedgerFailure) {
        try inTransaction { records throws(SQLiteFault) in
            try records.append(record)
            try records.finish()
        }
    }

    /// Reads through the connection that writes.
    func read<T>(_ body: (Database) throws -> T) throws(LedgerFailure) -> T { try translatingFailures(path) { try queue.inDatabase(body) } }

    private func inTransaction<T>(_ body: (inout RecordImport) throws(SQLiteFault) -> T) throws(LedgerFailure) -> T {
        let result: Result<T, SQLiteFault> = queue.inDatabase { _ in
            do throws(SQLiteFault) {
                return .success(try transaction(body))
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .failure(let fault): throw fault.failure(path)
        case .success(let value):
            guard FileIdentity(path) == identity else { throw .moved(path) }
            return value
        }
    }

    private func transaction<T>(_ body: (inout RecordImport) throws(SQLiteFault) -> T) throws(SQLiteFault) -> T {
        guard let begin = statements?.begin, let commit = statements?.commit, var records = statements?.records else {
            throw SQLiteFault(code: SQLITE_MISUSE)
        }
        // One reference to each table in memory, or the first change would copy it.
        statements?.records = nil
        try begin.run()
        let value = try body(&records)
        try commit.run()
        statements?.records = records
        return value
    }

    // MARK: Checkpoints

    /// Whether the log has grown by `pages` since the last checkpoint.
    func isCheckpointDue(_ pages: Int) -> Bool {
        // The log began anew: a checkpoint had copied all of it.
        if walPages.pointee < pagesAtCheckpoint { pagesAtCheckpoint = 0 }
        return Int(walPages.pointee - pagesAtCheckpoint) >= pages
    }

    /// Copies the log into the database as far as readers permit.
    func checkpoint(truncating: Bool = false) throws(LedgerFailure) {
        var pages: Int32 = 0
        let code = queue.inDatabase {
            sqlite3_wal_checkpoint_v2(
                $0.sqliteConnection, nil, truncating ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE, &pages, nil)
        }
        pagesAtCheckpoint = max(0, pages)
        // Busy: a reader still needs the log.
        guard code == SQLITE_OK || code & 0xFF == SQLITE_BUSY else { throw SQLiteFault(code: code).failure(path) }
    }

    /// Finishes the log and closes the file.
    func close() throws(LedgerFailure) {
        try checkpoint(truncating: true)
        statements = nil
        try translatingFailures(path) { try queue.close() }
    }
}

/// The position up to which a journal has been imported into the ledger.
struct JournalPosition: Equatable {
    /// The number of the last frame that has been imported.
    var sequence: Int64 = 0
    /// Frames up to this one no longer affect holds.
    var resolved: Int64 = 0
}

extension LedgerFailure {
    fileprivate static func moved(_ path: String) -> LedgerFailure {
        .inputOutput(path: path, detail: "the file was moved, deleted or replaced while in use; put it back")
    }
}
