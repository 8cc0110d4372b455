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
        let position: Statement
        var insert: RecordInsert
    }

    let path: String
    /// The ledger's own name for itself, which its journals carry too.
    let ledgerID: String
    private let queue: DatabaseQueue
    /// `nil` only while closing.
    private var statements: Statements?
    private var progress: LedgerProgress
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
        let (statements, progress, ledgerID, isUpgraded) = try translatingFailures(path) {
            try queue.inDatabase { db in
                if let expected, try LedgerSchema.ledgerID(db) != expected { throw LedgerFailure.moved(path) }
                let isUpgraded = try Self.prepare(db, path: path, settings: settings)
                let statements = try Statements(
                    begin: db.makeStatement(sql: "BEGIN IMMEDIATE"), commit: db.makeStatement(sql: "COMMIT"),
                    mark: db.makeStatement(sql: "INSERT OR REPLACE INTO time_mark (first_id, latest) VALUES (?, ?)"),
                    position: db.makeStatement(sql: "INSERT OR REPLACE INTO journal_position (journal, sequence) VALUES (?, ?)"),
                    insert: RecordInsert(db))
                return (statements, try LedgerProgress(db), try LedgerSchema.ledgerID(db) ?? "", isUpgraded)
            }
        }
        self.ledgerID = ledgerID
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
        // Transactions are run by statements of our own; without this a failed ROLLBACK would stop the process.
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
        if let size = FileIdentity(path)?.size, size <= settings.checkedAtOpen { try Integrity.check(db, path: path) }
        return isUpgraded
    }

    // MARK: Writing

    /// The number of the last record of each journal that is in the ledger.
    func journalPositions() throws(LedgerFailure) -> [String: Int64] {
        try translatingFailures(path) { try queue.inDatabase { try LedgerSchema.journalPositions($0) } }
    }

    /// Appends records and notes how far each of their journals is imported, in one transaction: a record is in the ledger exactly when its
    /// journal's position says so, whatever fails.
    /// - Parameter records: as ``RecordWriter`` wrote them.
    func append(_ records: [UnsafeRawBufferPointer], positions: [JournalPosition]) throws(LedgerFailure) {
        let fault: SQLiteFault? = queue.inDatabase { _ in
            do throws(SQLiteFault) {
                try appendInTransaction(records, positions)
                return nil
            } catch {
                return error
            }
        }
        if let fault { throw fault.failure(path) }
        guard FileIdentity(path) == identity else { throw .moved(path) }
    }

    private func appendInTransaction(_ records: [UnsafeRawBufferPointer], _ positions: [JournalPosition]) throws(SQLiteFault) {
        guard let begin = statements?.begin, let commit = statements?.commit else { throw SQLiteFault(code: SQLITE_MISUSE) }
        try Self.run(begin)
        var progress = progress
        if progress.needsMark { try mark(&progress) }
        for record in records {
            if let time = try statements?.insert.run(record) { progress.count(time) }
        }
        for position in positions { try note(position) }
        try Self.run(commit)
        self.progress = progress
    }

    private func note(_ position: JournalPosition) throws(SQLiteFault) {
        guard let statement = statements?.position else { return }
        Array(position.journal.utf8).withUnsafeBytes { bindText(statement.sqliteStatement, 1, $0, copying: true) }
        sqlite3_bind_int64(statement.sqliteStatement, 2, position.sequence)
        try Self.run(statement)
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

/// How far a journal is imported.
struct JournalPosition: Equatable {
    let journal: String
    /// The number of the last record that is in the ledger.
    let sequence: Int64
}

extension LedgerFailure {
    fileprivate static func moved(_ path: String) -> LedgerFailure {
        .inputOutput(path: path, detail: "the file was moved, deleted or replaced while in use; put it back")
    }
}
