package import GRDB

/// The version of a ledger file, and its migration to the current one. `PRAGMA user_version` is the number of ``steps`` that the file has
/// taken.
package enum LedgerSchema {
    /// `PRAGMA application_id`: "Purs".
    static let applicationID = 0x5075_7273

    /// The version that this program writes.
    static var version: Int { steps.count }

    /// The condition of records that count in limits at more than is known to be spent, or that take such amounts back. The indexes on
    /// these records have the same condition.
    static let hasDoubt = "(status >= 5 OR in_doubt_nanos IS NOT NULL)"

    /// Brings the file to this version. One transaction per step, so a crash leaves it at one version or the next.
    /// - Returns: whether there was anything to do.
    /// - Throws: `newerVersion`, `foreign`; errors of SQLite.
    static func migrate(_ db: Database, path: String) throws -> Bool {
        try check(db, path: path)
        let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        for (index, step) in steps.enumerated().dropFirst(found) {
            try db.inTransaction(.immediate) {
                try db.execute(sql: step)
                if index + 1 == chainVersion { try beginChain(db) }
                try db.execute(sql: "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(index + 1)")
                return .commit
            }
        }
        return found < version
    }

    /// The version that added the chain of records, holds and sums.
    static let chainVersion = 3
    /// The version that added tokens of further kinds.
    static let furtherTokensVersion = 4
    /// The version that added amounts in doubt to records.
    static let doubtVersion = 5

    private static func beginChain(_ db: Database) throws {
        let start = RecordHash(ledger: try ledgerID(db) ?? "")
        try db.execute(sql: "UPDATE meta SET value = ? WHERE name = 'chain_head'", arguments: [start.hex])
    }

    /// The id of the ledger; `nil` before version 2, which added it and the journals.
    package static func ledgerID(_ db: Database) throws -> String? {
        guard try hasJournals(db) else { return nil }
        return try String.fetchOne(db, sql: "SELECT value FROM meta WHERE name = 'ledger_id'")
    }

    /// The position up to which each journal has been imported into the ledger.
    static func journalPositions(_ db: Database) throws -> [String: JournalPosition] {
        guard try hasJournals(db) else { return [:] }
        var positions: [String: JournalPosition] = [:]
        let resolved = try fileVersion(db) >= chainVersion ? "resolved" : "0"
        let rows = try Row.fetchCursor(db, sql: "SELECT journal, sequence, \(resolved) FROM journal_position")
        while let row = try rows.next() { positions[row[0]] = JournalPosition(sequence: row[1], resolved: row[2]) }
        return positions
    }

    /// The version of the file: how many steps it has taken.
    static func fileVersion(_ db: Database) throws -> Int { try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0 }

    private static func hasJournals(_ db: Database) throws -> Bool { try fileVersion(db) >= 2 }

    /// Makes sure that the file is a ledger of a version that this program knows, or empty.
    /// - Throws: `newerVersion`, `foreign`; errors of SQLite.
    static func check(_ db: Database, path: String) throws {
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        guard application == applicationID else {
            let isEmpty = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") == 0
            if version == 0, application == 0, isEmpty { return }
            throw LedgerFailure.foreign(path: path)
        }
        if version > Self.version { throw LedgerFailure.newerVersion(path: path, found: version, supported: Self.version) }
    }
}
