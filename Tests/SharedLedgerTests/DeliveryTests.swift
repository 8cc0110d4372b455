import Core
import Foundation
import Testing

@testable import Ledger
@testable import Limits
@testable import SharedLedger

@Suite(.enabled(if: Server.isThere, Server.isMissing)) struct DeliveryTests {
    private func records(_ database: Database) throws -> [UsageRecord] {
        var records: [UsageRecord] = []
        try PostgreSQLUsageReader(PostgreSQLTarget(url: database.url)).forEachRecord(UsageQuery()) { records.append($0) }
        return records
    }

    @Test func recordsArriveAsTheyWere() async throws {
        let database = try Database.make()
        let directory = try TemporaryDirectory()
        let ledger = try PostgreSQLLedger.quick(database.url, directory.path)
        let loop = try Loop(ledger)
        let written = (1...50).map { fullRecord($0) }
        for record in written { try await loop.commit(record) }
        #expect(try await eventually(within: 3) { try database.number("SELECT count(*) FROM purser.usage_record") == 50 })
        #expect(try await eventually(within: 1) { ledger.statistics.queued == 0 })
        try ledger.close()
        #expect(try records(database) == written)
    }

    /// PostgreSQL knows no NUL; its symbol stands for it.
    @Test func textsThatPostgreSQLDoesNotKnow() async throws {
        let database = try Database.make()
        let ledger = try PostgreSQLLedger.quick(database.url, try TemporaryDirectory().path)
        var record = fullRecord(1)
        record.user = "a\u{0}b"
        record.metadata = [.init("n\u{0}", "\u{0}")]
        try await Loop(ledger).commit(record)
        try ledger.close()
        #expect(try records(database).map(\.user) == ["a\u{2400}b"])
        let query = UsageQuery(groups: [.tag("n\u{2400}")])
        #expect(try PostgreSQLUsageReader(PostgreSQLTarget(url: database.url)).totals(query).map(\.group) == [["\u{2400}"]])
    }

    @Test func sumsAreThoseOfSQLite() async throws {
        let database = try Database.make()
        let (shared, own) = (try TemporaryDirectory(), try TemporaryDirectory())
        let ledger = try PostgreSQLLedger.quick(database.url, shared.path)
        let other = try SQLiteLedger(path: own.path + "/ledger.db")
        let (loop, otherLoop) = (try Loop(ledger), try Loop(other))
        var half = WallTime.now
        for number in 1...60 {
            if number == 31 {
                try await Task.sleep(for: .milliseconds(5))
                half = .now
            }
            var record = fullRecord(number)
            // Larger than any sum that fits.
            if number > 58 { record.cost = NanoUSD(nanos: .max) }
            if number.isMultiple(of: 7) { (record.metadata, record.priceVersion) = ([], "unpriced") }
            try await loop.commit(record)
            try await otherLoop.commit(record)
        }
        try ledger.close()
        try other.close()
        let source = try LedgerStores.usage(LedgerURL(database.url))
        let reference = try LedgerStores.usage(LedgerURL("sqlite:" + own.path + "/ledger.db"))
        for groups in [
            [], [UsageGrouping.field(.arm), .tag("branch")], [.field(.key)], [.field(.user)], [.field(.status), .field(.errorCode)],
        ] {
            for since in [nil, half] {
                let query = UsageQuery(since: since, groups: groups)
                #expect(try source.totals(query) == reference.totals(query))
            }
        }
        #expect(try source.totals(UsageQuery(until: half, requestID: "req-3")).map(\.calls) == [3])
        var csv = ""
        try UsageReport.write(UsageQuery(groups: [.field(.model)]), from: source, as: .csv) { csv += $0 }
        #expect(csv.contains("openai/gpt-4o-mini,60"))
    }

    @Test func nothingIsLostOrDoubledWhileTheServerIsRestarted() async throws {
        let server = try Server()
        let database = try server.database()
        let directory = try TemporaryDirectory()
        let ledger = try PostgreSQLLedger.quick(database.url, directory.path) { $0.batchLimit = 50 }
        let loops = [try Loop(ledger, 0), try Loop(ledger, 1)]
        let isOver = Flag()
        let writing = Task {
            var number = 0
            while !isOver.value {
                number += 1
                try await loops[number % 2].commit(fullRecord(number, cost: 1))
                if number.isMultiple(of: 8) { try await Task.sleep(for: .milliseconds(2)) }
            }
            return number
        }
        for _ in 0..<3 {
            try await Task.sleep(for: .milliseconds(300))
            try server.restart()
        }
        try server.stop()
        #expect(try await eventually { !ledger.isServerReachable })
        // Away, but records are taken all the same.
        #expect(ledger.isHealthy)
        try await Task.sleep(for: .milliseconds(500))
        try server.start()
        #expect(try await eventually { ledger.isServerReachable })
        isOver.set()
        let written = try await writing.value
        try ledger.close()
        #expect(try database.number("SELECT count(*) FROM purser.usage_record") == written)
        #expect(try database.number("SELECT count(DISTINCT call_id) FROM purser.usage_record") == written)
        try server.stop()
    }

    @Test func whatIsNotDeliveredStaysAndComesLater() async throws {
        let server = try Server()
        let database = try server.database()
        let directory = try TemporaryDirectory()
        let ledger = try PostgreSQLLedger.quick(database.url, directory.path) { $0.spoolLimit = 100 }
        let loop = try Loop(ledger)
        try server.stop()
        for number in 1...150 { try await loop.commit(fullRecord(number)) }
        #expect(try await eventually { !ledger.isHealthy })
        #expect(ledger.statistics.lastFailure != nil)
        #expect {
            try ledger.close()
        } throws: {
            guard case .keptInJournals(150, _) = $0 as? LedgerFailure else { return false }
            return true
        }
        try server.start()
        let next = try PostgreSQLLedger.quick(database.url, directory.path)
        try next.close()
        #expect(try database.number("SELECT count(DISTINCT call_id) FROM purser.usage_record") == 150)
        try server.stop()
    }

    /// A hold that a crash has left open is charged in full by the next start, and comes to PostgreSQL like any record; so does its refund.
    @Test func holdsInDoubtArrive() async throws {
        let database = try Database.make()
        let directory = try TemporaryDirectory()
        let ledger = try PostgreSQLLedger.quick(database.url, directory.path)
        let loop = try Loop(ledger)
        try await loop.hold(
            HoldRecord(
                id: "call-1", requestID: "r", time: .now, requestedModel: "auto", amount: NanoUSD(nanos: 700), tokens: 10,
                priceVersion: "1/-/-/2"))
        try ledger.close()
        let next = try PostgreSQLLedger.quick(database.url, directory.path)
        _ = try await next.refund("r", note: "it never left")
        try next.close()
        #expect(try records(database).map(\.status) == [.inDoubt, .refund])
        #expect(try records(database).map(\.cost.nanos) == [700, -700])
    }

    @Test func aCopyOfTheStateIsRefused() async throws {
        let database = try Database.make()
        let (directory, copy) = (try TemporaryDirectory(), try TemporaryDirectory())
        for (place, number) in [(directory, 1), (directory, 2), (copy, 3)] {
            let ledger = try PostgreSQLLedger.quick(database.url, place.path)
            try await Loop(ledger).commit(fullRecord(number))
            try ledger.close()
            if number == 1 {
                try FileManager.default.copyItem(atPath: directory.path + "/spool.db", toPath: copy.path + "/spool.db")
            }
            if number == 2 {
                #expect(throws: LedgerFailure.self) { try PostgreSQLLedger.quick(database.url, copy.path) }
                break
            }
        }
        #expect(try database.number("SELECT count(*) FROM purser.usage_record") == 2)
    }

    @Test func deliveredRecordsLeaveTheSpool() async throws {
        let database = try Database.make()
        let directory = try TemporaryDirectory()
        let ledger = try PostgreSQLLedger.quick(database.url, directory.path)
        let loop = try Loop(ledger)
        for number in 1...12_000 {
            var record = fullRecord(number, cost: 1)
            record.time = WallTime.now.advanced(bySeconds: -7_200)
            try await loop.commit(record)
        }
        #expect(try await eventually { try database.number("SELECT count(*) FROM purser.usage_record") == 12_000 })
        let spool = directory.path + "/spool.db"
        #expect(
            try await eventually {
                var left = 0
                try UsageReader(path: spool).forEachRecord(UsageQuery()) { _ in left += 1 }
                return left == 10_000
            })
        #expect(try ledger.totals(cutAt: []).reduce(0) { $0 + $1.cost.nanos } == 12_000)
        try ledger.close()
        try PostgreSQLLedger.quick(database.url, directory.path).close()
        #expect(try database.number("SELECT count(*) FROM purser.usage_record") == 12_000)
    }
}

/// A flag between tasks.
final class Flag: @unchecked Sendable {
    private let lock = NSLock()
    private var isSet = false

    var value: Bool { lock.withLock { isSet } }
    func set() { lock.withLock { isSet = true } }
}
