import Core
import Testing

@testable import Ledger
@testable import Limits
@testable import SharedLedger

@Suite(.enabled(if: Server.isThere, Server.isMissing)) struct SharedAuditTests {
    /// Two gateways, records with every hostile text there is.
    private func ledger() async throws -> (Database, PostgreSQLTarget) {
        let database = try Database.make()
        for gateway in 0..<2 {
            let directory = try TemporaryDirectory()
            let ledger = try PostgreSQLLedger.quick(database.url, directory.path)
            let loop = try Loop(ledger)
            for number in 1...40 {
                var record = fullRecord(gateway * 100 + number)
                record.cost = try #require(Pricing(version: record.priceVersion)).cost(of: record.tokens)
                if number == 20 { (record.user, record.metadata) = ("a\u{0}b", [.init("\u{0}", "\u{0}\u{1}")]) }
                if number == 21 { record.user = "a\u{2400}b" }
                try await loop.commit(record)
            }
            try ledger.close()
        }
        return (database, try PostgreSQLTarget(url: database.url))
    }

    @Test func whatWasWrittenAddsUp() async throws {
        let (_, target) = try await ledger()
        var progress: [Int64] = []
        let report = try PostgreSQLAudit.run(target) { progress.append($0.done) }
        #expect(report.isSound, "\(report.text)")
        #expect((report.records, report.checkedCosts) == (80, 80))
        #expect(report.head.split(separator: " ").count == 2)
        #expect(progress.last == 80)
    }

    @Test(arguments: [
        ("UPDATE purser.usage_record SET cost_nanos = cost_nanos - 1 WHERE call_id = 'call-7'", ["chain", "cost"]),
        ("UPDATE purser.usage_record SET metadata = '{}' WHERE call_id = 'call-7'", ["chain"]),
        ("DELETE FROM purser.usage_record WHERE call_id = 'call-7'", ["chain", "chain"]),
        ("DELETE FROM purser.usage_record WHERE call_id = 'call-40'", ["chain"]),
        ("UPDATE purser.usage_record SET call_id = 'call-8' WHERE call_id = 'call-7'", ["chain", "duplicate"]),
        ("UPDATE purser.usage_record SET status = 'nonsense' WHERE call_id = 'call-7'", ["record"]),
        ("INSERT INTO purser.limit_window VALUES ('x', 0, 1, 100, 5, 5)", ["sum"]),
    ])
    func whatWasChangedShows(_ sql: String, _ kinds: [String]) async throws {
        let (database, target) = try await ledger()
        try database.query(sql)
        let report = try PostgreSQLAudit.run(target) { _ in }
        #expect(report.findings.map(\.kind.rawValue).sorted() == kinds, "\(report.text)")
    }

    @Test func withoutALedgerItSaysSo() throws {
        let target = try PostgreSQLTarget(url: try Database.make().url)
        #expect { try PostgreSQLAudit.run(target) { _ in } } throws: { "\($0)".contains("purser serve") }
    }
}
