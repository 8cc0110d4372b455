import Foundation
import Glibc
import Testing

@testable import Ledger
@testable import Limits
@testable import SharedLedger

/// What is wrong with a server or a URL is said in words, with what to do, and without the password.
@Suite(.enabled(if: Server.isThere, Server.isMissing)) struct BadServerTests {
    private func failure(_ url: String, _ directory: TemporaryDirectory) throws -> LedgerFailure? {
        do throws(LedgerFailure) {
            try PostgreSQLLedger(PostgreSQLTarget(url: url), directory: directory.path, settings: .impatient).close()
            return nil
        } catch {
            #expect(!error.description.contains("s3cret"))
            return error
        }
    }

    @Test(arguments: [
        "postgres://", "postgres://purser:s3cret@localhost", "postgres://u:s3cret@h:port/db", "postgres://u:s3cret%zz@h/db",
        "postgres:u:s3cret",
        "mysql://u:s3cret@h/db", "postgresql://u:s3cret@h/db?nonsense=s3cret", "sqlite:", "", "s3cret",
    ])
    func urlThatIsNone(_ url: String) {
        do throws(LedgerFailure) {
            _ = try LedgerURL(url)
            Issue.record("accepted \(url)")
        } catch {
            guard case .invalid(let message) = error else {
                Issue.record("\(error)")
                return
            }
            if url != "s3cret" { #expect(!message.contains("s3cret")) }
            #expect(message.contains("postgres://USER:PASSWORD@HOST:PORT/DATABASE"))
        }
    }

    @Test func urlsDescribeThemselvesWithoutThePassword() throws {
        let url = try LedgerURL("postgresql://purser:s3cret@db.example:6432/ledger?sslmode=verify-full&sslpassword=s3cret")
        #expect(url.description == "postgres://purser@db.example:6432/ledger")
        #expect(try LedgerURL("sqlite:.purser/ledger.db").description == "sqlite:.purser/ledger.db")
    }

    @Test func wrongPasswordUserAndDatabase() throws {
        let directory = try TemporaryDirectory()
        let port = try Server.shared.get().port
        for url in [
            "postgres://purser:wr0ng@127.0.0.1:\(port)/postgres", "postgres://nobody:s3cret@127.0.0.1:\(port)/postgres",
            "postgres://purser:s3cret@127.0.0.1:\(port)/nothing_there", "postgres://purser@127.0.0.1:\(port)/postgres",
        ] {
            guard case .serverRefuses(_, let detail) = try failure(url, directory) else {
                Issue.record("\(url): \(String(describing: try failure(url, directory)))")
                continue
            }
            #expect(!detail.contains("wr0ng"))
        }
    }

    @Test func nobodyListens() throws {
        let directory = try TemporaryDirectory()
        guard case .serverAway = try failure("postgres://purser:s3cret@127.0.0.1:\(try freePort())/x", directory) else {
            Issue.record("not away")
            return
        }
    }

    @Test func serverThatNeverAnswers() throws {
        let directory = try TemporaryDirectory()
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(descriptor, $0, size)
                _ = getsockname(descriptor, $0, &size)
            }
        }
        listen(descriptor, 8)
        let start = ContinuousClock.now
        let found = try failure("postgres://purser:s3cret@127.0.0.1:\(UInt16(bigEndian: address.sin_port))/x", directory)
        guard case .serverAway = found else {
            Issue.record("\(String(describing: found))")
            return
        }
        #expect(start.duration(to: .now) < .seconds(60))
    }

    @Test func readOnlyServer() throws {
        let database = try Database.make()
        try database.query("ALTER DATABASE \(database.name) SET default_transaction_read_only = on")
        let found = try failure(database.url, TemporaryDirectory())
        guard case .serverReadOnly = found else {
            Issue.record("\(String(describing: found))")
            return
        }
        #expect(found?.description.contains("replica") == true)
    }

    @Test func newerTables() throws {
        let database = try Database.make()
        #expect(try failure(database.url, TemporaryDirectory()) == nil)
        try database.query("UPDATE purser.meta SET value = '99' WHERE name = 'version'")
        guard case .newerVersion(_, 99, PostgreSQLSchema.version) = try failure(database.url, TemporaryDirectory()) else {
            Issue.record("no newer version")
            return
        }
        #expect(throws: LedgerFailure.self) { try PostgreSQLUsageReader(PostgreSQLTarget(url: database.url)) }
        #expect(throws: LedgerFailure.self) { try PostgreSQLKeyStore(PostgreSQLTarget(url: database.url)) }
    }

    @Test func tablesOfSomebodyElse() throws {
        let database = try Database.make()
        try database.query("CREATE SCHEMA purser; CREATE TABLE purser.wine (grape text)")
        guard case .foreign = try failure(database.url, TemporaryDirectory()) else {
            Issue.record("not foreign")
            return
        }
    }

    @Test func databaseOfAnotherEncoding() throws {
        let found = try failure(try Database.make(encoding: "LATIN1").url, TemporaryDirectory())
        #expect(found?.description.contains("ENCODING 'UTF8'") == true)
    }

    @Test func userWithoutRights() throws {
        let database = try Database.make()
        let name = "guest_\(UInt32.random(in: 0...UInt32.max))"
        try database.query("CREATE ROLE \(name) LOGIN PASSWORD 's3cret'")
        let url = database.url.replacingOccurrences(of: "purser:", with: name + ":")
        guard case .serverRefuses = try failure(url, TemporaryDirectory()) else {
            Issue.record("let in")
            return
        }
    }

    /// Everybody comes at once, one makes the tables.
    @Test func migrationsOfManyAtOnce() async throws {
        let target = try PostgreSQLTarget(url: try Database.make().url)
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 { group.addTask { try PostgreSQLSchema.migrate(PostgreSQLConnection(target)) } }
            try await group.waitForAll()
        }
        #expect(try PostgreSQLSchema.foundVersion(PostgreSQLConnection(target)) == PostgreSQLSchema.version)
    }

    @Test func encryptionIsWhatTheURLSays() throws {
        let server = try Server(isEncrypted: true)
        let database = try server.database()
        func connect(_ host: String, _ query: String) throws(LedgerFailure) {
            let url = database.url.replacingOccurrences(of: "127.0.0.1", with: host) + "?" + query
            let connection = try PostgreSQLConnection(PostgreSQLTarget(url: url))
            #expect(try connection.run("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").flag(0, 0) == !query.contains("disable"))
        }
        try connect("localhost", "sslmode=verify-full&sslrootcert=" + server.certificate)
        try connect("127.0.0.1", "sslmode=require")
        try connect("127.0.0.1", "sslmode=disable")
        for (host, query) in [
            ("127.0.0.1", "sslmode=verify-full&sslrootcert=" + server.certificate), ("localhost", "sslmode=verify-full"),
            ("localhost", "sslmode=verify-ca&sslrootcert=/etc/ssl/certs/ca-certificates.crt"),
        ] {
            #expect {
                try connect(host, query)
            } throws: {
                guard case .serverNotTrusted = $0 as? LedgerFailure else { return false }
                return "\($0)".contains("sslrootcert") && !"\($0)".contains("s3cret")
            }
        }
        #expect {
            try PostgreSQLConnection(PostgreSQLTarget(url: try Database.make().url + "?sslmode=require"))
        } throws: {
            guard case .serverNotTrusted = $0 as? LedgerFailure else { return false }
            return true
        }
        try server.stop()
    }

    @Test func usageOfAnEmptyDatabase() throws {
        let target = try PostgreSQLTarget(url: try Database.make().url)
        #expect { try PostgreSQLUsageReader(target) } throws: { "\($0)".contains("purser serve") }
    }
}

extension PostgreSQLLedger.Settings {
    fileprivate static var impatient: Self {
        var settings = Self()
        settings.patience = .seconds(2)
        return settings
    }
}
