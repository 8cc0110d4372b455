import Chat
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
        let written = (1...60).map(fullRecord) + [sampleRecord(99)]
        for record in written { try await ledger.commit(record) }
        // Two spellings of one letter are two names.
        var composed = sampleRecord(100)
        composed.model = "caf\u{e9}"
        var decomposed = sampleRecord(101)
        decomposed.model = "cafe\u{301}"
        try await ledger.commit(composed)
        try await ledger.commit(decomposed)
        let read = try records(path)
        #expect(read == written + [composed, decomposed])
        #expect(read.suffix(2).map { $0.model.map { Array($0.utf8).count } } == [5, 6])
        try ledger.close()
        #expect(try records(path) == read)
    }

    @Test(arguments: [Int64.min, -1, 0, .max]) func extremeNumbersComeBack(number: Int64) async throws {
        let ledger = try SQLiteLedger(path: path)
        var record = sampleRecord(cost: number, time: number)
        record.tokens = TokenUsage(input: number, output: number)
        record.latencyMicroseconds = number
        try await ledger.commit(record)
        #expect(try records(path) == [record])
        // Sums of such numbers neither trap nor fail.
        record.callID = "another"
        try await ledger.commit(record)
        let total = try UsageReader(path: path).totals(UsageQuery())
        #expect(total.map(\.cost) == [NanoUSD(nanos: number) + NanoUSD(nanos: number)])
    }

    @Test func aReturnedCommitIsVisibleToOthers() async throws {
        let ledger = try SQLiteLedger(path: path)
        let path = path
        await withTaskGroup(of: Bool.self) { group in
            for task in 0..<64 {
                group.addTask {
                    for step in 0..<10 {
                        let record = sampleRecord(task * 10 + step)
                        do {
                            try await ledger.commit(record)
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
        let statistics = ledger.statistics
        #expect(statistics.committed == 640)
        #expect(statistics.lost == 0 && statistics.queued == 0 && statistics.backlog == 0)
        #expect(Set(try records(path).map(\.callID)).count == 640)
    }

    @Test func recordsThatWaitAreCommittedTogether() async throws {
        let queue = CommitQueue(capacity: 3)
        let ledger = try SQLiteLedger(path: path)
        await withTaskGroup { group in
            for number in 0..<2_000 { group.addTask { try? await ledger.commit(sampleRecord(number)) } }
        }
        #expect(ledger.statistics.batches < 2_000)
        #expect(ledger.statistics.largestBatch > 1)
        #expect(queue.count == 0)
    }

    @Test func aFullQueueRefuses() async throws {
        let queue = CommitQueue(capacity: 2)
        var waiting: [Task<LedgerFailure?, Never>] = []
        for number in 0..<3 {
            waiting.append(
                Task {
                    await withUnsafeContinuation { (waiter: CommitQueue.Waiter) in
                        if let failure = queue.push(sampleRecord(number), waiter) { waiter.resume(returning: failure) }
                    }
                })
        }
        #expect(try await eventually { queue.refused == 1 && queue.count == 2 })
        var batch = CommitQueue.Batch()
        #expect(queue.take(into: &batch, patience: nil))
        for waiter in batch.waiters { waiter.resume(returning: nil) }
        var results: [LedgerFailure?] = []
        for task in waiting { results.append(await task.value) }
        #expect(results.compactMap { $0 } == [.queueFull(capacity: 2)])
    }

    @Test func gatheringEndsAtTheTargetOrInTime() {
        let queue = CommitQueue(capacity: 2)
        var batch = CommitQueue.Batch()
        #expect(queue.take(into: &batch, minimum: 5, patience: .milliseconds(5)))
        #expect(batch.records.isEmpty)
        queue.close()
        #expect(!queue.take(into: &batch, minimum: 5, patience: nil))
    }

    @Test func aClosedLedgerRefusesAndKeeps() async throws {
        let ledger = try SQLiteLedger(path: path)
        try await ledger.commit(sampleRecord())
        try ledger.close()
        try ledger.close()
        #expect(await failure { try await ledger.commit(sampleRecord(2)) } == .closed)
        #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
        #expect(try records(path) == [sampleRecord()])
        let again = try SQLiteLedger(path: path)
        try await again.commit(sampleRecord(3))
        try again.close()
        #expect(try records(path).map(\.callID) == ["call-1", "call-3"])
    }

    @Test func theFilesArePrivate() async throws {
        let ledger = try SQLiteLedger(path: path)
        try await ledger.commit(sampleRecord())
        for suffix in ["", "-wal", "-shm", ".lock"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: path + suffix)
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600, "\(suffix)")
        }
    }

    @Test func theLogIsCopiedAndStaysSmall() async throws {
        var settings = SQLiteLedger.Settings()
        settings.checkpointPages = 20
        let ledger = try SQLiteLedger(path: path, settings: settings)
        for number in 0..<600 { try await ledger.commit(sampleRecord(number)) }
        let size = try #require(FileIdentity(path + "-wal")?.size)
        #expect(size < 60 * 4_200)
        try ledger.close()
        #expect(try records(path).count == 600)
        #expect(try sql(path, "PRAGMA integrity_check") == ["ok"])
    }

    @Test func theViewShowsTheContractsNames() async throws {
        let ledger = try SQLiteLedger(path: path)
        var record = fullRecord(4)
        record.cost = NanoUSD(nanos: -1_500_000_001)
        try await ledger.commit(record)
        try ledger.close()
        let columns = try sql(path, "SELECT name FROM pragma_table_info('usage')")
        #expect(columns == RecordField.names)
        #expect(
            try sql(path, "SELECT time || ' ' || org || ' ' || cost_usd || ' ' || status || ' ' || latency_ms FROM usage")
                == ["2026-01-01T00:00:00.000Z acme -1.500000001 cut 812.345"])
    }
}

@Suite struct PaceTests {
    @Test func onlyAStreamOfRecordsIsWorthWaitingFor() {
        var pace = Pace(window: .seconds(3_600), target: 32)
        #expect(pace.window == nil)
        pace.begin()
        pace.end(records: 1_000_000_000)
        #expect(pace.window != nil)
        pace.begin()
        pace.end(records: 0)
        #expect(pace.window == nil)
        var eager = Pace(window: .zero, target: 32)
        eager.begin()
        eager.end(records: 1_000_000_000)
        #expect(eager.window == nil)
    }
}
