internal import GRDB
internal import GRDBSQLite
internal import Glibc

/// The words of the ledger and their ids: looked up in memory, added to the table when new.
///
/// Valid only while the connection's transactions succeed: after a rollback a new one must be made.
struct NameTable {
    /// The last word of each column: most records are like the one before.
    private var recent: [(word: Word, id: Int64)?]
    private var ids: [Word: Int64] = [:]
    private let select: Statement
    private let insert: Statement

    /// Words that are remembered; clients can invent model names, so this must end somewhere.
    static let limit = 16_384

    init(_ db: Database) throws {
        recent = Array(repeating: nil, count: NameColumn.allCases.count)
        select = try db.makeStatement(sql: "SELECT id FROM name WHERE text = ?")
        insert = try db.makeStatement(sql: "INSERT INTO name (text) VALUES (?) RETURNING id")
    }

    /// The id of `text`, which stands in `column`.
    mutating func id(of text: UnsafeRawBufferPointer, in column: NameColumn) throws(SQLiteFault) -> Int64 {
        if let (last, id) = recent[column.rawValue], last.isEqual(to: text) { return id }
        let word = Word(bytes: Array(text))
        let id: Int64
        if let known = ids[word] {
            id = known
        } else {
            id = try stored(text)
            if ids.count >= Self.limit { ids.removeAll(keepingCapacity: true) }
            ids[word] = id
        }
        recent[column.rawValue] = (word, id)
        return id
    }

    private func stored(_ text: UnsafeRawBufferPointer) throws(SQLiteFault) -> Int64 {
        if let id = try Self.firstInteger(select.sqliteStatement, text) { return id }
        guard let id = try Self.firstInteger(insert.sqliteStatement, text) else { throw SQLiteFault(code: SQLITE_INTERNAL) }
        return id
    }

    /// Runs a statement of one text argument to its end.
    /// - Returns: the first column of its first row, if it has one.
    private static func firstInteger(_ statement: OpaquePointer, _ text: UnsafeRawBufferPointer) throws(SQLiteFault) -> Int64? {
        var result: Int64?
        bindText(statement, 1, text)
        var code = sqlite3_step(statement)
        if code == SQLITE_ROW {
            result = sqlite3_column_int64(statement, 0)
            code = sqlite3_step(statement)
        }
        sqlite3_reset(statement)
        sqlite3_clear_bindings(statement)
        guard code == SQLITE_DONE else { throw SQLiteFault(code: code) }
        return result
    }
}

/// A word by its bytes. (`String`'s own equality takes two spellings of an accent for the same; a bill must not.)
private struct Word: Hashable {
    let bytes: [UInt8]

    func isEqual(to other: UnsafeRawBufferPointer) -> Bool {
        bytes.withUnsafeBytes { bytes in
            guard bytes.count == other.count else { return false }
            guard let left = bytes.baseAddress, let right = other.baseAddress else { return true }
            return memcmp(left, right, bytes.count) == 0
        }
    }

    static func == (a: Word, b: Word) -> Bool { b.bytes.withUnsafeBytes { a.isEqual(to: $0) } }

    func hash(into hasher: inout Hasher) { bytes.withUnsafeBytes { hasher.combine(bytes: $0) } }
}

/// Binds `text`. Without a copy it must stay in place until the statement has been reset and its bindings cleared.
func bindText(_ statement: OpaquePointer, _ index: Int32, _ text: UnsafeRawBufferPointer, copying: Bool = false) {
    guard let start = text.assumingMemoryBound(to: CChar.self).baseAddress, !text.isEmpty else {
        // A null pointer would bind NULL instead of the empty text.
        sqlite3_bind_text(statement, index, "", 0, SQLITE_TRANSIENT)
        return
    }
    sqlite3_bind_text(statement, index, start, Int32(clamping: text.count), copying ? SQLITE_TRANSIENT : nil)
}

/// "Make your own copy at once."
private let SQLITE_TRANSIENT = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
