internal import Core
internal import GRDB
internal import GRDBSQLite

/// Long work on a ledger, for code that shows its progress.
public struct LedgerWork: Sendable {
    /// The kind of work.
    public enum Kind: Sendable {
        /// The records of an earlier version get their places in the chain and are summed up, once.
        case upgrade
        /// The ledger is verified.
        case verification
    }

    /// The kind of work.
    public let kind: Kind
    /// The number of records that are done.
    public let done: Int64
    /// The number of all records.
    public let total: Int64

    package init(kind: Kind, done: Int64, total: Int64) {
        self.kind = kind
        self.done = done
        self.total = total
    }
}

/// Gives the records that were written before there was a chain their places in it, and sums them up: in pieces, so that neither the log nor
/// what an interruption costs grows with the ledger.
struct ChainBackfill {
    private let db: Database
    private let path: String
    private let until: Int64
    private var chain: ChainHead
    private var spending: SpendingTable
    private let update: Statement
    private let storeChain: Statement
    private var scratch: [UInt8] = []

    /// Records of one transaction.
    private let pieceSize: Int64

    /// Does what is left to do. The ledger must be locked.
    /// - Parameter pieceSize: records of one transaction.
    /// - Throws: `corrupt` when a record makes no sense; errors of SQLite.
    static func run(_ db: Database, path: String, pieceSize: Int64 = 20_000, report: ((LedgerWork) -> Void)?) throws {
        guard var backfill = try ChainBackfill(db, path, pieceSize) else { return }
        while backfill.chain.id < backfill.until {
            report?(LedgerWork(kind: .upgrade, done: backfill.chain.id, total: backfill.until))
            try db.inTransaction(.immediate) {
                try backfill.runPiece()
                return .commit
            }
            try db.execute(sql: "PRAGMA wal_checkpoint(PASSIVE)")
        }
        try db.execute(sql: "DELETE FROM meta WHERE name = 'chain_until'")
        report?(LedgerWork(kind: .upgrade, done: backfill.until, total: backfill.until))
    }

    /// `nil` when there is nothing to do.
    private init?(_ db: Database, _ path: String, _ pieceSize: Int64) throws {
        let text = try String.fetchOne(db, sql: "SELECT value FROM meta WHERE name = 'chain_until'")
        guard let until = text.flatMap(Int64.init), let chain = try ChainHead(db) else { return nil }
        self.db = db
        self.path = path
        self.until = until
        self.pieceSize = pieceSize
        self.chain = chain
        spending = try SpendingTable(db)
        update = try db.makeStatement(sql: "UPDATE usage_record SET hash = ? WHERE id = ?")
        storeChain = try ChainHead.statement(db)
    }

    private mutating func runPiece() throws {
        var names = NameReader(db)
        let rows = try Row.fetchCursor(
            db, sql: "SELECT \(UsageRecord.selected), id FROM usage_record WHERE id > ? AND id <= ? ORDER BY id LIMIT \(pieceSize)",
            arguments: [chain.id, until])
        var last = until
        var count: Int64 = 0
        while let row = try rows.next() {
            guard let record = try UsageRecord(row, &names) else {
                throw LedgerFailure.corrupt(
                    path: path, detail: "the record with the id \(row[UsageRecord.selectedCount] as Int64) makes no sense")
            }
            last = row[UsageRecord.selectedCount]
            count += 1
            try add(record, row)
        }
        // The piece was not full: nothing is left.
        chain.id = count == pieceSize ? last : until
        try spending.flush()
        try chain.store(storeChain)
    }

    private mutating func add(_ record: UsageRecord, _ row: Row) throws {
        guard let size = RecordBytes.write(record, to: &scratch) else { throw SQLiteFault(code: SQLITE_TOOBIG) }
        chain.hash = scratch.withUnsafeBytes { chain.hash.next(UnsafeRawBufferPointer(rebasing: $0.prefix(size))) }
        chain.hash.withBytes {
            _ = sqlite3_bind_blob(update.sqliteStatement, 1, $0.baseAddress, Int32($0.count), transientCopy)
        }
        sqlite3_bind_int64(update.sqliteStatement, 2, row[UsageRecord.selectedCount])
        try update.run()
        let user = record.user.map { Array($0.utf8) }
        user.withBytes { spending.count(ImportedRecord(record, row, user: $0)) }
    }
}

extension [UInt8]? {
    fileprivate func withBytes(_ body: (UnsafeRawBufferPointer?) -> Void) {
        if let self { self.withUnsafeBytes { body($0) } } else { body(nil) }
    }
}

extension ImportedRecord {
    /// Of a record of the table, which knows no hold.
    /// - Parameter row: of `UsageRecord.selected`.
    fileprivate init(_ record: UsageRecord, _ row: Row, user: UnsafeRawBufferPointer?) {
        self.init()
        time = record.time.microseconds
        input = record.tokens.input
        output = record.tokens.output
        cost = record.cost.nanos
        status = record.status
        bits = RecordBits(record)
        note(row[4] ?? 0, .organization)
        note(row[5] ?? 0, .team)
        note(row[6] ?? 0, .keyID)
        note(row[9] ?? 0, .requestedModel)
        note(row[17] ?? 0, .model)
        if let user { note(user, parameter: 8) }
    }
}
