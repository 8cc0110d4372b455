import Foundation
import Glibc
import TestSupport
import Testing

@testable import Ledger

@Suite struct JournalDamageTests {
    let directory: TemporaryDirectory
    let path: String
    var journal: String { path + "-journal-0" }

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.file("ledger.db")
    }

    /// Copies ledger and journals as a kill at this moment would leave them.
    private func copy(to target: String) throws { try copyLedger(path, to: target) }

    @Test func everyCutOfARecordIsNoRecord() {
        let record = fullRecord(7)
        var segment = [UInt8](repeating: 0, count: 4_096)
        let end = segment.withUnsafeMutableBytes { JournalFrame.write(record, sequence: 9, to: $0, at: 8) }
        guard let end else { return #expect(Bool(false), "no room") }
        segment.withUnsafeBytes { bytes in
            let frame = JournalFrame(bytes, at: 8, sequence: 9)
            #expect(frame?.end == end && JournalFrame(bytes, at: 8, sequence: 8) == nil)
            guard let payload = frame?.payload else { return }
            #expect(UsageRecord(journaled: UnsafeRawBufferPointer(rebasing: bytes[payload])) == record)
            for count in 0..<payload.count {
                #expect(UsageRecord(journaled: UnsafeRawBufferPointer(rebasing: bytes[payload].prefix(count))) == nil)
            }
            for count in 0..<end { #expect(JournalFrame(UnsafeRawBufferPointer(rebasing: bytes[..<count]), at: 8, sequence: 9) == nil) }
        }
        for size in 0..<end {
            var small = [UInt8](repeating: 0, count: size)
            #expect(small.withUnsafeMutableBytes { JournalFrame.write(record, sequence: 9, to: $0, at: 8) } == nil)
        }
    }

    @Test func randomBytesAreNoRecords() {
        var random = SeededGenerator(3)
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0...300, using: &random)).map { _ in UInt8.random(in: 0...3, using: &random) }
            bytes.withUnsafeBytes { _ = UsageRecord(journaled: $0) }
            #expect(bytes.withUnsafeBytes { JournalFrame($0, at: 0, sequence: 1) } == nil)
        }
    }

    @Test(arguments: [0, 1]) func everyDamageOfTheLastRecordIsNoticed(mode: Int) async throws {
        let ledger = try SQLiteLedger(path: path, settings: .late())
        let loop = try Loop(ledger)
        for number in 0..<3 { try await loop.commit(sampleRecord(number)) }
        let target = directory.file("copy.db")
        try copy(to: target)
        try ledger.close()
        var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: target + "-journal-0")))
        let place = JournalLayout.words(of: 0) + 8
        let end = Int(bytes.number(at: place, UInt64.self))
        // The start of the last of three records of the same size.
        let start = end / 3 * 2
        if mode == 1 {
            // The process died before the record was committed.
            withUnsafeBytes(of: UInt64(start).littleEndian) { bytes.replaceSubrange(place..<place + 8, with: $0) }
        }
        // Up to seven bytes of padding at the end may be anything.
        for offset in start..<end - 7 {
            var damaged = bytes
            damaged[JournalLayout.headerBytes + offset] ^= 0x40
            try Data(damaged).write(to: URL(fileURLWithPath: target + "-journal-0"))
            let image = try #require(try JournalImage(name: "0", path: target + "-journal-0"))
            #expect(image.items.map(\.sequence) == [1, 2] && (image.damage != nil) == (mode == 0), "\(offset)")
            guard offset % 40 == 0 else { continue }
            if mode == 0 {
                guard case .journalDamaged = await failure({ _ = try records(target) }) else { return #expect(Bool(false), "not noticed") }
            } else {
                #expect(try records(target).map(\.callID) == ["call-0", "call-1"])
            }
        }
    }

    @Test func damageInTheMiddleCostsOnlyWhatIsDamaged() async throws {
        let ledger = try SQLiteLedger(path: path, settings: .late())
        let loop = try Loop(ledger)
        for number in 0..<9 { try await loop.commit(sampleRecord(number)) }
        let target = directory.file("copy.db")
        try copy(to: target)
        try ledger.close()
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: target + "-journal-0"))
        let end = Int([UInt8](try #require(try file.readToEnd())).number(at: JournalLayout.words(of: 0) + 8, UInt64.self))
        try file.seek(toOffset: UInt64(JournalLayout.headerBytes + end / 9 * 4 + 30))
        try file.write(contentsOf: [0xFF])
        try file.close()
        // Refused again and again until the file is moved, with everything else already in the ledger, once.
        let expected = [0, 1, 2, 3, 5, 6, 7, 8].map { "call-\($0)" }
        for _ in 0..<2 {
            guard case .journalDamaged = await failure({ _ = try SQLiteLedger(path: target) }) else { return #expect(Bool(false), "used") }
            #expect(try sql(target, "SELECT call_id FROM usage_record ORDER BY id") == expected)
        }
        try FileManager.default.moveItem(atPath: target + "-journal-0", toPath: target + "-journal-0.aside")
        let again = try SQLiteLedger(path: target)
        try await Loop(again).commit(sampleRecord(10))
        try again.close()
        #expect(try records(target).map(\.callID) == expected + ["call-10"])
    }

    @Test func afterALossOfPowerWhatIsThereIsTakenAndTheRestKept() async throws {
        let ledger = try SQLiteLedger(path: path, settings: .late())
        let loop = try Loop(ledger)
        for number in 0..<4 { try await loop.commit(sampleRecord(number)) }
        let target = directory.file("copy.db")
        try copy(to: target)
        try ledger.close()
        let journal = target + "-journal-0"
        var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: journal)))
        let before = try JournalHeader(bytes, path: journal)
        let header = JournalHeader(ledgerID: before.ledgerID, segmentBytes: before.segmentBytes, bootID: "an earlier start of the system")
        bytes.replaceSubrange(0..<JournalHeader.size, with: header.bytes)
        let end = Int(bytes.number(at: JournalLayout.words(of: 0) + 8, UInt64.self))
        for index in end / 4 * 3..<end { bytes[JournalLayout.headerBytes + index] = 0 }
        try Data(bytes).write(to: URL(fileURLWithPath: journal))
        #expect(try records(target).count == 3)
        let again = try SQLiteLedger(path: target)
        #expect(again.isHealthy && again.statistics.recovered == 3)
        guard case .journalDamaged(journal, _) = again.statistics.lastFailure else { return #expect(Bool(false), "not said") }
        try again.close()
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(files.count { $0.hasPrefix("copy.db-journal-0.damaged-") } == 1)
        #expect(try records(target).map(\.callID) == ["call-0", "call-1", "call-2"])
    }

    @Test(arguments: ["garbage", "short", "newer", "header"]) func whatIsNoJournalIsRefused(kind: String) async throws {
        try SQLiteLedger(path: path).close()
        var bytes = JournalHeader(ledgerID: String(repeating: "0", count: 32), segmentBytes: 4_096).bytes
        bytes += [UInt8](repeating: 0, count: JournalLayout.fileBytes(segment: 4_096) - bytes.count)
        switch kind {
        case "garbage": bytes = Array("this is no journal".utf8) + bytes
        case "short": bytes.removeLast()
        case "newer": bytes[8] = 3
        default: bytes[20] ^= 1
        }
        try Data(bytes).write(to: URL(fileURLWithPath: journal))
        let path = path
        let opening = await failure { _ = try SQLiteLedger(path: path) }
        #expect(await failure { _ = try records(path) } == opening)
        if kind == "newer" {
            #expect(opening == .newerVersion(path: journal, found: 3, supported: 2))
        } else {
            guard case .journalDamaged(journal, _) = opening else { return #expect(Bool(false), "\(String(describing: opening))") }
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: journal)) == Data(bytes))
    }
}
