import Core
import Foundation
import GRDB
import Limits
import Synchronization
import Testing

@testable import Ledger

@Suite struct MigrationTests {
    let directory: TemporaryDirectory
    let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.file("ledger.db")
    }

    /// A ledger as an earlier version left it.
    private func makeLedger(version: Int, _ records: [UsageRecord]) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.inDatabase { db in
            for step in LedgerSchema.steps.prefix(version) { try db.execute(sql: step) }
            try db.execute(sql: "PRAGMA application_id = \(LedgerSchema.applicationID); PRAGMA user_version = \(version)")
            try db.inTransaction {
                for record in records { try insert(record, db) }
                return .commit
            }
        }
        try queue.close()
    }

    private func insert(_ record: UsageRecord, _ db: Database) throws {
        func id(_ text: String?) throws -> Int64? {
            guard let text else { return nil }
            try db.execute(sql: "INSERT OR IGNORE INTO name (text) VALUES (?)", arguments: [text])
            return try Int64.fetchOne(db, sql: "SELECT id FROM name WHERE text = ?", arguments: [text])
        }
        var metadata: [UInt8] = []
        JSONText.appendObject(record.metadata, to: &metadata)
        try db.execute(
            sql: """
                INSERT INTO usage_record (request_id, call_id, time, org, team, user, metadata, requested_model, model, input_tokens,
                  cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_nanos, price_version, latency_us, status, flags)
                VALUES (?, ?, ?, ?, ?, CAST(? AS TEXT), ?, ?, ?, ?, 0, 0, ?, 0, ?, ?, 0, ?, ?)
                """,
            arguments: [
                record.requestID, record.callID, record.time.microseconds, try id(record.organization), try id(record.team),
                record.user.map { Data($0.utf8) },
                record.metadata.isEmpty ? nil : String(decoding: metadata, as: UTF8.self), try id(record.requestedModel),
                try id(record.model), record.tokens.input, record.tokens.output, record.cost.nanos, try id(record.priceVersion),
                record.status.stored, record.isEstimated ? 2 : 0,
            ])
    }

    private func oldRecords(_ count: Int) -> [UsageRecord] {
        (0..<count).map { number in
            var record = sampleRecord(number, cost: Int64(number), time: 1_767_225_600_000_000 + Int64(number) * 7_000_000)
            record.tokens = TokenUsage(input: 10, output: Int64(number))
            record.user = number.isMultiple(of: 3) ? nil : "user \(number % 5) \u{0} 💶"
            if number.isMultiple(of: 7) { record.metadata = [.init("a", "b")] }
            record.status = number.isMultiple(of: 11) ? .cut : .ok
            return record
        }
    }

    @Test(arguments: [1, 2]) func anOldLedgerIsChainedAndSummedUp(version: Int) async throws {
        let old = oldRecords(100)
        try makeLedger(version: version, old)
        // Reading does not wait for the upgrade.
        #expect(try records(path) == old)
        let ledger = try SQLiteLedger(path: path)
        try await Loop(ledger).commit(sampleRecord(1_000))
        #expect(try records(path) == old + [sampleRecord(1_000)])
        let cost = try ledger.totals(cutAt: []).reduce(0) { $0 + $1.cost.nanos }
        #expect(cost == (0..<100).reduce(0, +) + 1_000)
        try ledger.close()
        #expect(try sql(path, "SELECT count(*) FROM usage_record WHERE length(hash) = 32") == ["101"])
        #expect(try sql(path, "SELECT value FROM meta WHERE name = 'chain_id'") == ["101"])
        #expect(try sql(path, "PRAGMA integrity_check") == ["ok"])
        // The new statuses are allowed now, and nothing else.
        #expect(throws: (any Error).self) { try sql(path, "UPDATE usage_record SET status = 7 WHERE id = 1") }
        #expect(try sql(path, "UPDATE usage_record SET status = 6 WHERE id = 1 RETURNING 'done'") == ["done"])
        let report = try LedgerAudit.run(path: path)
        #expect(report.findings.filter { $0.kind == .chain }.map(\.record) == [1])
    }

    @Test func anInterruptedUpgradeIsFinishedByTheNextStart() throws {
        try makeLedger(version: 2, oldRecords(1_000))
        let target = directory.file("copy.db")
        let queue = try DatabaseQueue(path: path)
        try queue.inDatabase { db in
            _ = try LedgerSchema.migrate(db, path: path)
            _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
            // The files as a kill after the second piece leaves them.
            try ChainBackfill.run(db, path: path, pieceSize: 400) { if $0.done == 800 { _ = try? sql(path, "VACUUM INTO '\(target)'") } }
        }
        try queue.close()
        #expect(try sql(target, "SELECT count(*) FROM usage_record WHERE hash IS NOT NULL") == ["800"])
        #expect(throws: LedgerFailure.self) { try LedgerAudit.run(path: target) }
        let stages = Mutex<[Int64]>([])
        var settings = SQLiteLedger.Settings()
        settings.report = { work in stages.withLock { $0.append(work.done) } }
        try SQLiteLedger(path: target, settings: settings).close()
        #expect(stages.withLock { $0 } == [800, 1_000])
        let (whole, resumed) = (try LedgerAudit.run(path: path), try LedgerAudit.run(path: target))
        #expect(whole.findings.allSatisfy { $0.kind == .cost } && resumed.findings.allSatisfy { $0.kind == .cost })
        #expect(whole.head == resumed.head && whole.records == 1_000)
    }
}
