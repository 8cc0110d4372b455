import Core
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Ledger

@Suite struct CrashTests {
    /// What the helper said of one hold before it was killed.
    private struct Story {
        var amount: Int64 = 0
        var paid: [String: Int64] = [:]
        var isDone = false
    }

    /// Kills the writer of a ledger fifty times at random moments: everything acknowledged must be there, once; what was held and not settled
    /// must be charged, less what was paid from it, and nothing else.
    @Test(.timeLimit(.minutes(2))) func nothingThatWasAcknowledgedIsLostByKill() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("ledger.db")
        let seed = UInt64.random(in: 0...UInt64.max)
        print("crash test seed \(seed)")
        var random = SeededGenerator(seed)
        var stories: [String: Story] = [:]
        for run in 0..<50 {
            for line in try await runAndKill(path, run, after: .milliseconds(Int64.random(in: 5...90, using: &random))) {
                Self.tell(line, &stories)
            }
        }
        let ledger = try SQLiteLedger(path: path)
        #expect(stories.count > 500 && stories.values.contains { $0.isDone } && stories.values.contains { !$0.isDone })
        var found: [String: [UsageRecord]] = [:]
        for record in try records(path) { found[record.hold ?? "", default: []].append(record) }
        for (id, story) in stories { check(id, story, found[id] ?? [], "seed \(seed), hold \(id)") }
        // What was not acknowledged any more may be there, but as a whole: at most one request of each of the eight tasks of a life.
        #expect(found.keys.count { stories[$0] == nil } <= 50 * 8)
        let calls = found.values.joined().map(\.callID)
        #expect(Set(calls).count == calls.count)
        try ledger.close()
        #expect(try sql(path, "PRAGMA integrity_check") == ["ok"])
        #expect(try sql(path, "SELECT count(*) FROM hold") == ["0"])
        let report = try LedgerAudit.run(path: path)
        #expect(report.isSound, "seed \(seed): \(report.text.prefix(2_000))")
        #expect(report.records == calls.count)
    }

    private static func tell(_ line: String, _ stories: inout [String: Story]) {
        let words = line.split(separator: " ").map(String.init)
        guard words.count >= 3, let amount = words.last.flatMap({ Int64($0) }) else { return }
        switch words[0] {
        case "hold": stories[words[1], default: Story()].amount = amount
        default:
            stories[words[1]]?.paid[words[2]] = amount
            if words[0] == "done" { stories[words[1]]?.isDone = true }
        }
    }

    private func check(_ id: String, _ story: Story, _ found: [UsageRecord], _ comment: Comment) {
        let paid = found.filter { $0.status == .ok }
        let doubts = found.filter { $0.status == .inDoubt }
        for (call, cost) in story.paid { #expect(paid.contains { $0.callID == call && $0.cost.nanos == cost }, comment) }
        // The very last step of a life may be there without having been acknowledged.
        #expect(paid.count <= story.paid.count + 1, comment)
        if paid.contains(where: \.settlesHold) {
            #expect(doubts.isEmpty, comment)
        } else {
            #expect(!story.isDone && doubts.count == 1, comment)
            let spent = paid.reduce(0) { $0 + $1.cost.nanos }
            let amount = (doubts.first?.cost.nanos ?? 0) + spent
            #expect(amount == story.amount || amount == 3_000, comment)
        }
    }

    private func runAndKill(_ path: String, _ run: Int, after delay: Duration) async throws -> [String] {
        let process = Process()
        let pipe = Pipe()
        let executable = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        process.executableURL = URL(fileURLWithPath: executable).deletingLastPathComponent().appendingPathComponent("LedgerCrashHelper")
        process.arguments = [path, "\(run)"]
        process.standardOutput = pipe
        try process.run()
        let reader = pipe.fileHandleForReading
        // The clock runs from the first commit, or the process would be killed while it starts.
        var output = reader.availableData
        let reading = Task.detached { reader.readDataToEndOfFile() }
        try await Task.sleep(for: delay)
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal)
        output.append(await reading.value)
        return String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
