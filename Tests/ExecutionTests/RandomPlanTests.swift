import Chat
import Core
import EventLoop
import Foundation
import Ledger
import TestSupport
import Testing

@testable import Execution
@testable import Policies
@testable import Upstream

/// Random plans over scripted calls: fallbacks × races × retries × failures × clients that leave.
@Suite(.timeLimit(.minutes(5))) struct RandomPlanTests {
    private static let plans = 10_000
    /// Plans that are carried out at the same time.
    private static let width = 1_000

    /// PURSER_PLAN_SEED repeats a run.
    @Test(arguments: [1_000_000_000_000, 60_000_000] as [Int64])
    func everyStartedCall_hasOneRecordAndNothingIsLeft(limit: Int64) async throws {
        let seed = ProcessInfo.processInfo.environment["PURSER_PLAN_SEED"].flatMap(UInt64.init) ?? .random(in: 0...UInt64(Int64.max))
        let found = try await onLoop { loop in try await Self.search(loop, seed, NanoUSD(nanos: limit)) }
        #expect(found.isEmpty, "PURSER_PLAN_SEED=\(seed): \(found.prefix(5))")
    }

    private static func search(_ loop: EventLoop, _ seed: UInt64, _ limit: NanoUSD) async throws -> [String] {
        var dice = SeededGenerator(seed)
        var scripts = SeededGenerator(seed ^ 1)
        let bench = try RunBench(on: loop, limit: limit, provider: "retry: {attempts: 3, backoff: 1ms}, breaker: off") { _ in
            script(&scripts)
        }
        var found: [String] = []
        var answered = 0
        for _ in 0..<(plans / width) {
            let batch = OnOneLoop(value: try (0..<width).compactMap { _ in try job(&dice, bench) })
            answered += await withTaskGroup(of: Int.self) { group in
                for index in batch.value.indices {
                    let bench = OnOneLoop(value: bench)
                    group.addTask(executorPreference: loop) { await carryOut(batch.value[index], bench.value, loop) }
                }
                return await group.reduce(0, +)
            }
            let under = bench.calls.transfers.count { !$0.isOver }
            if under > 0 { found.append("\(under) calls go on") }
            if bench.held.contains(where: { $0 != 0 }) { found.append("held: \(bench.held)") }
            let unsettled = batch.value.reduce(0) { $0 + $1.run.attempts.count { $0.isDue || $0.isRunning } }
            if unsettled > 0 { found.append("\(unsettled) calls are not settled") }
        }
        let open = try bench.openHolds()
        if open > 0 { found.append("\(open) holds are open") }
        let records = try bench.records()
        let names = Set(records.map(\.callID))
        if records.count != names.count { found.append("\(records.count - names.count) records twice") }
        if records.count != bench.calls.transfers.count { found.append("\(bench.calls.transfers.count) calls, \(records.count) records") }
        let spent = records.reduce(Int64(0)) { $0 + $1.cost.nanos + $1.inDoubt.nanos }
        if spent != bench.spent { found.append("\(spent) recorded, \(bench.spent) counted") }
        if bench.spent > limit.nanos { found.append("\(bench.spent) spent of \(limit.nanos)") }
        if answered < 50 { found.append("only \(answered) answers") }
        return found
    }

    private struct Job {
        let plan: Plan
        let run: PlanRun
        let isStream: Bool
        let ceiling: NanoUSD?
        /// When the client leaves.
        let leaves: Duration?
    }

    private static func job(_ dice: inout SeededGenerator, _ bench: RunBench) throws -> Job? {
        let plan = try plan(&dice, bench, depth: 2)
        let isStream = Bool.random(using: &dice)
        let run = try bench.run(
            plan, isStream: isStream, patience: .milliseconds(Int.random(in: 0...40, using: &dice) == 0 ? 3 : 5_000))
        let ceiling =
            Int.random(in: 0..<4, using: &dice) == 0 ? NanoUSD(nanos: Int64.random(in: 100_000...3_000_000, using: &dice)) : nil
        let leaves = Int.random(in: 0..<5, using: &dice) == 0 ? Duration.microseconds(Int64.random(in: 0...8_000, using: &dice)) : nil
        return run.map { Job(plan: plan, run: $0, isStream: isStream, ceiling: ceiling, leaves: leaves) }
    }

    private static func plan(_ dice: inout SeededGenerator, _ bench: RunBench, depth: Int) throws -> Plan {
        guard depth > 0, Int.random(in: 0..<4, using: &dice) > 0 else { return try bench.call(Int.random(in: 0..<6, using: &dice)) }
        var parts: [Plan] = []
        for _ in 0..<Int.random(in: 2...3, using: &dice) { parts.append(try plan(&dice, bench, depth: depth - 1)) }
        return Bool.random(using: &dice) ? .firstOf(parts) : .race(parts, after: .microseconds(Int64.random(in: 0...4_000, using: &dice)))
    }

    private static func script(_ dice: inout SeededGenerator) -> Script {
        let pause = Duration.microseconds(Int.random(in: 0..<3, using: &dice) == 0 ? Int64.random(in: 0...6_000, using: &dice) : 0)
        switch Int.random(in: 0..<12, using: &dice) {
        case 0: return .error([400, 404, 429, 500, 503].randomElement(using: &dice) ?? 500, after: pause)
        case 1: return .error(500, after: pause)
        case 2: return Script(pause: pause, failure: .unreachable("scripted"))
        case 3: return Script(pause: pause, failure: .firstByteTimeout)
        case 4: return .cut(behind: Int.random(in: 0...3, using: &dice), after: pause)
        case 5...8: return .answer(after: pause)
        default: return .answer(after: pause, isStream: true, step: .microseconds(Int64.random(in: 0...500, using: &dice)))
        }
    }

    /// - Returns: 1 for an answer.
    private static func carryOut(_ job: Job, _ bench: RunBench, _ loop: EventLoop) async -> Int {
        let held = OnOneLoop(value: (bench, job))
        let task = Task(executorPreference: loop) {
            let (bench, job) = held.value
            if case .success = await bench.answer(job.run, job.plan, isStream: job.isStream, ceiling: job.ceiling) { return 1 }
            return 0
        }
        guard let leaves = job.leaves else { return await task.value }
        await loop.sleep(until: .now() + leaves)
        task.cancel()
        return await task.value
    }
}
