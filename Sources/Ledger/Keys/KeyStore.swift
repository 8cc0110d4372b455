public import Core
internal import GRDB

/// The file of client keys, for commands that make, list and revoke them.
///
/// A file of its own with a rollback journal: many processes may write it while gateways read, and the ledger keeps its single writer.
/// Only SHA-256 digests are stored: a key has 256 random bits, so nothing slower than one hash is needed to protect it.
public final class KeyStore: Sendable {
    private let path: String
    private let queue: DatabaseQueue

    /// The version of the tables that this program writes (`PRAGMA user_version`).
    static let version = 1

    /// Opens the file at `path`, making it (mode 0600) where it is missing.
    /// - Throws: ``LedgerFailure``: `newerVersion`, `corrupt`, `foreign`, `readOnly`, `locked`, `full`, `cannotOpen`, `inputOutput`.
    public init(path: String) throws(LedgerFailure) {
        try createPrivateFile(path)
        self.path = path
        var configuration = Configuration()
        configuration.label = "keys"
        // Another command may be writing; it is done in milliseconds.
        configuration.busyMode = .timeout(5)
        queue = try translatingFailures(path) {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.inDatabase { try Self.prepare($0, path) }
            return queue
        }
    }

    private static func prepare(_ db: Database, _ path: String) throws {
        let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        if found > version { throw LedgerFailure.newerVersion(path: path, found: found, supported: version) }
        try db.execute(sql: "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL")
        if found == version { return }
        try db.inTransaction(.immediate) {
            // Another command may have been faster.
            if try Int.fetchOne(db, sql: "PRAGMA user_version") == version { return .commit }
            if try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") != 0 { throw LedgerFailure.foreign(path: path) }
            try db.execute(
                sql: """
                    CREATE TABLE client_key (
                      id TEXT PRIMARY KEY,
                      digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),  -- SHA-256 of the key
                      team TEXT NOT NULL,
                      name TEXT,
                      models TEXT,                                              -- one per line; NULL: whatever the team may
                      created INTEGER NOT NULL, expires INTEGER, revoked INTEGER -- microseconds since 1970, UTC
                    ) STRICT;
                    PRAGMA user_version = \(version);
                    """)
            return .commit
        }
    }

    /// Makes a key.
    /// - Parameters:
    ///   - team: `organization/team`, or the team alone.
    ///   - name: what people call it.
    ///   - models: the models (or patterns) it may name; `nil`: whatever its team may.
    ///   - expires: the moment from which on it is not accepted.
    public func create(team: String, name: String? = nil, models: [String]? = nil, expires: WallTime? = nil) throws(LedgerFailure)
        -> CreatedKey
    {
        try CreatedKey.check(team: team, models: models)
        let key = try CreatedKey()
        let digest = KeyDigest.sha256(of: key.plaintext)
        try translatingFailures(path) {
            try queue.write { db in
                try db.execute(
                    sql: "INSERT INTO client_key (id, digest, team, name, models, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    arguments: [
                        key.id, digest.blob, team, name, models?.joined(separator: "\n"), WallTime.now.microseconds, expires?.microseconds,
                    ])
            }
        }
        return key
    }

    /// All keys, revoked and expired ones included, oldest first.
    public func list() throws(LedgerFailure) -> [KeyListing] {
        try translatingFailures(path) {
            try queue.read { db in
                try Row.fetchAll(db, sql: "SELECT * FROM client_key ORDER BY created, rowid").map { row in
                    KeyListing(
                        grant: KeyGrant(row), created: WallTime(microseconds: row["created"]),
                        revoked: (row["revoked"] as Int64?).map(WallTime.init(microseconds:)))
                }
            }
        }
    }

    /// Revokes the key named `id`; gateways notice within a second. Revoking it again changes nothing.
    /// - Throws: ``LedgerFailure/invalid(_:)`` when there is no such key.
    public func revoke(_ id: String) throws(LedgerFailure) {
        try translatingFailures(path) {
            try queue.write { db in
                guard try Int.fetchOne(db, sql: "SELECT count(*) FROM client_key WHERE id = ?", arguments: [id]) == 1 else {
                    throw LedgerFailure.invalid("there is no key \(id); `purser keys list` shows all")
                }
                try db.execute(
                    sql: "UPDATE client_key SET revoked = ? WHERE id = ? AND revoked IS NULL", arguments: [WallTime.now.microseconds, id])
            }
        }
    }
}

extension KeyGrant {
    /// Reads a row of `client_key`.
    init(_ row: Row) {
        self.init(
            id: row["id"], team: row["team"], name: row["name"],
            models: (row["models"] as String?)?.split(separator: "\n").map(String.init),
            expires: (row["expires"] as Int64?).map(WallTime.init(microseconds:)))
    }
}
