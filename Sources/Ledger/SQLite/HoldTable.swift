internal import Core
internal import GRDB
internal import GRDBSQLite

/// The holds that are open: in memory, and in the table `hold` only where the journal is about to forget them.
///
/// Valid only while the connection's transactions succeed.
struct HoldTable {
    private var holds: OpenHolds
    private let store: Statement
    private let remove: Statement

    /// Reads the holds that are stored.
    init(_ db: Database) throws {
        store = try db.makeStatement(
            sql: "INSERT OR REPLACE INTO hold (id, journal, sequence, charged_nanos, charged_tokens, frame) VALUES (?, ?, ?, ?, ?, ?)")
        remove = try db.makeStatement(sql: "DELETE FROM hold WHERE id = ?")
        holds = try OpenHolds(db)
    }

    /// How many holds are open.
    var count: Int { holds.all.count }

    // MARK: What the journals say

    /// A hold, or the new amount of one.
    /// - Throws: `SQLITE_MISMATCH` when the bytes are not a hold.
    mutating func open(_ item: JournalItem, in journal: String) throws(SQLiteFault) { try holds.open(item, in: journal) }

    /// A record of a request that has a hold and goes on.
    mutating func charge(_ charge: HoldCharge, _ item: JournalItem, in journal: String) { holds.charge(charge, item, in: journal) }

    /// The end of a hold; one that is not open changes nothing.
    mutating func close(_ id: Word) throws(SQLiteFault) {
        guard let known = holds.close(id), known.isStored else { return }
        id.bytes.withUnsafeBytes { bindText(remove.sqliteStatement, 1, $0, copying: true) }
        try remove.run()
    }

    // MARK: What the table says

    /// Stores the holds that were opened in frames of `journal` up to `released`, which may be overwritten from then on.
    mutating func storeHolds(of journal: String, through released: Int64) throws(SQLiteFault) {
        for (word, open) in holds.all where open.journal == journal {
            guard let since = open.unstoredSince, since <= released else { continue }
            try store(word, open)
            holds.noteStored(word)
        }
    }

    /// Stores all holds, because the journals are about to be removed.
    mutating func storeAll() throws(SQLiteFault) {
        for journal in Set(holds.all.values.map(\.journal)) { try storeHolds(of: journal, through: .max) }
    }

    private func store(_ word: Word, _ open: OpenHolds.Open) throws(SQLiteFault) {
        let handle = store.sqliteStatement
        word.bytes.withUnsafeBytes { bindText(handle, 1, $0, copying: true) }
        Array(open.journal.utf8).withUnsafeBytes { bindText(handle, 2, $0, copying: true) }
        sqlite3_bind_int64(handle, 3, open.sequence)
        sqlite3_bind_int64(handle, 4, open.charged.nanos)
        sqlite3_bind_int64(handle, 5, open.tokens)
        sqlite3_bind_blob(handle, 6, open.frame, Int32(clamping: open.frame.count), transientCopy)
        try store.run()
    }

    /// Ends all holds.
    /// - Returns: what was open, in the order of the journals.
    mutating func takeAll() throws(SQLiteFault) -> [OpenHolds.Open] {
        let all = holds.all.sorted { ($0.value.journal, $0.value.sequence) < ($1.value.journal, $1.value.sequence) }
        for (word, _) in all { try close(word) }
        return all.map(\.value)
    }
}
