import Core
import Testing

@testable import Ledger
@testable import Limits
@testable import SharedLedger

/// `purser budgets` of a ledger that gateways share.
@Suite(.enabled(if: Server.isThere, Server.isMissing)) struct SharedBudgetTests {
    private let start = WallTime(microseconds: 1_767_225_600_000_000)
    private let rules = [
        LimitRule(.usd(NanoUSD(nanos: 90_000_000_000)), per: .day), LimitRule(.requests(100), per: .minute), LimitRule(.concurrent(8)),
        LimitRule(.usd(NanoUSD(nanos: 50_000_000_000)), per: .total, models: ["m", "n/*"]),
    ]
    private let each = [LimitRule(.usd(NanoUSD(nanos: 20_000_000_000)), per: .month)]

    private func states(_ bench: LeaseBench, at now: WallTime) throws -> [LimitState] {
        try BudgetReport.states(bench.configuration, from: bench.connection.target, at: now)
    }

    /// Each state in a line.
    private func lines(_ states: [LimitState]) -> [String] {
        states.map {
            "\($0.identity.scope.user?.prefix(3) ?? "") \($0.identity.kind) \($0.identity.period?.name ?? "-"): \($0.spent) \($0.held) \($0.left)"
        }
    }

    @Test func itIsTheSumOfAllGatewaysAndTheyTellTheSame() throws {
        let first = try LeaseBench(rules, eachUser: each)
        let second = try LeaseBench(rules, eachUser: each, beside: first)
        let odd = "b|b \u{0}%é"
        for (bench, user) in [(first, "bob"), (second, "bob"), (second, odd), (second, String(repeating: "ü", count: 5_000))] {
            let hold = try #require(try bench.reserve(user, at: start))
            hold.settle(Spending(usd: NanoUSD(nanos: 250_000_001), tokens: 7, requests: 1), at: start)
        }
        let open = try #require(try first.reserve(at: start))
        for bench in [first, second] { try bench.report(at: start) }
        let now = try states(first, at: start)
        let day = try #require(now.first { $0.identity.period == .day })
        #expect(day.spent == 1_000_000_004)
        #expect(day.held >= 1_000_000_000, "the open hold lies in a slice")
        #expect(day.left == day.limit - day.spent - day.held)
        #expect(try #require(now.first { $0.identity.kind == .concurrent }).held >= 1)
        #expect((day.since, day.resets) == (start, start.advanced(bySeconds: 86_400)))
        #expect(now.compactMap(\.identity.scope.user).sorted() == ["bob", odd].sorted(), "of a name that was cut there is no record here")

        // Over, and every slice given back: all tell the same.
        open.settle(Spending(usd: NanoUSD(nanos: 250_000_000), tokens: 7, requests: 1), at: start)
        for bench in [first, second] { try bench.sync(bench.desk.farewell(at: start), start) }
        for bench in [first, second] { try bench.read(at: start) }
        let expected = [
            " usd day: 1250000004 0 88749999996", " requests minute: 5 0 95", " concurrent -: 0 0 8",
            " usd total: 1250000004 0 48749999996",
        ]
        #expect(lines(try states(first, at: start).filter { $0.identity.scope.user == nil }) == expected)
        for bench in [first, second] { #expect(lines(bench.tree.states(at: start).filter { $0.identity.scope.user == nil }) == expected) }
    }

    @Test func limitsOfWhichNothingIsUsedAndWindowsThatAreOver() throws {
        let bench = try LeaseBench(rules, eachUser: each)
        #expect(
            lines(try states(bench, at: start)) == [
                " usd day: 0 0 90000000000", " requests minute: 0 0 100", " concurrent -: 0 0 8", " usd total: 0 0 50000000000",
            ])
        try #require(try bench.reserve("bob", at: start)).settle(Spending(usd: NanoUSD(nanos: 3), requests: 1), at: start)
        try bench.report(at: start)
        let later = start.advanced(bySeconds: 40 * 86_400)
        let states = try states(bench, at: later)
        #expect(states.map(\.spent) == [0, 0, 0, 3])
        #expect(states.first?.resets == later.advanced(bySeconds: 86_400))
    }

    @Test func whatACrashLeftInDoubtIsTold() throws {
        let bench = try LeaseBench(rules)
        try bench.database.query(
            """
            INSERT INTO purser.usage_record (gateway, sequence, request_id, call_id, time, org, team, requested_model, model, input_tokens,
              cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_nanos, price_version, latency_us, status, stream,
              estimated, settles_hold, hash) VALUES
            (1, 1, 'a', 'a', \(start.microseconds), 'acme', 'acme', 'm', 'm', 5, 0, 0, 0, 0, 700, 'x', 0, 'in_doubt', false, true, true, ''),
            (1, 2, 'b', 'b', \(start.microseconds), 'acme', 'acme', 'm', 'm', 5, 0, 0, 0, 0, 900, 'x', 0, 'in_doubt', false, true, true, ''),
            (1, 3, 'b', 'b-', \(start.microseconds), 'acme', 'acme', 'm', 'm', -5, 0, 0, 0, 0, -900, 'x', 0, 'refund', false, true, false, '');
            INSERT INTO purser.limit_window (identity, starts, ends, ceiling, spent)
              VALUES ('acme|||usd|day|', \(start.microseconds), \(start.microseconds + 86_400_000_000), 90000000000, 1000)
            """)
        let day = try #require(try states(bench, at: start).first { $0.identity.period == .day })
        #expect((day.spent, day.inDoubt) == (1_000, 700))
    }

    @Test func whatIsWrongIsSaid() throws {
        let bench = try LeaseBench(rules)
        func failure(_ url: String) throws -> LedgerFailure? {
            do throws(LedgerFailure) {
                _ = try BudgetReport.states(bench.configuration, from: PostgreSQLTarget(url: url), at: start)
                return nil
            } catch {
                #expect(!error.description.contains("s3cret") && !error.description.contains("wr0ng"))
                return error
            }
        }
        let (url, port) = (bench.database.url, bench.database.server.port)
        guard case .serverAway = try failure(url.replacing(":\(port)/", with: ":\(try freePort())/")) else { throw Unexpected() }
        guard case .serverRefuses = try failure(url.replacing("s3cret", with: "wr0ng")) else { throw Unexpected() }
        guard case .serverRefuses(_, let none) = try failure(try Database.make().url), none.contains("no ledger yet") else {
            throw Unexpected()
        }
        try bench.database.query("CREATE ROLE \(bench.database.name) LOGIN PASSWORD 'wr0ng'")
        let stranger = url.replacing("purser:s3cret", with: "\(bench.database.name):wr0ng")
        guard case .serverRefuses(_, let detail) = try failure(stranger), detail.contains("permission denied") else { throw Unexpected() }
        try bench.database.query("UPDATE purser.meta SET value = '99' WHERE name = 'version'")
        guard case .newerVersion(_, 99, _) = try failure(url) else { throw Unexpected() }
    }

    private struct Unexpected: Error {}
}
