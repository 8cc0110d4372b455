import Chat
import Core
import EventLoop
import Ledger
import Testing

@testable import Execution
@testable import Policies
@testable import Upstream

/// Fallback, races, retries, money and cancellation of `PlanRun`, over scripted calls.
@Suite struct PlanRunTests {
    /// What a run came to.
    struct Seen: Sendable {
        /// The code of the error; `nil` for an answer.
        var code: String?
        var models: [String] = []
        /// Role and status of each record, in the order of their beginnings.
        var records: [String] = []
        var spent: Int64 = 0
        /// What was left behind: calls that go on, money and slots that are reserved, holds that are open.
        var leftOver = 0
    }

    private func seen(
        isStream: Bool = false, provider: String = "retry: {attempts: 1}, breaker: off", limit: NanoUSD? = NanoUSD(nanos: 1_000_000_000),
        ceiling: NanoUSD? = nil, patience: Duration = .seconds(3_600), cancelledAtCall: Int? = nil,
        plan: @escaping @Sendable (RunBench) throws -> Plan, _ scripts: @escaping @Sendable (String, Int) -> Script
    ) async throws -> Seen {
        try await onLoop { loop in
            var counts: [String: Int] = [:]
            let bench = try RunBench(on: loop, limit: limit, provider: provider) { model in
                counts[model, default: 0] += 1
                return scripts(model, counts[model] ?? 0)
            }
            let plan = try plan(bench)
            let run = try #require(try bench.run(plan, isStream: isStream, patience: patience))
            let held = OnOneLoop(value: (bench, run))
            let task = Task(executorPreference: loop) {
                OnOneLoop(value: await held.value.0.answer(held.value.1, plan, isStream: isStream, ceiling: ceiling))
            }
            if let cancelledAtCall {
                while bench.calls.models.count < cancelledAtCall { await loop.sleep(until: .now() + .milliseconds(1)) }
                task.cancel()
            }
            var seen = Seen()
            if case .failure(let error) = await task.value.value { seen.code = error.code.name }
            seen.models = bench.calls.models
            seen.spent = bench.spent
            seen.leftOver = bench.calls.transfers.count { !$0.isOver } + Int(bench.held.reduce(0, +))
            seen.leftOver += try bench.openHolds()
            seen.records = try bench.records().map { "\($0.role ?? "") \($0.model ?? "") \($0.errorCode ?? $0.status.rawValue)" }
            return seen
        }
    }

    @Test func theFirstThatAnswers_isAskedAlone() async throws {
        let seen = try await seen(plan: { .firstOf([try $0.call(0), try $0.call(1)]) }) { _, _ in .answer() }
        #expect(seen.code == nil && seen.models == ["m0"] && seen.records == ["primary m0 ok"])
        #expect(seen.spent == 5_000 && seen.leftOver == 0)
    }

    @Test(arguments: [false, true]) func aFailure_isFollowedByTheNextModel(isStream: Bool) async throws {
        let seen = try await seen(isStream: isStream, plan: { .firstOf([try $0.call(0), try $0.call(1), try $0.call(2)]) }) { model, _ in
            model == "m2" ? .answer(isStream: isStream) : .error(500)
        }
        #expect(seen.code == nil && seen.models == ["m0", "m1", "m2"])
        #expect(seen.records == ["primary m0 upstream_error", "fallback m1 upstream_error", "fallback m2 ok"])
        #expect(seen.spent == 5_000 && seen.leftOver == 0)
    }

    @Test func aMistakeOfTheClient_isNotTriedElsewhere() async throws {
        let seen = try await seen(plan: { .firstOf([try $0.call(0), try $0.call(1)]) }) { _, _ in .error(400) }
        #expect(seen.code == "invalid_request_error" && seen.models == ["m0"] && seen.leftOver == 0)
    }

    @Test func retries_areThoseOfTheProvidersRules() async throws {
        let rules = "retry: {attempts: 3, backoff: 1ms}, breaker: off"
        let seen = try await seen(provider: rules, plan: { try $0.call(0) }) { _, count in count < 3 ? .error(503) : .answer() }
        #expect(seen.code == nil && seen.models == ["m0", "m0", "m0"])
        #expect(seen.records == ["primary m0 upstream_error", "retry m0 upstream_error", "retry m0 ok"] && seen.leftOver == 0)
        let failed = try await self.seen(provider: rules, plan: { try $0.call(0) }) { _, _ in .error(503) }
        #expect(failed.code == "upstream_error" && failed.models.count == 3 && failed.leftOver == 0)
    }

    /// Before the last model no time is spent on trying the same one again.
    @Test func retries_areForTheLastModelOnly() async throws {
        let seen = try await seen(
            provider: "retry: {attempts: 2, backoff: 1ms}, breaker: off", plan: { .firstOf([try $0.call(0), try $0.call(1)]) }
        ) { _, _ in .error(503) }
        #expect(seen.models == ["m0", "m1", "m1"] && seen.leftOver == 0)
    }

