internal import GRDB
internal import GRDBSQLite

/// A result code of SQLite that is not success, on its way to becoming a ``LedgerFailure``.
struct SQLiteFault: Error {
    /// The extended result code.
    let code: Int32

    /// The failure that this code means for the file at `path`.
    func failure(_ path: String) -> LedgerFailure {
        let detail = String(cString: sqlite3_errstr(code)) + ", code \(code)"
        switch code & 0xFF {
        case SQLITE_FULL: return .full(path: path)
        case SQLITE_READONLY, SQLITE_PERM: return .readOnly(path: path)
        case SQLITE_BUSY, SQLITE_LOCKED: return .locked(path: path)
        case SQLITE_CORRUPT, SQLITE_NOTADB: return .corrupt(path: path, detail: detail)
        case SQLITE_CANTOPEN, SQLITE_AUTH: return .cannotOpen(path: path, detail: detail)
        default: return .inputOutput(path: path, detail: detail)
        }
    }
}

extension LedgerFailure {
    /// The failure that GRDB reported about the file at `path`.
    static func from(_ error: any Error, _ path: String) -> LedgerFailure {
        switch error {
        case let failure as LedgerFailure: failure
        case let fault as SQLiteFault: fault.failure(path)
        case let error as DatabaseError: SQLiteFault(code: error.extendedResultCode.rawValue).failure(path)
        default: .inputOutput(path: path, detail: "\(error)")
        }
    }
}

/// Runs `body` and turns whatever it throws into a failure of the file at `path`.
package func translatingFailures<T>(_ path: String, _ body: () throws -> T) throws(LedgerFailure) -> T {
    do {
        return try body()
    } catch {
        throw .from(error, path)
    }
}
