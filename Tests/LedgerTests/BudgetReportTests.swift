import Core
import Foundation
import Policies
import Synchronization
import TestSupport
import Testing

@testable import Ledger
@testable import Limits

@Suite struct BudgetReportTests {
    /// An hour after the records and holds of the tests.
    private static let now = WallTime(microseconds: 1_767_225_600_000_000).advanced(bySeconds: 3_600)
    private static let user = "Zoë \u{0} 💶"

    let directory: TemporaryDirectory
    let path: String
    let open = OpenLedger()

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.file("ledger.db")
    }

    private func scopes() throws -> LimitConfiguration {
        try limits(
            [
                ScopeRules(path: "acme", limits: [LimitRule(.usd(NanoUSD(nanos: 1_500_000_000)), per: .month)], timeZone: "Europe/Berlin"),
                ScopeRules(
                    path: "acme/research",
                    limits: [
                        LimitRule(.usd(NanoUSD(nanos: 50_000)), per: .day),
                        LimitRule(.usd(NanoUSD(nanos: 20_000)), per: .day, soft: true, webhook: "https://hooks.example/secret"),
                        LimitRule(.usd(.zero), per: .total, models: ["other/*", "anthropic/claude"]),
                        LimitRule(.tokens(1_000_000), per: .total), LimitRule(.requests(600), per: .minute),
                        LimitRule(.requests(600), per: .total), LimitRule(.concurrent(4)),
                    ],
                    eachUser: [LimitRule(.usd(NanoUSD(nanos: 20_000)), per: .day)]),
            ], keys: [KeyRules(id: "key_2", team: "acme/research", limits: [LimitRule(.usd(NanoUSD(nanos: 7)), per: .week)])])
    }

    private func record(_ number: Int, hold: Int, cost: Int64, settles: Bool) -> UsageRecord {
        var record = heldRecord(number, hold: hold, cost: cost, settles: settles)
        (record.team, record.keyID, record.user) = ("acme/research", "key_1", Self.user)
        return record
    }

    /// One request that has called nobody, one in the midst of its calls, one that is over, one that was given up.
    private func work(_ loop: Loop) async throws {
        for number in 1...4 { try await loop.hold(sampleHold(number)) }
        try await loop.commit(record(5, hold: 2, cost: 1_000, settles: false))
        try await loop.commit(record(6, hold: 3, cost: 4_000, settles: true))
        try await loop.release("call-4")
    }

    private func states(_ path: String) throws -> [LimitState] {
        try BudgetReport.states(try scopes(), from: UsageReader(path: path), at: Self.now)
    }

    @Test func tableShowsEveryLimit() async throws {
        let ledger = try SQLiteLedger(path: path, settings: .late())
        try await work(try Loop(ledger))
        open.keep(ledger)
        #expect(
            BudgetReport.text(try states(path), as: .table) == """
                scope                          kind        period  models                          limit     spent      held         left                    resets
                -----------------------------  ----------  ------  ------------------------  -----------  --------  --------  -----------  ------------------------  ----
                acme                           usd         month   all                               1.5  0.000005  0.000019     1.499976  2026-01-31T23:00:00.000Z
                acme/research                  usd         day     all                           0.00005  0.000005  0.000019     0.000026  2026-01-01T23:00:00.000Z
                acme/research                  usd         day     all                           0.00002  0.000005  0.000019            0  2026-01-01T23:00:00.000Z  soft
                acme/research                  usd         total   anthropic/claude other/*            0         0         0            0                         -
                acme/research                  tokens      total   all                         1,000,000        60       970      998,970                         -
                acme/research                  requests    minute  all                               600         0         0          600  2026-01-01T01:01:00.000Z
                acme/research                  requests    total   all                               600         1         2          597                         -
                acme/research                  concurrent  -       all                                 4         0         2            2                         -
                acme/research user "Zoë \\0 💶"  usd         day     all                           0.00002  0.000005  0.000019            0  2026-01-01T23:00:00.000Z
                acme/research key key_2        usd         week    all                       0.000000007         0         0  0.000000007  2026-01-04T23:00:00.000Z

                """)
    }

    @Test func jsonIsStable() async throws {
        let ledger = try SQLiteLedger(path: path, settings: .late())
        try await work(try Loop(ledger))
        open.keep(ledger)
        let lines = BudgetReport.text(try states(path), as: .json).split(separator: "\n").map(String.init)
        #expect(lines.count == 12 && lines.first == "[" && lines.last == "]")
        #expect(
            lines.dropFirst(3).first
                == #"{"scope":"acme/research","key":null,"user":null,"kind":"usd","period":"day","models":null,"#
                + #""limit":"0.00002","spent":"0.000005","in_doubt":"0","held":"0.000019","left":"0","resets":"2026-01-01T23:00:00.000Z","soft":true},"#
        )
        #expect(
            lines.dropFirst(4).first
                == #"{"scope":"acme/research","key":null,"user":null,"kind":"usd","period":"total","models":["anthropic/claude","other/*"],"#
                + #""limit":"0","spent":"0","in_doubt":"0","held":"0","left":"0","resets":null,"soft":false},"#)
        #expect(
            lines.dropFirst(8).first
                == #"{"scope":"acme/research","key":null,"user":null,"kind":"concurrent","period":null,"models":null,"#
                + #""limit":4,"spent":0,"in_doubt":0,"held":2,"left":2,"resets":null,"soft":false},"#)
        #expect(!lines.joined().contains("hooks.example"))
        let parsed = try JSONSerialization.jsonObject(with: Data(BudgetReport.text(try states(path), as: .json).utf8)) as? [[String: Any]]
        #expect(parsed?.compactMap { $0["user"] as? String } == [Self.user] && parsed?.compactMap { $0["key"] as? String } == ["key_2"])
    }

    @Test func withoutLimitsThereIsNothingToShow() throws {
        try SQLiteLedger(path: path).close()
        let states = try BudgetReport.states(.none, from: UsageReader(path: path), at: Self.now)
        #expect(BudgetReport.text(states, as: .json) == "[]\n" && BudgetReport.text(states, as: .table) == "The policies have no limits.\n")
    }

    @Test func theSameIsReadWhereverItIs() async throws {
        let ledger = try SQLiteLedger(path: path, settings: .small(interval: .milliseconds(1)))
        let loop = try Loop(ledger)
        try await work(loop)
        let before = try states(path)
        #expect(before.first { $0.identity.kind == .tokens }?.held == 970)
        // Far more than a journal has room for: the holds have to be in the table by now.
        for number in 10..<200 { try await loop.commit(sampleRecord(number, cost: 0, time: 0)) }
        #expect(try await eventually { ledger.statistics.queued == 0 })
        #expect(try states(path) == before)
        let killed = directory.file("killed.db")
        try copyLedger(path, to: killed)
        #expect(try states(killed) == before, "of a gateway that was killed")
        try ledger.close()
        #expect(try states(path) == before, "of one that was stopped in the midst of its requests")
    }

    @Test func whatACrashHasLeftIsSpentFromTheNextStartOn() async throws {
        let ledger = try SQLiteLedger(path: path, settings: .late())
        try await work(try Loop(ledger))
        let killed = directory.file("killed.db")
        try copyLedger(path, to: killed)
        open.keep(ledger)
        let restarted = try SQLiteLedger(path: killed)
        let day = try #require(try states(killed).first { $0.identity.scope.path == "acme/research" })
        #expect(day.spent == 24_000 && day.inDoubt == 19_000 && day.held == 0 && day.left == 26_000)
        _ = try await restarted.refund("req-1", note: nil)
        let refunded = try #require(try states(killed).first { $0.identity.scope.path == "acme/research" })
        #expect(refunded.spent == 14_000 && refunded.inDoubt == 9_000)
        try restarted.close()
    }

    /// What is settled and imported between the copy of the journals and the reading of the tables is spent, and held no more.
    @Test func aLedgerThatIsAheadOfTheJournalsCountsNothingTwice() async throws {
        let ledger = try SQLiteLedger(path: path, settings: .small(interval: .milliseconds(1)))
        let loop = try Loop(ledger)
        for number in 1...3 { try await loop.hold(sampleHold(number)) }
        let copy = try PendingRecords(ledger: path)
        try await loop.commit(record(4, hold: 1, cost: 4_000, settles: true))
        try await loop.commit(record(5, hold: 2, cost: 1_000, settles: false))
        try await loop.release("call-3")
        let late = try Loop(ledger, 1)
        try await late.hold(sampleHold(6))
        try await late.commit(record(7, hold: 6, cost: 500, settles: true))
        #expect(try await eventually { ledger.statistics.queued == 0 })
        let standing = try UsageReader(path: path).standing(cutAt: [], journals: copy)
        #expect(standing.totals.map(\.cost) == [NanoUSD(nanos: 5_500)])
        #expect(standing.held.map(\.amount) == [Spending(usd: NanoUSD(nanos: 9_000), tokens: 470, requests: 1)])
        try ledger.close()
    }

    /// No reading, whenever it happens, may miss a request that had set its money aside, or count one twice.
    @Test func readingsBesideAGatewayAtWorkAreExact() async throws {
        let ledger = try SQLiteLedger(path: path, settings: .small(interval: .milliseconds(1), patience: .seconds(10)))
        let loop = try Loop(ledger)
        let progress = Mutex((begun: 0, held: 0))
        let worker = Task {
            for number in 1...2_000 {
                progress.withLock { $0.begun = number }
                try await loop.hold(sampleHold(number, amount: 10))
                progress.withLock { $0.held = number }
                try await loop.commit(record(number, hold: number, cost: 10, settles: true))
            }
        }
        var readings = 0
        while progress.withLock({ $0.held }) < 2_000, readings < 5_000 {
            let least = progress.withLock { $0.held }
            guard least > 0, let state = try states(path).first else { continue }
            let most = progress.withLock { $0.begun }
            let counted = state.spent + state.held
            #expect((Int64(least) * 10...Int64(most) * 10).contains(counted), "reading \(readings): \(state.spent) + \(state.held)")
            readings += 1
        }
        try await worker.value
        #expect(readings > 0)
        #expect(try states(path).first?.spent == 20_000)
        try ledger.close()
    }
}

