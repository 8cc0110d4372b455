import Foundation
import Glibc
import Testing

@testable import Ledger

@Suite struct CrashTests {
    /// Kills the writer of a ledger twenty times at random moments: every commit that had returned must be there, once.
    @Test func nothingThatWasCommittedIsLostByKill() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("ledger.db")
        let seed = UInt64.random(in: 0...UInt64.max)
        print("crash test seed \(seed)")
        var random = SeededGenerator(seed)
        var promised: Set<String> = []
        for run in 0..<20 {
            let output = try await runAndKill(path, run, after: .milliseconds(Int64.random(in: 20...120, using: &random)))
            promised.formUnion(output)
        }
        #expect(promised.count > 20)
        let found = try records(path).map(\.callID)
        #expect(Set(found).isSuperset(of: promised))
        #expect(Set(found).count == found.count)
        try SQLiteLedger(path: path).close()
        #expect(try sql(path, "PRAGMA integrity_check") == ["ok"])
        #expect(try records(path).count == found.count)
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
