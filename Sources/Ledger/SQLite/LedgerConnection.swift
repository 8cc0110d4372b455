internal import FoundationEssentials
internal import GRDB
internal import GRDBSQLite
internal import Glibc

/// The one connection that writes and checkpoints a ledger. Confined to one thread at a time.
///
/// After any failure of ``append(_:refusals:)`` or ``checkpoint(_:)`` it must be dropped and a new one opened: what the operating system
/// still holds of a failed write or fsync is not known.
final class LedgerConnection {
    private struct Statements {
        let begin: Statement
        let commit: Statement
        let mark: Statement
        var insert: RecordInsert
    }

    let path: String
    private let queue: DatabaseQueue
    /// `nil` only while closing.
    private var statements: Statements?
    private var progress: LedgerProgress
    private let identity: FileIdentity?
    /// Written by SQLite after each commit.
    private let walPages: UnsafeMutablePointer<Int32>
    private var pagesAtCheckpoint: Int32 = 0

    /// Opens, verifies and upgrades the ledger at `path`, making it where it is missing.
    init(path: String, settings: SQLiteLedger.Settings) throws(LedgerFailure) {
        try createPrivateFile(path)
        self.path = path
        let queue = try translatingFailures(path) { try DatabaseQueue(path: path, configuration: Self.configuration(settings)) }
        let (statements, progress) = try translatingFailures(path) {
            try queue.inDatabase { db in
                try Self.prepare(db, path: path, settings: settings)
                let statements = try Statements(
                    begin: db.makeStatement(sql: "BEGIN IMMEDIATE"), commit: db.makeStatement(sql: "COMMIT"),
                    mark: db.makeStatement(sql: "INSERT OR REPLACE INTO time_mark (first_id, latest) VALUES (?, ?)"),
                    insert: RecordInsert(db))
                return (statements, try LedgerProgress(db))
            }
        }
        self.queue = queue
        self.statements = statements
        self.progress = progress
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
        // Transactions are run by statements of our own; without this a failed ROLLBACK would stop the process.
        configuration.allowsUnsafeTransactions = true
        return configuration
    }

    private static func prepare(_ db: Database, path: String, settings: SQLiteLedger.Settings) throws {
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
        try LedgerSchema.migrate(db, path: path)
        if let size = FileIdentity(path)?.size, size <= settings.checkedAtOpen { try Integrity.check(db, path: path) }
    }

    // MARK: Writing

    /// The id of the last record that is known to be committed.
    var lastID: Int64 { progress.lastID }

    /// The call ids of the records after the one with the id `id`.
    func callIDs(after id: Int64) throws(LedgerFailure) -> Set<String> {
        try translatingFailures(path) {
            try queue.inDatabase { db in
                let ids = try Data.fetchAll(db, sql: "SELECT CAST(call_id AS BLOB) FROM usage_record WHERE id > ?", arguments: [id])
                return Set(ids.map(String.init(stored:)))
            }
        }
    }

    /// Appends `records` in one transaction.
    /// - Parameter refusals: gets an entry for each record that cannot be in the ledger (index in `records`); the others are committed.
    func append(_ records: [UsageRecord], refusals: inout [Int: LedgerFailure]) throws(LedgerFailure) {
        let fault: SQLiteFault? = queue.inDatabase { _ in
            do throws(SQLiteFault) {
                try appendInTransaction(records, &refusals)
                return nil
            } catch {
                return error
            }
        }
        if let fault { throw fault.failure(path) }
        guard FileIdentity(path) == identity else {
            throw .inputOutput(path: path, detail: "the file was moved or deleted while in use")
        }
    }

    private func appendInTransaction(_ records: [UsageRecord], _ refusals: inout [Int: LedgerFailure]) throws(SQLiteFault) {
        guard let begin = statements?.begin, let commit = statements?.commit else { throw SQLiteFault(code: SQLITE_MISUSE) }
        try Self.run(begin)
        var progress = progress
        if progress.needsMark { try mark(&progress) }
        for index in records.indices {
            do throws(SQLiteFault) {
                try statements?.insert.run(records[index])
                progress.count(records[index].time)
            } catch {
                guard let refusal = error.refusal(of: records[index]) else { throw error }
                refusals[index] = refusal
            }
        }
        try Self.run(commit)
        self.progress = progress
    }

    private func mark(_ progress: inout LedgerProgress) throws(SQLiteFault) {
        guard let mark = statements?.mark else { return }
        sqlite3_bind_int64(mark.sqliteStatement, 1, progress.lastID + 1)
        sqlite3_bind_int64(mark.sqliteStatement, 2, progress.latest)
        try Self.run(mark)
        progress.sinceMark = 0
    }

    private static func run(_ statement: Statement) throws(SQLiteFault) {
        let code = sqlite3_step(statement.sqliteStatement)
        sqlite3_reset(statement.sqliteStatement)
        guard code == SQLITE_DONE else { throw SQLiteFault(code: code) }
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

extension SQLiteFault {
    /// When the fault lies in `record` and not in the storage: what its sender is told.
    fileprivate func refusal(of record: UsageRecord) -> LedgerFailure? {
        switch code & 0xFF {
        case SQLITE_CONSTRAINT, SQLITE_TOOBIG, SQLITE_MISMATCH:
            return .invalid("call \(record.callID) cannot be recorded, SQLite code \(code)")
        default: return nil
        }
    }
}
