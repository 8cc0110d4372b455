import Core
import Foundation
import Testing

@testable import Ledger

@Suite struct SQLiteLedgerTests {
    let directory: TemporaryDirectory
    let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.file("state/ledger.db")
    }

    @Test func everyFieldComesBackAsItWas() async throws {
        let ledger = try SQLiteLedger(path: path)
        let loop = try Loop(ledger)
        let written = (1...60).map(fullRecord) + [sampleRecord(99)]
        for record in written { try await loop.commit(record) }
        // Two spellings of one letter are two names.
        var composed = sampleRecord(100)
        composed.model = "caf\u{e9}"
        var decomposed = sampleRecord(101)
        decomposed.model = "cafe\u{301}"
        try await loop.commit(composed)
        try await loop.commit(decomposed)
        let read = try records(path)
        #expect(read == written + [composed, decomposed])
        #expect(read.suffix(2).map { $0.model.map { Array($0.utf8).count } } == [5, 6])
        try ledger.close()
        #expect(try records(path) == read)
    }

    @Test(arguments: [Int64.min, -1, 0, .max]) func extremeNumbersComeBack(number: Int64) async throws {
        let ledger = try SQLiteLedger(path: path)
        let loop = try Loop(ledger)
        var record = sampleRecord(cost: number, time: number)
        record.tokens = TokenUsage(input: number, output: number)
        record.latencyMicroseconds = number
        try await loop.commit(record)
        #expect(try records(path) == [record])
        // Sums of such numbers neither trap nor fail.
        record.callID = "another"
        try await loop.commit(record)
        let total = try UsageReader(path: path).totals(UsageQuery())
        #expect(total.map(\.cost) == [NanoUSD(nanos: number) + NanoUSD(nanos: number)])
    }

    @Test func aReturnedCommitIsVisibleToOthers() async throws {
        let ledger = try SQLiteLedger(path: path, settings: .small())
        let loops = try (0..<4).map { try Loop(ledger, $0) }
        let path = path
        await withTaskGroup(of: Bool.self) { group in
            for task in 0..<64 {
                group.addTask {
                    for step in 0..<10 {
                        let record = sampleRecord(task * 10 + step)
                        do {
                            try await loops[task % 4].commit(record)
                            guard step == 9 else { continue }
                            var query = UsageQuery()
                            query.requestID = record.requestID
                            if try !records(path, query).contains(record) { return false }
                        } catch {
                            return false
                        }
                    }
                    return true
                }
            }
            for await isVisible in group { #expect(isVisible) }
        }
        #expect(ledger.statistics.committed == 640 && ledger.statistics.lost == 0)
        #expect(Set(try records(path).map(\.callID)).count == 640)
        try ledger.close()
        #expect(ledger.statistics.queued == 0)
        #expect(try sql(path, "SELECT count(DISTINCT call_id) || ' ' || count(*) FROM usage_record") == ["640 640"])
    }

    @Test func recordsAreImportedTogetherAndSoon() async throws {
        let ledger = try SQLiteLedger(path: path)
        let loop = try Loop(ledger)
        for number in 0..<2_000 { try await loop.commit(sampleRecord(number)) }
        #expect(try await eventually { ledger.statistics.queued == 0 })
        #expect(try sql(path, "SELECT count(*) FROM usage_record") == ["2000"])
        #expect(ledger.statistics.largestBatch > 1)
        // The writer has gone to sleep; the next record wakes it.
        try await Task.sleep(for: .milliseconds(150))
        try await loop.commit(sampleRecord(2_000))
        #expect(try await eventually { ledger.statistics.queued == 0 })
    }

    @Test func aCommitWithoutRoomWaitsAndIsThenRefused() async throws {
        let exchange = JournalExchange(waitLimit: 2, patience: .zero)
        let waiting = (0..<3).map { _ in Task { await exchange.waitForRoom(losing: 1) } }
        #expect(try await eventually { exchange.lost == 1 })
        exchange.refuseRooms(.storageUnavailable(cause: "none", kept: false))
        var results: [LedgerFailure?] = []
        for task in waiting { results.append(await task.value) }
        #expect(results.count { $0 == .queueFull(capacity: 2) } == 1)
        #expect(results.count { $0 == .storageUnavailable(cause: "none", kept: false) } == 2)
        #expect(exchange.lost == 3)
        exchange.close()
        #expect(await exchange.waitForRoom(losing: 1) == .closed)
        #expect(await exchange.waitForSync() == .closed)
    }

    @Test func aClosedLedgerRefusesAndKeeps() async throws {
        let ledger = try SQLiteLedger(path: path)
        let loop = try Loop(ledger)
        try await loop.commit(sampleRecord())
        try ledger.close()
        try ledger.close()
        #expect(await failure { try await loop.commit(sampleRecord(2)) } == .closed)
        #expect(await failure { _ = try Loop(ledger, 1) } == .closed)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.file("state")).sorted() == ["ledger.db", "ledger.db.lock"])
        #expect(try records(path) == [sampleRecord()])
        let again = try SQLiteLedger(path: path)
        try await Loop(again).commit(sampleRecord(3))
        try again.close()
        #expect(try records(path).map(\.callID) == ["call-1", "call-3"])
    }

    @Test func theFilesArePrivate() async throws {
        let ledger = try SQLiteLedger(path: path)
        let loop = try Loop(ledger)
        try await loop.commit(sampleRecord())
        for suffix in ["", "-wal", "-shm", ".lock", "-journal-0"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: path + suffix)
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600, "\(suffix)")
        }
    }

    @Test func theLogIsCopiedAndStaysSmall() async throws {
        var settings = SQLiteLedger.Settings()
        settings.checkpointPages = 20
        settings.batchLimit = 3
        let ledger = try SQLiteLedger(path: path, settings: settings)
        let loop = try Loop(ledger)
        for number in 0..<600 { try await loop.commit(sampleRecord(number)) }
        #expect(try await eventually { ledger.statistics.queued == 0 })
        let size = try #require(FileIdentity(path + "-wal")?.size)
        #expect(size < 60 * 4_200)
        try ledger.close()
        #expect(try records(path).count == 600)
        #expect(try sql(path, "PRAGMA integrity_check") == ["ok"])
    }

    @Test func theViewShowsTheContractsNames() async throws {
        let ledger = try SQLiteLedger(path: path)
        let loop = try Loop(ledger)
        var record = fullRecord(4)
        record.cost = NanoUSD(nanos: -1_500_000_001)
        try await loop.commit(record)
        try ledger.close()
        let columns = try sql(path, "SELECT name FROM pragma_table_info('usage')")
        #expect(columns == RecordField.names)
        #expect(
            try sql(path, "SELECT time || ' ' || org || ' ' || cost_usd || ' ' || status || ' ' || latency_ms FROM usage")
                == ["2026-01-01T00:00:00.000Z acme -1.500000001 cut 812.345"])
    }
}
