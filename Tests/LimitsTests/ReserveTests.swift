import Core
import Testing

@testable import Limits

@Suite struct ReserveTests {
    @Test func allLimitsAreHeldOrNone() throws {
        let limits = try tree([
            ScopeRules(path: "acme", limits: [usdLimit(1_000)]),
            ScopeRules(path: "acme/research", limits: [LimitRule(.tokens(50), per: .minute), LimitRule(.concurrent(2))]),
        ]).organization(of: "acme")
        let wanted = request(Spending(usd: NanoUSD(nanos: 100), tokens: 40, requests: 1), team: "acme/research")
        let hold = try limits.hold(wanted)
        #expect(limits.states(at: noon).map(\.held) == [100, 40, 1])
        // The tokens do not fit: neither money nor a place is taken.
        #expect(limits.mustWait(wanted))
        #expect(limits.states(at: noon).map(\.held) == [100, 40, 1])
        hold.settle(Spending(usd: NanoUSD(nanos: 70), tokens: 30, requests: 1), at: noon)
        #expect(limits.states(at: noon).map(\.held) == [0, 0, 0])
        #expect(limits.states(at: noon).map(\.spent) == [70, 30, 0])
        #expect(limits.states(at: noon).map(\.left) == [930, 20, 2])
    }

    @Test func theRefusalNamesTheLimit() throws {
        let rules = [
            ScopeRules(path: "acme", limits: [usdLimit(1_000, per: .month)]),
            ScopeRules(path: "acme/research", limits: [usdLimit(500, per: .day)], timeZone: "Europe/Berlin"),
        ]
        let limits = try tree(rules).organization(of: "acme/research")
        try limits.spend(request(usd(450), team: "acme/research"))
        let refusal = try #require(limits.refusal(request(usd(60), team: "acme/research")))
        let state = try #require(refusal.state)
        #expect(refusal.reason == .spent)
        #expect(state.identity.scope.description == "acme/research")
        #expect(state.identity.period == .day)
        #expect([state.limit, state.spent, state.held, state.left, refusal.needed] == [500, 450, 0, 50, 60])
        #expect(state.resets == utc(2026, 4, 15, 22))
        #expect(refusal.retryAfter == .seconds(10 * 3_600))
        #expect(refusal.kind == .budget && refusal.isFinal)
        #expect(
            refusal.message
                == "Budget exceeded: acme/research has a limit of $0.0000005 per day; $0.00000045 spent, $0 held by requests under "
                + "way, $0.00000005 left; this request needs up to $0.00000006. It resets at 2026-04-15T22:00:00.000Z; until then ask for less, or have the "
                + "limit raised.")
        // What fits into the rest is let through.
        try limits.spend(request(usd(50), team: "acme/research"))
        // Another team is not concerned.
        try limits.spend(request(usd(400), team: "acme/sales"))
    }

    @Test func rateLimitsAnswer429AndSayWhen() throws {
        let limits = try organization(LimitRule(.requests(2), per: .minute))
        for _ in 0..<2 { try limits.spend(request(Spending(requests: 1))) }
        let refusal = try #require(limits.refusal(request(Spending(requests: 1)), at: noon.plus(.seconds(20))))
        #expect(refusal.kind == .rate)
        #expect(refusal.retryAfter == .seconds(40))
        try limits.spend(request(Spending(requests: 1)), at: noon.plus(.seconds(60)))
    }

    @Test func requestsUnderWayCountAgainstTheRateAndAreNotWaitedFor() throws {
        let limits = try organization(LimitRule(.requests(1), per: .minute))
        let hold = try limits.hold(request(Spending(requests: 1)))
        #expect(limits.refusal(request(Spending(requests: 1)))?.reason == .held)
        // One that was never sent gives its place back.
        hold.release(at: noon)
        try limits.spend(request(Spending(requests: 1)))
    }

    @Test func concurrencyIsRefusedWhenTaken() throws {
        let limits = try organization(LimitRule(.concurrent(1)))
        let hold = try limits.hold(request(.nothing))
        let refusal = try #require(limits.refusal(request(.nothing)))
        #expect(refusal.reason == .held && refusal.kind == .rate)
        hold.settle(.nothing, at: noon)
        try limits.spend(request(.nothing))
    }

    @Test func whatCostsNothingPassesASpentBudget() throws {
        let limits = try organization(usdLimit(0))
        try limits.spend(request(Spending(requests: 1)))
        #expect(limits.refusal(request(usd(1)))?.reason == .spent)
    }

    @Test func aRequestLargerThanTheLimitIsToldSo() throws {
        let limits = try organization(usdLimit(100, per: .day))
        let refusal = try #require(limits.refusal(request(usd(101))))
        #expect(refusal.reason == .spent && refusal.retryAfter == nil)
        #expect(refusal.message.contains("can never fit"))
    }

    @Test func heldByOthersIsNotSpent() throws {
        let limits = try organization(usdLimit(100))
        let hold = try limits.hold(request(usd(90)))
        #expect(limits.mustWait(request(usd(20))))
        hold.settle(usd(85), at: noon)
        #expect(limits.refusal(request(usd(20)))?.reason == .spent)
    }

    @Test func limitsOfSomeModelsCountThose() throws {
        let limits = try organization(usdLimit(100, models: ["openai/gpt-4", "anthropic/*"]), usdLimit(1_000))
        try limits.spend(request(usd(300), model: "openai/gpt-4o"))
        try limits.spend(request(usd(60), model: "openai/gpt-4"))
        #expect(
            limits.refusal(request(usd(50), model: "anthropic/claude"))?.state?.identity.models?.patterns == [
                "anthropic/*", "openai/gpt-4",
            ])
        #expect(limits.states(at: noon).map(\.spent) == [60, 360])
    }

    @Test func keysAndUsersHaveTheirOwn() throws {
        let rules = [
            ScopeRules(path: "acme", eachUser: [usdLimit(50)]),
            ScopeRules(path: "acme/research", eachKey: [usdLimit(100)], eachUser: [LimitRule(.requests(3), per: .day)]),
        ]
        let limits = try tree(rules).organization(of: "acme")
        func wanted(_ amount: Int64, _ key: String, _ user: String?) -> SpendRequest {
            request(Spending(usd: NanoUSD(nanos: amount), requests: 1), team: "acme/research", key: key, user: user)
        }
        try limits.spend(wanted(40, "ci", "ann"))
        #expect(limits.refusal(wanted(20, "ci", "ann"))?.state?.identity.scope == LimitScope(path: "acme", user: "ann"))
        try limits.spend(wanted(40, "ci", "bob"))
        #expect(limits.refusal(wanted(30, "ci", "eve"))?.state?.identity.scope == LimitScope(path: "acme/research", key: "ci"))
        try limits.spend(wanted(100, "cd", nil))
        // Each user counts in the organization and in the team.
        #expect(limits.states(at: noon).filter { $0.identity.scope.user == "ann" }.map(\.spent) == [40, 1])
    }

    @Test func aLimitOfTheKeyTakesThePlaceOfEachKeys() throws {
        let rules = [ScopeRules(path: "acme", eachKey: [usdLimit(100), LimitRule(.requests(5), per: .day)])]
        let limits = try tree(rules, keys: [KeyRules(id: "big", team: "acme", limits: [usdLimit(300)])]).organization(of: "acme")
        try limits.spend(request(usd(300), key: "big"))
        #expect(limits.refusal(request(usd(1), key: "big"))?.state?.limit == 300)
        #expect(limits.refusal(request(usd(101), key: "small"))?.state?.limit == 100)
        #expect(limits.states(for: RequestScopes(team: "acme", key: "big"), model: "m", at: noon).map(\.limit) == [5, 300])
    }

    @Test func teamsThatNoPolicyNamesAreBoundByWhatIsAbove() throws {
        let limits = try tree([ScopeRules(path: "acme/research", limits: [usdLimit(100)])]).organization(of: "acme")
        try limits.spend(request(usd(100), team: "acme/research/new/lab"))
        #expect(limits.refusal(request(usd(1), team: "acme/research"))?.reason == .spent)
        try limits.spend(request(usd(1_000), team: "acme/other"))
    }

    @Test func organizationsAreApart() throws {
        let tree = try tree([ScopeRules(path: "acme", limits: [usdLimit(10)]), ScopeRules(path: "beta", limits: [usdLimit(10)])])
        try tree.organization(of: "acme/x").spend(request(usd(10), team: "acme/x"))
        try tree.organization(of: "beta").spend(request(usd(10), team: "beta"))
        #expect(tree.organization(of: "acme") === tree.organization(of: "acme/y"))
        #expect(tree.organization(of: "nobody").states(at: noon).isEmpty)
        try tree.organization(of: "nobody").spend(request(usd(.max), team: "nobody"))
        #expect(tree.states(at: noon).map(\.left) == [0, 0])
    }

    @Test func theTightestOfEachKindIsTold() throws {
        let rules = [
            ScopeRules(
                path: "acme", limits: [usdLimit(1_000), LimitRule(.requests(100), per: .minute), usdLimit(1, per: .day, soft: true)]),
            ScopeRules(
                path: "acme/a", limits: [usdLimit(300, per: .day), LimitRule(.requests(500), per: .day), usdLimit(5, models: ["x"])]),
        ]
        let limits = try tree(rules).organization(of: "acme")
        let hold = try limits.hold(request(usd(100), team: "acme/a"))
        try limits.spend(request(usd(50), team: "acme/a"))
        let headroom = limits.headroom(for: RequestScopes(team: "acme/a"), model: "y", at: noon)
        #expect(headroom.usd == Headroom.Tightest(limit: 300, left: 150, unspent: 250, resets: utc(2026, 4, 16)))
        #expect(headroom.requests?.limit == 100 && headroom.requests?.resets == noon.plus(.seconds(60)))
        #expect(headroom.tokens == nil && headroom.concurrent == nil)
        #expect(limits.headroom(for: RequestScopes(team: "acme/a"), model: "x", at: noon).usd?.left == 5)
        hold.release(at: noon)
    }

    @Test func ofSeveralLimitsInTheWayTheLongestIsNamed() throws {
        let rules = [
            ScopeRules(path: "acme", limits: [LimitRule(.requests(1), per: .minute), LimitRule(.requests(1), per: .month)]),
            ScopeRules(path: "acme/a", limits: [LimitRule(.requests(1), per: .day), LimitRule(.requests(0), per: .total, models: ["x"])]),
        ]
        let limits = try tree(rules).organization(of: "acme")
        let wanted = request(Spending(requests: 1), team: "acme/a", model: "y")
        try limits.spend(wanted)
        let refusal = try #require(limits.refusal(wanted))
        #expect(refusal.state?.identity.period == .month && refusal.retryAfter == .seconds(15 * 86_400 + 12 * 3_600))
        let headroom = limits.headroom(for: wanted.scopes, model: "y", at: noon, asking: wanted.amount)
        #expect(headroom.requests == Headroom.Tightest(limit: 1, left: 0, unspent: 0, resets: utc(2026, 5, 1)))
        // What can never fit is longer in the way than any window.
        let other = request(Spending(requests: 1), team: "acme/a", model: "x")
        let final = try #require(limits.refusal(other))
        #expect(final.state?.identity.period == .total && final.retryAfter == nil && final.isFinal)
    }

    @Test func aRefusalForGoodWinsOverOneForTheMoment() throws {
        let limits = try organization(LimitRule(.concurrent(1)), LimitRule(.requests(2), per: .day))
        try limits.spend(request(Spending(requests: 1)))
        try limits.spend(request(Spending(requests: 1)))
        let hold = try limits.hold(request(.nothing))
        let refusal = try #require(limits.refusal(request(Spending(requests: 1))))
        #expect(refusal.reason == .spent && refusal.state?.identity.kind == .requests && refusal.retryAfter == .seconds(12 * 3_600))
        #expect(limits.refusal(request(.nothing))?.reason == .held)
        hold.release(at: noon)
    }

    @Test func whatLacksRoomForARefusedRequestIsTold() throws {
        let limits = try organization(LimitRule(.tokens(100), per: .minute), LimitRule(.tokens(120), per: .day))
        let first = Spending(tokens: 30, requests: 1)
        try limits.spend(request(first))
        let scopes = RequestScopes(team: "acme")
        #expect(limits.headroom(for: scopes, model: "y", at: noon).tokens?.limit == 100)
        // 80 fit into the day, not into the minute; 95 fit into neither.
        #expect(limits.headroom(for: scopes, model: "y", at: noon, asking: Spending(tokens: 80)).tokens?.limit == 100)
        #expect(limits.headroom(for: scopes, model: "y", at: noon, asking: Spending(tokens: 95)).tokens?.limit == 120)
        #expect(limits.headroom(for: scopes, model: "y", at: noon, asking: Spending(tokens: 60)).tokens?.limit == 100)
    }

    @Test func amountsSaturate() throws {
        let limits = try organization(usdLimit(.max), LimitRule(.tokens(.max), per: .total))
        let hold = try limits.hold(request(Spending(usd: NanoUSD(nanos: .max - 5), tokens: .max)))
        let other = try limits.hold(request(Spending(usd: NanoUSD(nanos: 6), tokens: 1)))
        other.release(at: noon)
        hold.settle(Spending(usd: NanoUSD(nanos: .max), tokens: .max), at: noon)
        #expect(limits.states(at: noon).map(\.spent) == [.max, .max])
        #expect(limits.states(at: noon).map(\.left) == [0, 0])
        // Sums that do not fit are taken for the largest number, which a limit of that number still allows; nothing wraps.
        try limits.spend(request(usd(.max)))
        #expect(limits.states(at: noon).map(\.spent) == [.max, .max])
    }

    @Test func nothingNegativeGivesAnythingBack() throws {
        let limits = try organization(usdLimit(100))
        try limits.spend(request(usd(60)))
        let hold = try limits.hold(request(usd(-50)))
        hold.settle(usd(.min), at: noon)
        #expect(try limits.only().spent == 60)
    }
}
