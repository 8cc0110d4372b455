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
        if let id = try Self.firstInteger(select, text) { return id }
        guard let id = try Self.firstInteger(insert, text) else { throw SQLiteFault(code: SQLITE_INTERNAL) }
        return id
    }

    private static func firstInteger(_ statement: Statement, _ text: UnsafeRawBufferPointer) throws(SQLiteFault) -> Int64? {
        bindText(statement.sqliteStatement, 1, text)
        return try statement.firstInteger()
    }
}

/// A word by its bytes. (`String`'s own equality takes two spellings of an accent for the same; a bill must not.)
struct Word: Hashable {
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
