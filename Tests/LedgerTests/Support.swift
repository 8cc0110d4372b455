import Core
import Foundation
import GRDB
import Synchronization
import Testing

@testable import Ledger

/// A directory of one test, removed with it.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("ledger-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }
}

/// A record that is like no other.
func sampleRecord(_ number: Int = 1, cost: Int64 = 1_000, time: Int64 = 1_767_225_600_000_000) -> UsageRecord {
    var record = UsageRecord(
        requestID: "req-\(number / 3)", callID: "call-\(number)", time: WallTime(microseconds: time), requestedModel: "auto",
        priceVersion: "0.15/0.075/-/0.6", status: .ok)
    record.team = "research"
    record.organization = "acme"
    record.model = "openai/gpt-4o-mini"
    record.cost = NanoUSD(nanos: cost)
    return record
}

/// A record with a value in every field, some of them hostile.
func fullRecord(_ number: Int) -> UsageRecord {
    var record = sampleRecord(number)
    record.parent = "call-0"
    record.keyID = "key_\(number % 4)"
    record.user = "Zoë 💶 \u{0}\"quoted\"\n\(number)"
    record.metadata = [.init("branch", "e\u{301}"), .init("a\"b\\c", "\u{1}\u{1f}\t\r\n"), .init("", "")]
    record.route = "auto"
    record.task = "code"
    record.complexity = "low"
    record.experiment = "mini-vs-sonnet"
    record.arm = number.isMultiple(of: 2) ? "control" : "candidate"
    record.role = "fallback"
    record.provider = "openai"
    record.tokens = TokenUsage(input: 1_000, cachedInput: 100, cacheWrite: 10, output: 500, reasoning: 50)
    record.cost = NanoUSD(nanos: Int64(number) * 123_456_789)
    record.latencyMicroseconds = 812_345
    record.firstTokenMicroseconds = number.isMultiple(of: 3) ? nil : 220_100
    record.status = UsageRecord.Status.allCases[number % 5]
    record.errorCode = record.status == .ok ? nil : "upstream_error"
    record.isStream = number.isMultiple(of: 2)
    record.isEstimated = number.isMultiple(of: 3)
    record.tool = "brave_search"
    record.hold = [nil, record.callID, "call-0"][number % 3]
    record.settlesHold = number.isMultiple(of: 4)
    return record
}

/// Stands for an event loop: one journal, one thread at a time.
actor Loop {
    private let journal: UsageJournal

    init(_ ledger: any LedgerStore, _ index: Int = 0) throws { journal = try ledger.journal(forLoop: index) }

    func commit(_ record: UsageRecord) async throws { try await journal.commit(record) }
    func hold(_ hold: HoldRecord) async throws { try await journal.hold(hold) }
    func release(_ id: String) async throws { try await journal.release(id) }
}

extension SQLiteLedger.Settings {
    /// Journals of the smallest size.
    static func small(interval: Duration = .milliseconds(5), patience: Duration = .milliseconds(100)) -> Self {
        var settings = Self()
        settings.segmentBytes = 4_096
        settings.importInterval = interval
        settings.roomPatience = patience
        return settings
    }

    /// The records stay in the journals until the ledger is closed (or a segment is half full).
    static func late(segment: Int = 32_768) -> Self {
        var settings = Self()
        settings.segmentBytes = segment
        settings.importInterval = .seconds(3_600)
        return settings
    }
}

/// Keeps a ledger open until the end of a test.
final class OpenLedger: Sendable {
    private let ledger = Mutex<SQLiteLedger?>(nil)

    func keep(_ ledger: SQLiteLedger) { self.ledger.withLock { $0 = ledger } }
}

/// All records of a ledger, as a second connection sees them.
func records(_ path: String, _ query: UsageQuery = UsageQuery()) throws -> [UsageRecord] {
    var records: [UsageRecord] = []
    try UsageReader(path: path).forEachRecord(query) { records.append($0) }
    return records
}

func report(_ path: String, _ query: UsageQuery, _ format: UsageReport.Format) throws -> String {
    var text = ""
    try UsageReport.write(query, from: UsageReader(path: path), as: format) { text += $0 }
    return text
}

/// Runs SQL on a connection of its own.
func sql(_ path: String, _ statement: String) throws -> [String] {
    let queue = try DatabaseQueue(path: path)
    let rows = try queue.inDatabase { try String.fetchAll($0, sql: statement) }
    try queue.close()
    return rows
}

/// Waits, for at most a minute, until `condition` holds.
func eventually(_ condition: () -> Bool) async throws -> Bool {
    for _ in 0..<6_000 {
        if condition() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return false
}

/// The failure that `body` throws.
func failure(_ body: () async throws -> Void) async -> LedgerFailure? {
    do {
        try await body()
        return nil
    } catch {
        return error as? LedgerFailure
    }
}

/// Appends records to a ledger, without a journal.
func append(_ records: [UsageRecord], to connection: LedgerConnection) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 22, alignment: 8)
    defer { buffer.deallocate() }
    var batch = JournalBatch(journal: "none", imported: -1, last: -1, released: 0)
    var writer = RecordWriter(buffer, at: 0)
    for (index, record) in records.enumerated() {
        let start = writer.offset
        writer.append(record)
        let payload = UnsafeRawBufferPointer(rebasing: buffer[start..<writer.offset])
        batch.items.append(JournalItem(kind: .record, sequence: Int64(index), payload: payload))
    }
    #expect(writer.fits)
    try connection.append([batch])
}

/// Another program that keeps a ledger locked.
final class ForeignLock {
    private let queue: DatabaseQueue

    init(_ path: String) throws {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        configuration.busyMode = .timeout(5)
        queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
    }

    func release() throws { try queue.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") } }
}

/// Copies a ledger with its journals: the journals first, then SQLite's files while nobody can write them.
func copyLedger(_ path: String, to target: String) throws {
    for (name, journal) in try JournalFiles.all(path) {
        try FileManager.default.copyItem(atPath: journal, toPath: "\(target)-journal-\(name)")
    }
    _ = try sql(path, "VACUUM INTO '\(target)'")
}
