import Core
import Foundation
import Testing

@testable import Ledger
@testable import Limits
@testable import SharedLedger

/// A directory of one test, removed with it.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("shared-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A record with a value in every field, some of them hostile.
func fullRecord(_ number: Int, cost: Int64? = nil) -> UsageRecord {
    var record = UsageRecord(
        requestID: "req-\(number / 3)", callID: "call-\(number)", time: WallTime.now, requestedModel: "auto",
        priceVersion: "0.15/0.075/-/0.6", status: .ok)
    record.organization = "acme"
    record.team = "acme/research"
    record.model = "openai/gpt-4o-mini"
    record.parent = "call-0"
    record.keyID = "key_\(number % 4)"
    record.user = "Zoë 💶 \"quoted\"\\\n\t\r\(number)"
    record.metadata = [.init("branch", "e\u{301}"), .init("a\"b\\c", "\u{1}\u{1f}\t\r\n"), .init("", "")]
    record.route = "auto"
    record.task = "code\\N"
    record.complexity = "low"
    record.experiment = "\\."
    record.arm = number.isMultiple(of: 2) ? "control" : "candidate"
    record.role = "fallback"
    record.provider = "openai"
    record.tokens = TokenUsage(
        input: 1_000, cachedInput: 100, cacheWrite: 10, cacheWriteHour: 4, audioInput: 5, output: 500, reasoning: 50, audioOutput: 6)
    record.cost = NanoUSD(nanos: cost ?? Int64(number) * 123_456_789)
    record.latencyMicroseconds = 812_345
    record.firstTokenMicroseconds = number.isMultiple(of: 3) ? nil : 220_100
    record.status = number.isMultiple(of: 5) ? .error : .ok
    record.errorCode = record.status == .ok ? nil : "upstream_error"
    record.isStream = number.isMultiple(of: 2)
    record.isEstimated = number.isMultiple(of: 3)
    record.tool = "brave_search"
    return record
}

/// Stands for an event loop: one journal, one thread at a time.
actor Loop {
    private let journal: UsageJournal

    init(_ ledger: any LedgerStore, _ index: Int = 0) throws { journal = try ledger.journal(forLoop: index) }

    func commit(_ record: UsageRecord) async throws { try await journal.commit(record) }
    func hold(_ hold: HoldRecord) async throws { try await journal.hold(hold) }
}

/// Waits for something that other threads bring about.
func eventually(within seconds: Double = 60, _ condition: () async throws -> Bool) async throws -> Bool {
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(20))
    }
    return try await condition()
}

extension PostgreSQLLedger {
    /// Opens one with short intervals.
    static func quick(_ url: String, _ directory: String, _ change: (inout Settings) -> Void = { _ in }) throws -> PostgreSQLLedger {
        var settings = Settings()
        settings.spool.importInterval = .milliseconds(10)
        settings.interval = .milliseconds(20)
        settings.patience = .seconds(2)
        change(&settings)
        return try PostgreSQLLedger(PostgreSQLTarget(url: url), directory: directory, settings: settings)
    }
}
