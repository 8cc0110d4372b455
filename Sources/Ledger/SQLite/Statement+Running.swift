internal import GRDB
internal import GRDBSQLite

extension Statement {
    /// Binds numbers to the first parameters.
    func bind(_ numbers: [Int64]) {
        for (index, number) in numbers.enumerated() { sqlite3_bind_int64(sqliteStatement, Int32(index + 1), number) }
    }

    /// Runs a statement without results to its end, and lets go of its parameters.
    func run() throws(SQLiteFault) {
        let code = sqlite3_step(sqliteStatement)
        sqlite3_reset(sqliteStatement)
        sqlite3_clear_bindings(sqliteStatement)
        guard code == SQLITE_DONE else { throw SQLiteFault(code: code) }
    }

    /// Runs to the end, and lets go of the parameters.
    /// - Returns: the first column of the first row, if there is one.
    func firstInteger() throws(SQLiteFault) -> Int64? {
        var result: Int64?
        var code = sqlite3_step(sqliteStatement)
        if code == SQLITE_ROW {
            result = sqlite3_column_int64(sqliteStatement, 0)
            code = sqlite3_step(sqliteStatement)
        }
        sqlite3_reset(sqliteStatement)
        sqlite3_clear_bindings(sqliteStatement)
        guard code == SQLITE_DONE else { throw SQLiteFault(code: code) }
        return result
    }
}

/// Binds `text`. Without a copy it must stay in place until the statement has been reset and its bindings cleared.
func bindText(_ statement: OpaquePointer, _ index: Int32, _ text: UnsafeRawBufferPointer, copying: Bool = false) {
    guard let start = text.assumingMemoryBound(to: CChar.self).baseAddress, !text.isEmpty else {
        // A null pointer would bind NULL instead of the empty text.
        sqlite3_bind_text(statement, index, "", 0, transientCopy)
        return
    }
    sqlite3_bind_text(statement, index, start, Int32(clamping: text.count), copying ? transientCopy : nil)
}

/// "Make your own copy at once": SQLITE_TRANSIENT, a macro that Swift does not see.
let transientCopy = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
