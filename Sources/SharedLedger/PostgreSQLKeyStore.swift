public import Core
public import Ledger

/// The client keys of several gateways, for commands that make, list and revoke them.
public final class PostgreSQLKeyStore: ClientKeyStore {
    private let target: PostgreSQLTarget

    /// Connects once, and makes or upgrades the tables.
    /// - Throws: ``LedgerFailure``: `serverAway`, `serverRefuses`, `serverReadOnly`, `newerVersion`, `foreign`.
    public init(_ target: PostgreSQLTarget) throws(LedgerFailure) {
        self.target = target
        try PostgreSQLSchema.migrate(PostgreSQLConnection(target))
    }

    /// Makes a key and stores its digest.
    /// - Throws: ``LedgerFailure/invalid(_:)`` for a bad team or model; `serverAway`, `serverRefuses` when it could not be stored.
    public func create(
        team: String, name: String?, models: [String]?, expires: WallTime?
    ) throws(LedgerFailure) -> CreatedKey {
        try CreatedKey.check(team: team, models: models)
        let key = try CreatedKey()
        try PostgreSQLConnection(target).run(
            "INSERT INTO purser.client_key (id, digest, team, name, models, created, expires) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            [
                key.id, PostgreSQLText.bytes(KeyDigest.sha256(of: key.plaintext).bytes), team, name, models?.joined(separator: "\n"),
                String(WallTime.now.microseconds), expires.map { String($0.microseconds) },
            ])
        return key
    }

    /// All keys, revoked and expired ones included, oldest first.
    public func list() throws(LedgerFailure) -> [KeyListing] {
        let rows = try PostgreSQLConnection(target).run(
            "SELECT id, team, name, models, expires, created, revoked FROM purser.client_key ORDER BY created, id")
        return (0..<rows.count).map { row in
            KeyListing(
                grant: KeyGrant(rows, row), created: WallTime(microseconds: rows.number(row, 5) ?? 0),
                revoked: rows.number(row, 6).map(WallTime.init(microseconds:)))
        }
    }

    /// Revokes the key named `id`. Revoking it again changes nothing.
    /// - Throws: ``LedgerFailure/invalid(_:)`` when there is no such key.
    public func revoke(_ id: String) throws(LedgerFailure) {
        let changed = try PostgreSQLConnection(target).run(
            "UPDATE purser.client_key SET revoked = coalesce(revoked, $2) WHERE id = $1", [id, String(WallTime.now.microseconds)])
        if changed.changed == 0 { throw .invalid("there is no key \(id); `purser keys list` shows all") }
    }
}

extension KeyGrant {
    /// Reads columns `id, team, name, models, expires`.
    fileprivate init(_ rows: PostgreSQLRows, _ row: Int) {
        self.init(
            id: rows.text(row, 0) ?? "", team: rows.text(row, 1) ?? "", name: rows.text(row, 2),
            models: rows.text(row, 3)?.split(separator: "\n").map(String.init),
            expires: rows.number(row, 4).map(WallTime.init(microseconds:)))
    }
}

extension KeySnapshot {
    /// Reads all keys that are not revoked, if something changed since change number `known`.
    /// - Returns: `nil` when nothing did.
    static func ifChanged(
        _ connection: PostgreSQLConnection, since known: Int64?
    ) throws(LedgerFailure) -> (snapshot: KeySnapshot, number: Int64)? {
        let number = try connection.run("SELECT number FROM purser.key_change").number(0, 0) ?? 0
        if number == known { return nil }
        let rows = try connection.run("SELECT id, team, name, models, expires, digest FROM purser.client_key WHERE revoked IS NULL")
        var grants: [KeyDigest: KeyGrant] = [:]
        for row in 0..<rows.count {
            guard let digest = rows.bytes(row, 5).flatMap({ KeyDigest(bytes: $0) }) else {
                throw .corrupt(path: connection.target.description, detail: "a digest has a wrong size")
            }
            grants[digest] = KeyGrant(rows, row)
        }
        // A change between the two statements is seen again, which does no harm.
        return (KeySnapshot(grants), number)
    }
}
