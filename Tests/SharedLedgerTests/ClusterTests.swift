import Foundation
import Glibc
import Synchronization
import Testing

@testable import Ledger
@testable import Limits
@testable import SharedLedger

/// Three gateways, each a process of its own, on one PostgreSQL.
@Suite(.enabled(if: Server.isThere, Server.isMissing), .serialized, .timeLimit(.minutes(4))) struct ClusterTests {
    /// One is killed, one cut off, PostgreSQL restarted under load: the limit holds, no acknowledged record is lost, and all of them recover.
    @Test func theLimitHoldsWhateverBreaks() async throws {
        let server = try Server()
        let database = try server.database()
        let proxy = try Proxy(to: server.port)
        defer { proxy.close() }
        // Three times as much as is gone when all of that has happened: a slow machine must not find it spent before.
        let limit: Int64 = 24_000_000
        let directories = try (0..<3).map { _ in try TemporaryDirectory() }
        func start(_ index: Int) throws -> Member {
            try Member(
                database.url(port: index == 2 ? proxy.port : server.port), directories[index].path, limit: limit, cost: 1_000, tasks: 12,
                latency: 60)
        }
        var members = try (0..<3).map { try start($0) }
        var earlier: [String] = []
        func rate(_ index: Int, over seconds: Double = 1) async throws -> Double {
            let before = members[index].count
            try await Task.sleep(for: .seconds(seconds))
            return Double(members[index].count - before) / seconds
        }
        for index in 0..<3 { #expect(try await eventually { members[index].count > 50 }) }
        let usual = try await rate(1)

        members[0].kill()
        earlier += members[0].finish().calls
        proxy.isFrozen = true
        let cut = ContinuousClock.now
        try await Task.sleep(for: .seconds(2))
        try server.restart()
        #expect(
            try await eventually(within: 30) { try await rate(1, over: 0.5) > usual / 2 }, "the one that was left recovers from the restart"
        )
        members[0] = try start(0)
        #expect(try await eventually { members[0].count > 50 }, "the one that was killed comes back")
        try await Task.sleep(until: cut + .seconds(10))
        proxy.isFrozen = false
        #expect(try await eventually(within: 30) { try await rate(2, over: 0.5) > usual / 2 }, "the one that was cut off recovers")

        // Until the money is gone.
        #expect(try await eventually(within: 120) { try await rate(0, over: 0.5) + rate(1, over: 0.5) + rate(2, over: 0.5) == 0 })
        for member in members { member.terminate() }
        let ends = members.map { $0.finish() }
        #expect(ends.map(\.status) == [0, 0, 0], "\(ends.map(\.errors))")

        let promised = Set(earlier + ends.flatMap(\.calls))
        let stored = Set(try database.query("SELECT call_id FROM purser.usage_record"))
        #expect(promised.subtracting(stored).isEmpty)
        #expect(try database.number("SELECT count(*) FROM purser.usage_record") == Int64(stored.count))
        let spent = try database.number("SELECT sum(cost_nanos) FROM purser.usage_record")
        #expect(spent <= limit)
        #expect(spent > limit - limit / 50)
        #expect(
            try database.query("SELECT spent - \(spent), leased, overrun FROM purser.limit_window WHERE identity = 'acme|||usd|total|'")
                == ["0|0|0"])
        try server.stop()
    }

    /// What a dead gateway had leased stays counted until it comes back and its records are known, though it may end again at once.
    @Test(arguments: [true, false]) func theSliceOfADeadGatewayIsNotFreed(_ isPatient: Bool) async throws {
        let database = try Database.make()
        let directory = try TemporaryDirectory()
        let member = try Member(database.url, directory.path, limit: 10_000_000, cost: 1_000, tasks: 4, latency: 20)
        #expect(try await eventually { member.count > 100 })
        member.kill()
        let calls = member.finish().calls
        try await Task.sleep(for: .seconds(1))
        let money = "FROM purser.limit_window WHERE identity = 'acme|||usd|total|'"
        let before = try database.number("SELECT spent + leased \(money)")
        #expect(try database.number("SELECT leased \(money)") > 0)
        let next = try Member(database.url, directory.path, limit: 10_000_000, cost: 1_000, tasks: isPatient ? 0 : -1, latency: 0)
        if isPatient {
            #expect(try await eventually(within: 20) { try database.number("SELECT leased \(money)") == 0 })
            next.terminate()
        }
        let end = next.finish()
        #expect(end.status == 0, "\(end.errors)")
        let spent = try database.number("SELECT spent \(money)")
        #expect(spent <= before)
        let recorded = try database.number("SELECT sum(cost_nanos) FROM purser.usage_record")
        let accounts = try database.query("SELECT w.*, l.* FROM purser.limit_window AS w JOIN purser.lease AS l USING (identity, starts)")
        #expect(recorded == spent, "\(end.errors) \(accounts)")
        #expect(Set(calls).subtracting(try database.query("SELECT call_id FROM purser.usage_record")).isEmpty)
    }
}

/// A gateway in a process of its own.
final class Member: Sendable {
    private let process = Process()
    private let calls = Mutex<[String]>([])
    private let errors = Mutex("")
    private let ended = DispatchGroup()

    init(_ url: String, _ directory: String, limit: Int64, cost: Int64, tasks: Int, latency: Int) throws {
        let executable = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        process.executableURL = URL(fileURLWithPath: executable).deletingLastPathComponent().appendingPathComponent("LedgerClusterHelper")
        process.arguments = [url, directory, "\(limit)", "\(cost)", "\(tasks)", "\(latency)"]
        let (output, errorOutput) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errorOutput
        process.standardInput = FileHandle.nullDevice
        try process.run()
        follow(output) { [self] text in calls.withLock { $0 += text.split(separator: "\n").map(String.init) } }
        follow(errorOutput) { [self] text in errors.withLock { $0 += text } }
    }

    /// Hands over whole lines.
    private func follow(_ pipe: Pipe, _ take: @escaping @Sendable (String) -> Void) {
        ended.enter()
        let handle = pipe.fileHandleForReading
        Thread.detachNewThread { [ended] in
            var rest = Data()
            while true {
                let data = handle.availableData
                if data.isEmpty { break }
                rest += data
                guard let end = rest.lastIndex(of: 10) else { continue }
                take(String(decoding: rest[...end], as: UTF8.self))
                rest = Data(rest[rest.index(after: end)...])
            }
            ended.leave()
        }
    }

    /// Requests whose records were committed.
    var count: Int { calls.withLock { $0.count } }

    func kill() { Glibc.kill(process.processIdentifier, SIGKILL) }
    func terminate() { Glibc.kill(process.processIdentifier, SIGTERM) }

    func finish() -> (calls: [String], errors: String, status: Int32) {
        process.waitUntilExit()
        ended.wait()
        return (calls.withLock { $0 }, errors.withLock { $0 }, process.terminationStatus)
    }
}
