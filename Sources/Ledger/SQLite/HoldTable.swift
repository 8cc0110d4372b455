internal import Chat
internal import FoundationEssentials
internal import GRDB
internal import GRDBSQLite

/// The holds that are open, as far as the journals are read: in memory, and in the table `hold` only where the journal is about to forget them.
///
/// Valid only while the connection's transactions succeed.
struct HoldTable {
    /// A hold that is open.
    struct Open {
        let journal: String
        /// The last frame of the journal that is reckoned in.
        fileprivate(set) var sequence: Int64
        /// The first frame that is not in the table; `nil`: the table knows everything.
        fileprivate(set) var unstoredSince: Int64?
        /// Whether the table has a row, perhaps an old one.
        fileprivate(set) var isStored: Bool
        /// As ``HoldRecord/write(to:)`` wrote it.
        fileprivate(set) var frame: [UInt8]
        /// What the records of the request have charged already.
        fileprivate(set) var charged = NanoUSD.zero
        /// The tokens that they have used.
        fileprivate(set) var tokens: Int64 = 0

        /// Reckons frame `sequence` in.
        fileprivate mutating func note(_ sequence: Int64) {
            self.sequence = sequence
            if unstoredSince == nil { unstoredSince = sequence }
        }
    }

    private var holds: [Word: Open] = [:]
    private let store: Statement
    private let remove: Statement

    /// Reads the holds that are stored.
    init(_ db: Database) throws {
        store = try db.makeStatement(
            sql: "INSERT OR REPLACE INTO hold (id, journal, sequence, charged_nanos, charged_tokens, frame) VALUES (?, ?, ?, ?, ?, ?)")
        remove = try db.makeStatement(sql: "DELETE FROM hold WHERE id = ?")
        let rows = try Row.fetchCursor(db, sql: "SELECT id, journal, sequence, charged_nanos, charged_tokens, frame FROM hold")
        while let row = try rows.next() {
            var open = Open(journal: row[1], sequence: row[2], unstoredSince: nil, isStored: true, frame: Array(row[5] as Data))
            open.charged = NanoUSD(nanos: row[3])
            open.tokens = row[4]
            holds[Word(bytes: Array(row[0] as Data))] = open
        }
    }

    /// How many holds are open.
    var count: Int { holds.count }

    // MARK: What the journals say

    /// A hold, or the new amount of one.
    /// - Throws: `SQLITE_MISMATCH` when the bytes are no hold.
    mutating func open(_ item: JournalItem, in journal: String) throws(SQLiteFault) {
        guard let id = HoldRecord.id(in: item.payload) else { throw SQLiteFault(code: SQLITE_MISMATCH) }
        let word = Word(bytes: Array(id))
        guard var known = holds[word] else {
            holds[word] = Open(
                journal: journal, sequence: item.sequence, unstoredSince: item.sequence, isStored: false, frame: Array(item.payload))
            return
        }
        if known.isReckoned(item, journal) { return }
        known.frame = Array(item.payload)
        known.note(item.sequence)
        holds[word] = known
    }

    /// A record of a request that has a hold and goes on.
    mutating func charge(_ charge: HoldCharge, _ item: JournalItem, in journal: String) {
        guard var known = holds[charge.id], !known.isReckoned(item, journal) else { return }
        known.charged = known.charged + charge.cost
        known.tokens = known.tokens.addingSaturating(charge.tokens)
        known.note(item.sequence)
        holds[charge.id] = known
    }

    /// The end of a hold; one that is not open changes nothing.
    mutating func close(_ id: Word) throws(SQLiteFault) {
        guard let known = holds.removeValue(forKey: id), known.isStored else { return }
        id.bytes.withUnsafeBytes { bindText(remove.sqliteStatement, 1, $0, copying: true) }
        try remove.run()
    }

    // MARK: What the table says

    /// Stores the holds whose story begins in frames of `journal` up to `released`, which may be overwritten from then on.
    mutating func storeHolds(of journal: String, through released: Int64) throws(SQLiteFault) {
        for (word, open) in holds where open.journal == journal {
            guard let since = open.unstoredSince, since <= released else { continue }
            try store(word, open)
            holds[word]?.unstoredSince = nil
            holds[word]?.isStored = true
        }
    }

    /// Stores all holds: the journals go.
    mutating func storeAll() throws(SQLiteFault) {
        for journal in Set(holds.values.map(\.journal)) { try storeHolds(of: journal, through: .max) }
    }

    private func store(_ word: Word, _ open: Open) throws(SQLiteFault) {
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
    mutating func takeAll() throws(SQLiteFault) -> [Open] {
        let all = holds.sorted { ($0.value.journal, $0.value.sequence) < ($1.value.journal, $1.value.sequence) }
        for (word, _) in all { try close(word) }
        return all.map(\.value)
    }
}

extension HoldTable.Open {
    /// Whether this tells what `item` says already: it was stored, and the journal is read anew.
    fileprivate func isReckoned(_ item: JournalItem, _ journal: String) -> Bool { journal == self.journal && item.sequence <= sequence }

    /// The record that is made of it when its request will never be settled.
    /// - Throws: `SQLITE_CORRUPT` when the table holds what nobody wrote.
    func inDoubt() throws(SQLiteFault) -> UsageRecord {
        guard let hold = frame.withUnsafeBytes({ HoldRecord(journaled: $0) }) else { throw SQLiteFault(code: SQLITE_CORRUPT) }
        return hold.inDoubt(after: charged, tokens)
    }
}
