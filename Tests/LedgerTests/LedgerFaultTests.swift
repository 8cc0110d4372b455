import Chat
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
        for number in 0..<500 { try await ledger.commit(sampleRecord(number)) }
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
        try await ledger.commit(sampleRecord(1))
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: path, configuration: configuration)
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        let refusal = await failure { try await ledger.commit(sampleRecord(2)) }
        guard case .storageUnavailable(_, kept: true) = refusal else { return #expect(Bool(false), "\(String(describing: refusal))") }
        #expect(!ledger.isHealthy)
        #expect(ledger.statistics.lastFailure == .locked(path: path))
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        #expect(try await eventually { ledger.isHealthy })
        try await ledger.commit(sampleRecord(3))
        #expect(try records(path).map(\.callID) == ["call-1", "call-2", "call-3"])
        #expect(ledger.statistics.committed == 3 && ledger.statistics.backlog == 0)
    }

    @Test func aCommitThatWasReportedAsFailedIsNotRepeated() async throws {
        let ledger = try SQLiteLedger(path: path)
        try await ledger.commit(sampleRecord(1))
        // The file goes away under the writer: it commits to a file without a name, notices, and takes that for a failure …
        let hidden = directory.file("hidden.db")
        for suffix in ["", "-wal", "-shm"] { try FileManager.default.moveItem(atPath: path + suffix, toPath: hidden + suffix) }
        let refusal = await failure { try await ledger.commit(sampleRecord(2)) }
        guard case .storageUnavailable(_, kept: true) = refusal else { return #expect(Bool(false), "\(String(describing: refusal))") }
        // … so the record is also in the file that takes its place, once.
        #expect(try await eventually { ledger.isHealthy })
        try await ledger.commit(sampleRecord(3))
        try ledger.close()
        #expect(try records(path).map(\.callID) == ["call-2", "call-3"])
    }

    @Test func theTailOfTheFileIsNotRepeated() async throws {
        // What recovery does when the failed commit had reached the file.
        let settings = SQLiteLedger.Settings()
        let connection = try LedgerConnection(path: path, settings: settings)
        var refusals: [Int: LedgerFailure] = [:]
        try connection.append([sampleRecord(1), sampleRecord(2)], refusals: &refusals)
        let known = connection.lastID
        try connection.append([sampleRecord(3), sampleRecord(4)], refusals: &refusals)
        #expect(try connection.callIDs(after: known) == ["call-3", "call-4"])
        #expect(refusals.isEmpty)
    }

    @Test(.enabled(if: RamDisk.isPossible)) func aFullDiskFailsAndHeals() async throws {
        let disk = try RamDisk(megabytes: 2)
        defer { disk.unmount() }
        let path = disk.path + "/ledger.db"
        var settings = SQLiteLedger.Settings()
        settings.backlogCapacity = 10
        let ledger = try SQLiteLedger(path: path, settings: settings)
        try await ledger.commit(sampleRecord(0))
        let filler = disk.path + "/filler"
        disk.fill(filler)
        var outcomes: [Int: LedgerFailure?] = [:]
        for number in 1...400 { outcomes[number] = await failure { try await ledger.commit(sampleRecord(number)) } }
        #expect(!ledger.isHealthy)
        let lost = outcomes.filter { if case .storageUnavailable(_, kept: false) = $0.value { true } else { false } }.map(\.key)
        #expect(lost.count > 0 && ledger.statistics.lost == lost.count && ledger.statistics.backlog == 10)
        #expect(ledger.statistics.lastFailure == .full(path: path))
        unlink(filler)
        #expect(try await eventually { ledger.isHealthy })
        try await ledger.commit(sampleRecord(500))
        // Everything is there once: what was committed, what was kept, what came after.
        let expected = Set((0...400).filter { !lost.contains($0) } + [500]).map { "call-\($0)" }
        #expect(try records(path).map(\.callID).sorted() == expected.sorted())
        try ledger.close()
        #expect(try sql(path, "PRAGMA integrity_check") == ["ok"])
    }

    @Test(.enabled(if: RamDisk.isPossible)) func recordsThatStorageNeverTookAreReportedAtClose() async throws {
        let disk = try RamDisk(megabytes: 1)
        defer { disk.unmount() }
        let ledger = try SQLiteLedger(path: disk.path + "/ledger.db")
        disk.fill(disk.path + "/filler")
        var kept = 0
        for number in 0..<200 {
            if case .storageUnavailable(_, kept: true) = await failure({ try await ledger.commit(sampleRecord(number)) }) { kept += 1 }
        }
        #expect(kept > 0)
        guard case .lostAtClose(kept, _) = await failure({ try ledger.close() }) else { return #expect(Bool(false), "not reported") }
        #expect(ledger.statistics.lost == kept)
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