    @Test(arguments: [false, true]) func aSlowModel_losesTheRace(isStream: Bool) async throws {
        let seen = try await seen(isStream: isStream, plan: { .race([try $0.call(0), try $0.call(1)], after: .milliseconds(5)) }) {
            model, _ in
            .answer(after: model == "m0" ? .seconds(3_600) : .zero, isStream: isStream)
        }
        #expect(seen.code == nil && seen.models == ["m0", "m1"] && seen.records == ["primary m0 lost_race", "hedge m1 ok"])
        #expect(seen.spent >= 5_000 && seen.leftOver == 0)
    }

    @Test(.timeLimit(.minutes(10))) func aFailureInARace_startsTheNextAtOnce() async throws {
        let seen = try await seen(plan: { .race([try $0.call(0), try $0.call(1)], after: .seconds(3_600)) }) { model, _ in
            model == "m0" ? .error(500) : .answer()
        }
        #expect(seen.records == ["primary m0 upstream_error", "fallback m1 ok"] && seen.leftOver == 0)
    }

    @Test func aRaceThatAllLose_tellsOneFailure() async throws {
        let seen = try await seen(plan: { .race([try $0.call(0), try $0.call(1)], after: .milliseconds(2)) }) { _, _ in
            .error(500, after: .milliseconds(10))
        }
        #expect(seen.code == "upstream_error" && seen.models.count == 2 && seen.records.count == 2 && seen.leftOver == 0)
    }

    /// What a call counts at that was sent and broke before anything came of it.
    private func costOfABrokenCall() async throws -> Int64 {
        try await seen(plan: { try $0.call(0) }) { _, _ in Script(failure: .cut("scripted")) }.spent
    }

    @Test func aCallThatBroke_leavesLessToTheNext() async throws {
        let cost = try await costOfABrokenCall()
        #expect(cost > 10_000)
        let seen = try await seen(limit: NanoUSD(nanos: cost * 3 / 2), plan: { .firstOf([try $0.call(0), try $0.call(1)]) }) { _, _ in
            Script(failure: .cut("scripted"))
        }
        #expect(seen.code == "upstream_error" && seen.models == ["m0"] && seen.spent == cost && seen.leftOver == 0)
        let enough = try await self.seen(limit: NanoUSD(nanos: cost * 5 / 2), plan: { .firstOf([try $0.call(0), try $0.call(1)]) }) {
            _, _ in
            Script(failure: .cut("scripted"))
        }
        #expect(enough.models == ["m0", "m1"] && enough.spent == 2 * cost && enough.leftOver == 0)
    }

    @Test func aCeiling_endsTheFallbacks() async throws {
        let ceiling = NanoUSD(nanos: try await costOfABrokenCall() * 3 / 2)
        let seen = try await seen(ceiling: ceiling, plan: { .firstOf([try $0.call(0), try $0.call(1)]) }) { _, _ in
            Script(failure: .cut("scripted"))
        }
        #expect(seen.models == ["m0"] && seen.records == ["primary m0 upstream_error"] && seen.leftOver == 0)
    }

    /// One model begins to answer in the moment in which another one's failure ends the race.
    @Test func aRaceThatAMistakeEnds_leavesNoCallBehind() async throws {
        for delay in stride(from: 0, through: 2_000, by: 100) {
            let seen = try await seen(isStream: true, plan: { .race([try $0.call(0), try $0.call(1)], after: .zero) }) { model, _ in
                model == "m0" ? .error(400, after: .milliseconds(1)) : .answer(after: .microseconds(delay), isStream: true)
            }
            #expect(seen.leftOver == 0 && seen.records.count == seen.models.count, "\(delay) µs: \(seen)")
        }
    }

    @Test func aStreamThatBreaks_isToldAndPaid() async throws {
        let seen = try await seen(isStream: true, plan: { .firstOf([try $0.call(0), try $0.call(1)]) }) { _, _ in .cut(behind: 2) }
        #expect(seen.code == "upstream_error" && seen.models == ["m0"] && seen.records == ["primary m0 upstream_error"])
        #expect(seen.spent > 0 && seen.leftOver == 0)
    }

    @Test(arguments: [false, true]) func aClientThatLeaves_endsEveryCall(isStream: Bool) async throws {
        let seen = try await seen(
            isStream: isStream, cancelledAtCall: 2,
            plan: { .race([try $0.call(0), try $0.call(1)], after: .milliseconds(2)) }
        ) { _, _ in .answer(after: .seconds(3_600), isStream: isStream) }
        #expect(seen.code == "client_closed_request" && seen.models == ["m0", "m1"] && seen.leftOver == 0)
        #expect(seen.records.count == 2)
    }

    @Test func theClientsPatience_boundsAllOfIt() async throws {
        let seen = try await seen(
            provider: "retry: {attempts: 3, backoff: 40ms}, breaker: off", patience: .milliseconds(30), plan: { try $0.call(0) }
        ) { _, _ in .error(503, after: .milliseconds(20)) }
        #expect(seen.models.count <= 2 && seen.leftOver == 0)
    }
}
