import Core
import Foundation
import GRDB
import Testing

@testable import Ledger

@Suite struct AuditTests {
    let directory: TemporaryDirectory
    let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.file("ledger.db")
    }

    /// A record whose cost is what its tokens cost.
    private func priced(_ number: Int) -> UsageRecord {
        var record = fullRecord(number)
        record.status = .ok
        record.hold = nil
        record.tokens = TokenUsage(input: Int64(number) * 10, cachedInput: Int64(number), output: 7)
        // Each third has a tier and kinds of tokens of its own.
        if number % 3 == 0 {
            record.priceVersion = "priority:3/0.3/3.75/15+1h=6+audio_in=40+audio_out=80"
            record.tokens = TokenUsage(
                input: Int64(number) * 10, cacheWrite: 5, cacheWriteHour: 4, audioInput: 3, output: 7, audioOutput: 2, tier: .priority)
        }
        record.cost = PriceList(version: record.priceVersion)?.cost(of: record.tokens) ?? .zero
        return record
    }

    private func makeLedger(_ count: Int = 30) async throws {
        let ledger = try SQLiteLedger(path: path)
        let loop = try Loop(ledger)
        for number in 1...count { try await loop.commit(priced(number)) }
        try ledger.close()
        #expect(try LedgerAudit.run(path: path).isSound)
    }

    /// Does what somebody with `sqlite3` could do, and verifies.
    private func tampered(_ statement: String) throws -> AuditReport {
        _ = try sql(path, statement)
        return try LedgerAudit.run(path: path)
    }

    @Test func aSoundLedgerSaysSo() async throws {
        try await makeLedger()
        let report = try LedgerAudit.run(path: path)
        #expect(report.records == 30 && report.checkedCosts == 30 && report.sums > 0 && report.head.count == 64)
        #expect(report.text.hasSuffix("everything adds up\n"))
        let json = try #require(try JSONSerialization.jsonObject(with: Data(report.json.utf8)) as? [String: Any])
        #expect(json["ok"] as? Bool == true && json["records"] as? Int == 30 && json["head"] as? String == report.head)
        // What was noted before is found again as long as nothing was changed.
        let ledger = try SQLiteLedger(path: path)
        try await Loop(ledger).commit(priced(31))
        try ledger.close()
        #expect(try LedgerAudit.run(path: path).head != report.head)
        let hashes = try sql(path, "SELECT lower(hex(hash)) FROM usage_record ORDER BY id")
        #expect(hashes[29] == report.head)
    }

    @Test func aChangedCostIsNamed() async throws {
        try await makeLedger()
        let report = try tampered("UPDATE usage_record SET cost_nanos = cost_nanos - 1 WHERE id = 7")
        #expect(report.findings.contains { $0.kind == .chain && $0.record == 7 && $0.callID == "call-7" })
        #expect(report.findings.contains { $0.kind == .cost && $0.record == 7 })
        #expect(report.findings.contains { $0.kind == .sum })
        // Its neighbours are not accused.
        #expect(report.findings.allSatisfy { $0.record == 7 || $0.kind == .sum })
        #expect(report.text.contains("chain: record 7, call call-7: it was changed"))
        let json = try #require(try JSONSerialization.jsonObject(with: Data(report.json.utf8)) as? [String: Any])
        #expect(json["ok"] as? Bool == false && (json["findings"] as? [Any])?.count == report.findings.count)
    }

    @Test(arguments: [
        "user = 'Eve'", "request_id = 'x'", "time = time + 1", "metadata = NULL", "flags = flags + 2", "status = 1", "latency_us = 0",
        "model = (SELECT id FROM name WHERE text = 'code')", "parent = NULL", "first_token_us = 5", "hold = 'h'",
    ]) func everyChangedFieldIsNamed(change: String) async throws {
        try await makeLedger()
        let report = try tampered("UPDATE usage_record SET \(change) WHERE id = 14")
        #expect(report.findings.contains { $0.kind == .chain && $0.record == 14 }, "\(report.text)")
        #expect(report.findings.allSatisfy { $0.kind != .chain || $0.record == 14 }, "\(report.text)")
    }

    @Test func aMissingRecordIsNamed() async throws {
        try await makeLedger()
        let report = try tampered("DELETE FROM usage_record WHERE id = 12")
        #expect(report.findings.contains { $0.kind == .chain && $0.record == 13 && $0.detail.contains("records 12 to 12 are missing") })
        #expect(report.findings.contains { $0.kind == .chain && $0.record == 13 && $0.callID == "call-13" })
        #expect(report.findings.contains { $0.kind == .sum })
    }

    @Test func aMissingEndIsNoticed() async throws {
        try await makeLedger()
        var report = try tampered("DELETE FROM usage_record WHERE id = 30")
        #expect(report.findings.contains { $0.kind == .chain && $0.detail == "the chain ends with record 30, the last record is 29" })
        // The next record takes the number, but not the place.
        let ledger = try SQLiteLedger(path: path)
        try await Loop(ledger).commit(priced(40))
        try ledger.close()
        report = try LedgerAudit.run(path: path)
        #expect(report.findings.contains { $0.kind == .chain && $0.record == 30 && $0.callID == "call-40" })
    }

    @Test func swappedRecordsAreNamed() async throws {
        try await makeLedger()
        _ = try sql(path, "UPDATE usage_record SET id = -5 WHERE id = 5")
        _ = try sql(path, "UPDATE usage_record SET id = 5 WHERE id = 6")
        let report = try tampered("UPDATE usage_record SET id = 6 WHERE id = -5")
        #expect(Set(report.findings.compactMap(\.record)) == [5, 6, 7])
        #expect(report.findings.allSatisfy { $0.kind == .chain })
    }

    @Test func aRecordOfAnotherProgramIsNamed() async throws {
        try await makeLedger()
        let report = try tampered(
            """
            INSERT INTO usage_record SELECT 31, request_id, 'call-new', parent, time, org, team, key_id, user, metadata, requested_model, route, task,
              complexity, experiment, arm, role, provider, model, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens,
              reasoning_tokens, cost_nanos, price_version, latency_us, first_token_us, status, error_code, flags, tool, hold, NULL, NULL, NULL, NULL
            FROM usage_record WHERE id = 3
            """)
        #expect(report.findings.contains { $0.kind == .chain && $0.record == 31 && $0.detail.contains("another program") })
    }

    @Test func aChangedSumIsNamed() async throws {
        try await makeLedger()
        let report = try tampered("UPDATE spending SET cost_nanos = cost_nanos - 5 WHERE span = 1 AND payer = 1")
        #expect(!report.findings.isEmpty && report.findings.allSatisfy { $0.kind == .sum && $0.detail.hasPrefix("2026-01-01") })
        let other = try tampered("DELETE FROM spending WHERE span = 2")
        #expect(other.findings.contains { $0.detail.hasPrefix("all time, research · key_1") && $0.detail.contains("stored 0 USD") })
        let third = try tampered("UPDATE payer SET team = 0")
        #expect(third.findingCount > other.findingCount)
    }

    @Test func changedWordsAndTwoRecordsOfACallAreNamed() async throws {
        let ledger = try SQLiteLedger(path: path)
        let loop = try Loop(ledger)
        for number in [1, 2, 3, 2] { try await loop.commit(priced(number)) }
        try ledger.close()
        let report = try LedgerAudit.run(path: path)
        #expect(report.findings.map(\.kind) == [.duplicate] && report.findings.first?.record == 4)
        let renamed = try tampered("UPDATE name SET text = 'openai/gpt-5' WHERE text = 'openai/gpt-4o-mini'")
        #expect(Set(renamed.findings.filter { $0.kind == .chain }.map(\.record)) == [1, 2, 3, 4])
    }

    @Test func aHoldThatShouldHaveEndedIsNamed() async throws {
        let ledger = try SQLiteLedger(path: path)
        let loop = try Loop(ledger)
        var record = priced(1)
        record.hold = record.callID
        record.settlesHold = true
        try await loop.hold(sampleHold(1))
        try await loop.commit(record)
        #expect(try await eventually { ledger.statistics.queued == 0 })
        let report = try tampered("INSERT INTO hold VALUES ('call-1', '0', 1, 0, 0, x'00')")
        // The gateway runs, so that something is held is no news.
        #expect(report.findings.map(\.kind) == [.hold] && report.findings.first?.record == 1 && report.openHolds == 1)
        try ledger.close()
    }

    @Test func whatCannotBeReadIsNamedAndNothingStops() async throws {
        try await makeLedger()
        let report = try tampered("UPDATE usage_record SET requested_model = 99999, metadata = 'no object' WHERE id = 9")
        #expect(report.findings.contains { $0.kind == .record && $0.record == 9 })
        #expect(report.records == 30)
        #expect(throws: LedgerFailure.self) { try LedgerAudit.run(path: directory.file("none.db")) }
    }

    @Test func itRunsBesideAGatewayAtWork() async throws {
        let ledger = try SQLiteLedger(path: path, settings: .small(interval: .milliseconds(1), patience: .seconds(10)))
        let loop = try Loop(ledger)
        for round in 0..<10 {
            async let writing: Void = {
                for number in 1...200 { try await loop.commit(priced(round * 200 + number)) }
            }()
            for _ in 0..<3 {
                #expect(try LedgerAudit.run(path: path).isSound)
                await Task.yield()
            }
            try await writing
        }
        // Whether somebody writes is asked without taking the right to.
        #expect(LedgerLock.isHeld(database: path))
        try ledger.close()
        #expect(!LedgerLock.isHeld(database: path))
    }

    @Test(arguments: ["0.15/0.075/-/0.6", "1/-/-/2", "0/0/0/0", "1.25/-/3.75/10", "2/0.1/2.5/10>272000:4/-/5/15", "free", "unpriced"])
    func priceVersionsAreReadBack(version: String) {
        #expect(Pricing(version: version)?.version == version)
    }

    @Test(arguments: [
        "", "1/2/3", "1/2/3/4/5", "-/1/1/1", "1/-/-/-", "-1/-/-/2", "a/-/-/b", "1/x/-/2", "1/-/x/2", "Free", "1/-/-/2>", "1/-/-/2>9",
        "1/-/-/2>-9:1/-/-/2", "1/-/-/2>9:1/2",
    ])
    func otherTextsAreNoPriceVersions(version: String) {
        #expect(Pricing(version: version) == nil)
    }
}
