import Core
import Testing

@testable import Ledger
@testable import Limits
@testable import SharedLedger

@Suite(.enabled(if: Server.isThere, Server.isMissing)) struct SharedKeyTests {
    @Test func aKeyIsMadeListedUsedAndRevoked() async throws {
        let database = try Database.make()
        let store = try LedgerStores.keys(LedgerURL(database.url), state: "unused")
        let directory = try TemporaryDirectory()
        let ledger = try PostgreSQLLedger.quick(database.url, directory.path)
        defer { try? ledger.close() }
        #expect(try ledger.keys.snapshotIfChanged()?.count == 0)
        #expect(try ledger.keys.snapshotIfChanged() == nil)

        let expires = WallTime.now.advanced(bySeconds: 3_600)
        let key = try store.create(team: "acme/research", name: "ci ❤", models: ["auto", "openai/*"], expires: expires)
        _ = try store.create(team: "acme", name: nil, models: nil, expires: nil)
        var snapshot: KeySnapshot?
        #expect(
            try await eventually(within: 1) {
                snapshot = try ledger.keys.snapshotIfChanged() ?? snapshot
                return snapshot?.count == 2
            })
        let grant = snapshot?.grant(for: .sha256(of: key.plaintext), at: .now)
        #expect(grant == KeyGrant(id: key.id, team: "acme/research", name: "ci ❤", models: ["auto", "openai/*"], expires: expires))

        try store.revoke(key.id)
        try store.revoke(key.id)
        #expect(
            try await eventually(within: 1) {
                snapshot = try ledger.keys.snapshotIfChanged() ?? snapshot
                return snapshot?.grant(for: .sha256(of: key.plaintext), at: .now) == nil
            })
        #expect(try store.list().map { $0.revoked != nil } == [true, false])
        #expect(try database.query("SELECT count(*) FROM purser.client_key WHERE id LIKE '%\(key.plaintext)%'") == ["0"])
    }

    @Test func aKeyThatIsNotThereCannotBeRevoked() throws {
        let store = try PostgreSQLKeyStore(PostgreSQLTarget(url: try Database.make().url))
        #expect(throws: LedgerFailure.invalid("there is no key x'; DROP TABLE purser.client_key; --; `purser keys list` shows all")) {
            try store.revoke("x'; DROP TABLE purser.client_key; --")
        }
        #expect(throws: LedgerFailure.self) { try store.create(team: "", name: nil, models: nil, expires: nil) }
        #expect(try store.list().isEmpty)
    }

    /// Who was revoked while PostgreSQL is away is not known, so after a while nobody is let in; and everybody again when it is back.
    @Test func keysExpireWhilePostgreSQLIsAway() async throws {
        let server = try Server()
        let database = try server.database()
        let key = try PostgreSQLKeyStore(PostgreSQLTarget(url: database.url)).create(team: "acme", name: nil, models: nil, expires: nil)
        let directory = try TemporaryDirectory()
        let ledger = try PostgreSQLLedger.quick(database.url, directory.path) { $0.keyLifetime = .milliseconds(800) }
        defer { try? ledger.close() }
        var snapshot = try ledger.keys.snapshotIfChanged()
        func isLetIn() throws -> Bool {
            snapshot = try ledger.keys.snapshotIfChanged() ?? snapshot
            return snapshot?.grant(for: .sha256(of: key.plaintext), at: .now) != nil
        }
        #expect(try isLetIn())
        try server.stop()
        #expect(try isLetIn())
        #expect(try await eventually { try !isLetIn() })
        try server.start()
        #expect(try await eventually { try isLetIn() })
        try server.stop()
    }
}
