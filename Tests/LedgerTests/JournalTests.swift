import Foundation
import Glibc
import TestSupport
import Testing

@testable import Ledger

@Suite struct JournalTests {
    let directory: TemporaryDirectory
    let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.file("ledger.db")
    }

    @Test func checksumsAreThoseOfXXH64() {
        let texts = [
            "": 0xEF46_DB37_51D8_E999, "a": 0xD24E_C4F1_A98C_6E5B, "abc": 0x44BC_2CF5_AD77_0999,
            "Nobody inspects the spammish repetition": 0xFBCE_A83C_8A37_8BF1 as UInt64,
        ]
        for (text, hash) in texts { #expect(Array(text.utf8).withUnsafeBytes { XXH64.hash($0) } == hash, "\(text)") }
    }

    @Test func segmentsAreReusedWithoutLoss() async throws {
        let ledger = try SQLiteLedger(path: path, settings: .small(interval: .milliseconds(1), patience: .seconds(10)))
        let loops = try (0..<2).map { try Loop(ledger, $0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for number in 0..<100 { try await loops[task % 2].commit(fullRecord(task * 1_000 + number)) }
                }
            }
            try await group.waitForAll()
        }
        try ledger.close()
        #expect(try sql(path, "SELECT count(DISTINCT call_id) || ' ' || count(*) FROM usage_record") == ["800 800"])
        #expect(try sql(path, "SELECT journal || ' ' || sequence FROM journal_position") == ["0 400", "1 400"])
    }

    @Test func aRecordLargerThanASegmentIsRefused() async throws {
        let ledger = try SQLiteLedger(path: path, settings: .small())
        let loop = try Loop(ledger)
        try await loop.commit(sampleRecord(1))
        var large = sampleRecord(2)
        large.user = String(repeating: "x", count: 5_000)
        let record = large
        guard case .invalid = await failure({ try await loop.commit(record) }) else { return #expect(Bool(false), "taken") }
        try await loop.commit(sampleRecord(3))
        try ledger.close()
        #expect(try records(path).map(\.callID) == ["call-1", "call-3"])
    }

    /// A commit that races with the end of the ledger either returns, and then the record is there, or fails, and then it is not.
    @Test func theEndIsSharp() async throws {
        for round in 0..<20 {
            let path = directory.file("round-\(round).db")
            let ledger = try SQLiteLedger(path: path, settings: .small(patience: .seconds(10)))
            let loop = try Loop(ledger)
            let appending = Task {
                var committed: [String] = []
                while true {
                    let record = sampleRecord(committed.count)
                    let refusal = await failure { try await loop.commit(record) }
                    if refusal == .closed { return committed }
                    #expect(refusal == nil)
                    committed.append(record.callID)
                }
            }
            #expect(try await eventually { ledger.statistics.committed > 10 * round })
            try ledger.close()
            let committed = await appending.value
            #expect(try records(path).map(\.callID) == committed)
        }
    }

    @Test func aLoopHasOneJournal() async throws {
        let ledger = try SQLiteLedger(path: path)
        _ = try Loop(ledger, 3)
        guard case .invalid = await failure({ _ = try Loop(ledger, 3) }) else { return #expect(Bool(false), "given twice") }
        guard case .invalid = await failure({ _ = try Loop(ledger, -1) }) else { return #expect(Bool(false), "given") }
    }

    @Test func fullDurabilityWaitsForTheDevice() async throws {
        var settings = SQLiteLedger.Settings.late()
        settings.durability = .full
        let ledger = try SQLiteLedger(path: path, settings: settings)
        let loops = try (0..<2).map { try Loop(ledger, $0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<16 { group.addTask { for step in 0..<5 { try await loops[task % 2].commit(sampleRecord(task * 10 + step)) } } }
            try await group.waitForAll()
        }
        #expect(try records(path).count == 80)
        try ledger.close()
        #expect(try sql(path, "SELECT count(*) FROM usage_record") == ["80"])
    }

    @Test func journalsOfLoopsThatAreNoMoreAreTakenOver() async throws {
        let ledger = try SQLiteLedger(path: path, settings: .late())
        for index in [0, 1, 7] { try await Loop(ledger, index).commit(sampleRecord(index)) }
        let target = directory.file("copy.db")
        try copyLedger(path, to: target)
        try ledger.close()
        // A draft that was never finished holds nothing.
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: target + "-journal-9.new"))
        let again = try SQLiteLedger(path: target)
        #expect(!FileManager.default.fileExists(atPath: target + "-journal-9.new"))
        #expect(again.statistics.recovered == 3)
        #expect(try sql(target, "SELECT call_id FROM usage_record ORDER BY id") == ["call-0", "call-1", "call-7"])
        #expect(try JournalFiles.all(target).isEmpty)
        try await Loop(again, 1).commit(sampleRecord(8))
        try again.close()
        #expect(try sql(target, "SELECT journal || ' ' || sequence FROM journal_position") == ["0 1", "1 2", "7 1"])
    }

    /// Random work, kills (copies of the files) and restarts: nothing is lost, nothing is doubled, and a reader agrees at every moment.
    @Test func nothingIsLostAndNothingDoubled() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("journal property seed \(seed)")
        var random = SeededGenerator(seed)
        var current = path
        var expected: [String] = []
        for life in 0..<25 {
            var settings = SQLiteLedger.Settings.small(
                interval: .milliseconds(Int.random(in: 0...20, using: &random)), patience: .seconds(10))
            settings.batchLimit = Int.random(in: 1...40, using: &random)
            let ledger = try SQLiteLedger(path: current, settings: settings)
            let loops = try (0..<Int.random(in: 1...3, using: &random)).map { try Loop(ledger, $0) }
            for step in 0..<Int.random(in: 0...60, using: &random) {
                let record = fullRecord(life * 1_000 + step)
                try await loops[Int.random(in: 0..<loops.count, using: &random)].commit(record)
                expected.append(record.callID)
                if step % 13 == 0 { try await Task.sleep(for: .milliseconds(Int.random(in: 0...8, using: &random))) }
                if step % 17 == 0 {
                    #expect(try records(current).map(\.callID).sorted() == expected.sorted(), "seed \(seed), life \(life)")
                }
            }
            if Bool.random(using: &random) {
                let next = directory.file("life-\(life).db")
                // While the writer is at work, as a kill would find it.
                try copyLedger(current, to: next)
                try ledger.close()
                current = next
            } else {
                try ledger.close()
            }
            #expect(try records(current).map(\.callID).sorted() == expected.sorted(), "seed \(seed), life \(life)")
        }
        try SQLiteLedger(path: current).close()
        #expect(try sql(current, "SELECT call_id FROM usage_record").sorted() == expected.sorted(), "seed \(seed)")
        #expect(try sql(current, "PRAGMA integrity_check") == ["ok"])
    }
}