/// What the policies' compiler lets through, the limits take.
@Suite struct PolicyLimitTests {
    private func snapshot(_ text: String) throws -> PolicySnapshot {
        let compilation = PolicyCompiler.compile([PolicyFile(path: "p.yaml", text: text)], environment: [:]) { _ in nil }
        return try #require(compilation.snapshot, "\(compilation.diagnostics)")
    }

    private func configuration(_ snapshot: PolicySnapshot) throws -> LimitConfiguration {
        try LimitConfiguration(scopes: snapshot.limitScopes, keys: snapshot.limitKeys) { snapshot.zones[$0] }
    }

    @Test func extremesAreTaken() throws {
        let key = String(repeating: "0a", count: 32)
        let rules = """
            [{usd: 1000000000, per: total}, {usd: 0, per: minute}, {usd: 0.000000001, per: hour}, {tokens: 1000000000000000, per: week},
              {requests: 0, per: month}, {concurrent: 0}, {concurrent: 1000000, models: ["m*"], wait: 10m}, {requests: 1, per: day, wait: 1ms},
              {requests: 1, per: day, soft: true, webhook: "http://127.0.0.1/"}, {usd: 1, per: day, models: [m, m, "*"]}, {usd: 1, per: day, models: [m, m]}]
            """
        let snapshot = try snapshot(
            """
            timezone: +14:00
            providers: {p: {kind: openai, base_url: http://h}}
            models: {m: {provider: p, price: free}}
            organizations:
              "a b#c":
                weight: 1000
                limits: \(rules)
                each_key: \(rules)
                each_user: \(rules)
                teams:
                  t: {timezone: UTC, limits: \(rules), keys: [{name: "k#/x", sha256: \(key), limits: \(rules)}]}
            """)
        let tree = LimitTree(try configuration(snapshot), hooks: LimitHooks(alert: { _ in }, misuse: { _ in }))
        #expect(tree.states(at: .now).count == 33)
    }

    @Test func theDeepestTeamIsTaken() throws {
        for depth in 1...20 {
            var team = "{limits: [{usd: 1, per: day}]}"
            for number in 0..<depth { team = "{teams: {t\(number): \(team)}}" }
            let file = PolicyFile(path: "p.yaml", text: "organizations: {a: \(team)}")
            guard let snapshot = PolicyCompiler.compile([file], environment: [:]).snapshot else {
                #expect(depth > 12)
                continue
            }
            #expect(try configuration(snapshot).organizations["a"]?.scopes.count == depth + 1)
        }
    }
}
