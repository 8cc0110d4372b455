import Foundation
import GRDB
import Glibc
import Testing

@testable import Ledger

@Suite struct LedgerFaultTests {
    let directory: TemporaryDirectory
    let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.file("ledger.db")
    }

    @Test func aSecondWriterIsRefused() async throws {
        let ledger = try SQLiteLedger(path: path)
        let path = path
        let refusal = await failure { _ = try SQLiteLedger(path: path) }
        #expect(refusal == .inUse(path: path, holder: Int(getpid())))
        #expect(refusal?.description.contains("another purser is using this ledger") == true)
        try ledger.close()
        try SQLiteLedger(path: path).close()
    }

    @Test func aSecondWriterIsRefusedUnderAnotherNameOfTheFile() async throws {
        let ledger = try SQLiteLedger(path: path)
        let other = directory.file("elsewhere/ledger.db")
        #expect(mkdir(directory.file("elsewhere"), 0o700) == 0 && link(path, other) == 0)
        #expect(await failure { _ = try SQLiteLedger(path: other) } == .inUse(path: other, holder: nil))
        try ledger.close()
        try SQLiteLedger(path: other).close()
    }

    @Test func aNewerVersionIsRefused() async throws {
        try SQLiteLedger(path: path).close()
        _ = try sql(path, "PRAGMA user_version = 99")
        let path = path
        let expected = LedgerFailure.newerVersion(path: path, found: 99, supported: LedgerSchema.version)
        #expect(await failure { _ = try SQLiteLedger(path: path) } == expected)
        #expect(await failure { _ = try UsageReader(path: path) } == expected)
    }

    @Test func anotherProgramsFileIsRefused() async throws {
        _ = try sql(path, "CREATE TABLE t (x)")
        let path = path
        #expect(await failure { _ = try SQLiteLedger(path: path) } == .foreign(path: path))
        #expect(try sql(path, "SELECT name FROM sqlite_schema") == ["t"])
    }

    @Test func garbageIsRefused() async throws {
        try Data("this is no database, whatever its name says. ".utf8 + [UInt8](repeating: 7, count: 5_000)).write(
            to: URL(fileURLWithPath: path))
        let path = path
        guard case .corrupt = await failure({ _ = try SQLiteLedger(path: path) }) else { return #expect(Bool(false), "not refused") }
        guard case .corrupt = await failure({ _ = try UsageReader(path: path) }) else { return #expect(Bool(false), "not refused") }
    }

    @Test(arguments: [1 << 30, 0]) func aDamagedPageIsFound(checkedAtOpen: Int) async throws {
        let ledger = try SQLiteLedger(path: path)
        let loop = try Loop(ledger)
        for number in 0..<500 { try await loop.commit(sampleRecord(number)) }
        try ledger.close()
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        let size = try file.seekToEnd()
        try file.seek(toOffset: size - 4_096)
        try file.write(contentsOf: [UInt8](repeating: 0xA5, count: 4_096))
        try file.close()
        var settings = SQLiteLedger.Settings()
        settings.checkedAtOpen = checkedAtOpen
        do {
            let damaged = try SQLiteLedger(path: path, settings: settings)
            // A large file is checked beside the work: nothing new is sold once the damage is known.
            #expect(checkedAtOpen == 0)
            #expect(try await eventually { !damaged.isHealthy })
            guard case .corrupt = damaged.statistics.lastFailure else { return #expect(Bool(false), "not named") }
        } catch LedgerFailure.corrupt {
        }
    }

    @Test func aMissingLedgerSaysSo() async throws {
        let path = directory.file("none.db")
        guard case .cannotOpen = await failure({ _ = try UsageReader(path: path) }) else { return #expect(Bool(false), "opened") }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func aForeignLockFailsAndHeals() async throws {
        let ledger = try SQLiteLedger(path: path)
        let loop = try Loop(ledger)
        try await loop.commit(sampleRecord(1))
        #expect(try await eventually { ledger.statistics.queued == 0 })
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: path, configuration: configuration)
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        try await loop.commit(sampleRecord(2))
        #expect(try await eventually { !ledger.isHealthy })
        #expect(ledger.statistics.lastFailure == .locked(path: path))
        // What is under way can still be committed, and is seen.
        try await loop.commit(sampleRecord(3))
        #expect(try records(path).map(\.callID) == ["call-1", "call-2", "call-3"])
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        #expect(try await eventually { ledger.isHealthy })
        try ledger.close()
        #expect(try sql(path, "SELECT call_id FROM usage_record ORDER BY id") == ["call-1", "call-2", "call-3"])
        #expect(ledger.statistics.committed == 3 && ledger.statistics.queued == 0)
    }

    @Test func aMovedLedgerIsMissedUntilItIsBack() async throws {
        let ledger = try SQLiteLedger(path: path)
        let loop = try Loop(ledger)
        try await loop.commit(sampleRecord(1))
        #expect(try await eventually { ledger.statistics.queued == 0 })
        let hidden = directory.file("hidden.db")
        for suffix in ["", "-wal", "-shm"] { try FileManager.default.moveItem(atPath: path + suffix, toPath: hidden + suffix) }
        // The writer commits to a file without a name, notices, and takes that for a failure …
        try await loop.commit(sampleRecord(2))
        #expect(try await eventually { !ledger.isHealthy })
        try await loop.commit(sampleRecord(3))
        #expect(!FileManager.default.fileExists(atPath: path))
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: hidden + suffix) {
            try FileManager.default.moveItem(atPath: hidden + suffix, toPath: path + suffix)
        }
        #expect(try await eventually { ledger.isHealthy })
        // … but the position went the way of the record, so it is there once.
        try ledger.close()
        #expect(try records(path).map(\.callID) == ["call-1", "call-2", "call-3"])
    }

    @Test func anotherLedgerInItsPlaceIsNotWritten() async throws {
        let ledger = try SQLiteLedger(path: path)
        let loop = try Loop(ledger)
        try await loop.commit(sampleRecord(1))
        #expect(try await eventually { ledger.statistics.queued == 0 })
        let hidden = directory.file("hidden.db")
        for suffix in ["", "-wal", "-shm"] { try FileManager.default.moveItem(atPath: path + suffix, toPath: hidden + suffix) }
        try LedgerConnection(path: path, settings: .init()).close()
        try await loop.commit(sampleRecord(2))
        #expect(try await eventually { !ledger.isHealthy })
        let refusal = await failure { try ledger.close() }
        guard case .keptInJournals(records: 1, _) = refusal else { return #expect(Bool(false), "\(String(describing: refusal))") }
        #expect(try sql(path, "SELECT count(*) FROM usage_record") == ["0"])
        // Nor is it taken for the right one at the next start; nor an empty place.
        let path = path
        let foreign = LedgerFailure.journalOfAnotherLedger(path: path + "-journal-0")
        #expect(await failure { _ = try SQLiteLedger(path: path) } == foreign)
        #expect(await failure { _ = try records(path) } == foreign)
        try FileManager.default.removeItem(atPath: path)
        #expect(await failure { _ = try SQLiteLedger(path: path) } == foreign)
    }

    @Test(.enabled(if: RamDisk.isPossible)) func aFullDiskFailsAndHeals() async throws {
        let disk = try RamDisk(megabytes: 2)
        defer { disk.unmount() }
        let path = disk.path + "/ledger.db"
        let filler = disk.path + "/filler"
        var settings = SQLiteLedger.Settings.small()
        settings.segmentBytes = 65_536
        let ledger = try SQLiteLedger(path: path, settings: settings)
        let loop = try Loop(ledger)
        try await loop.commit(sampleRecord(0))
        disk.fill(filler)
        // The reserve takes in what is under way …
        var committed = 0
        var refusal: LedgerFailure?
        while refusal == nil, committed < 5_000 {
            refusal = await failure { try await loop.commit(sampleRecord(committed + 1)) }
            if refusal == nil { committed += 1 }
        }
        // … until it is full.
        guard case .storageUnavailable(_, kept: false) = refusal else { return #expect(Bool(false), "\(String(describing: refusal))") }
        #expect(committed > 400 && ledger.statistics.lost == 1)
        #expect(!ledger.isHealthy && ledger.statistics.lastFailure == .full(path: path))
        #expect(try records(path).count == committed + 1)
        unlink(filler)
        #expect(try await eventually { ledger.isHealthy })
        try await loop.commit(sampleRecord(9_999))
        try ledger.close()
        #expect(try records(path).map(\.callID) == (Array(0...committed) + [9_999]).map { "call-\($0)" })
        #expect(try sql(path, "PRAGMA integrity_check") == ["ok"])
    }

    @Test(.enabled(if: RamDisk.isPossible)) func recordsThatStorageNeverTookWaitForTheNextStart() async throws {
        let disk = try RamDisk(megabytes: 2)
        defer { disk.unmount() }
        let path = disk.path + "/ledger.db"
        let settings = SQLiteLedger.Settings.late(segment: 1 << 19)
        let ledger = try SQLiteLedger(path: path, settings: settings)
        let loop = try Loop(ledger)
        // More than fits in the log of the database, which has taken up its space before the disk is full.
        for number in 0..<1_100 { try await loop.commit(sampleRecord(number)) }
        disk.fill(disk.path + "/filler")
        let refusal = await failure { try ledger.close() }
        guard case .keptInJournals(let kept, _) = refusal else { return #expect(Bool(false), "\(String(describing: refusal))") }
        #expect(kept > 0 && kept <= 1_100)
        unlink(disk.path + "/filler")
        let again = try SQLiteLedger(path: path, settings: settings)
        #expect(again.statistics.recovered == kept)
        try again.close()
        #expect(try records(path).map(\.callID) == (0..<1_100).map { "call-\($0)" })
    }

    @Test(.enabled(if: RamDisk.isPossible)) func aReadOnlyPlaceIsNamed() async throws {
        let disk = try RamDisk(megabytes: 1)
        defer { disk.unmount() }
        let path = disk.path + "/ledger.db"
        try SQLiteLedger(path: path).close()
        disk.makeReadOnly()
        #expect(await failure { _ = try SQLiteLedger(path: path) } == .readOnly(path: path))
        #expect(await failure { _ = try KeyStore(path: disk.path + "/keys.db") } == .readOnly(path: disk.path + "/keys.db"))
    }
}

/// A small file system of its own; needs the right to mount.
struct RamDisk {
    let path: String

    static let isPossible: Bool = {
        guard geteuid() == 0, let disk = try? RamDisk(megabytes: 1) else { return false }
        disk.unmount()
        return true
    }()

    init(megabytes: Int) throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("ramdisk-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard mount("ram", path, "tmpfs", 0, "size=\(megabytes)m") == 0 else {
            rmdir(path)
            throw LedgerFailure.invalid("cannot mount")
        }
    }

    func fill(_ file: String) {
        let descriptor = open(file, O_WRONLY | O_CREAT, 0o600)
        let block = [UInt8](repeating: 1, count: 4_096)
        while write(descriptor, block, block.count) > 0 {}
        close(descriptor)
    }

    func makeReadOnly() { #expect(mount("ram", path, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), "") == 0) }

    func unmount() {
        umount2(path, Int32(MNT_DETACH))
        rmdir(path)
    }
}
