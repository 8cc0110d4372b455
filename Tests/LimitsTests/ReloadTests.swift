import Core
import Synchronization
import TestSupport
import Testing

@testable import Limits

@Suite struct ReloadTests {
    @Test func aChangedAmountKeepsWhatIsSpent() throws {
        let tree = try tree([ScopeRules(path: "acme", limits: [usdLimit(100, per: .day)])])
        let limits = tree.organization(of: "acme")
        try limits.spend(request(usd(80)))
        let hold = try limits.hold(request(usd(20)))
        let fresh = tree.reconfigure(
            try LimitConfiguration(scopes: [ScopeRules(path: "acme", limits: [usdLimit(150, per: .day)])], zone: systemZone), at: noon)
        #expect(fresh.isEmpty)
        let state = try limits.only()
        #expect([state.limit, state.spent, state.held, state.left] == [150, 80, 20, 50])
        // Below what is spent: nothing more, and nothing breaks.
        _ = tree.reconfigure(
            try LimitConfiguration(scopes: [ScopeRules(path: "acme", limits: [usdLimit(10, per: .day)])], zone: systemZone), at: noon)
        #expect(limits.refusal(request(usd(1)))?.reason == .spent)
        #expect(hold.topUp(usd(1)) != .held)
        hold.settle(usd(20), at: noon)
        #expect(try limits.only().spent == 100)
    }

    @Test func newLimitsAreNamedAndGoneOnesLetGo() throws {
        let tree = try tree([
            ScopeRules(path: "acme", limits: [usdLimit(100, per: .day)]), ScopeRules(path: "acme/a", limits: [usdLimit(50)]),
        ])
        let limits = tree.organization(of: "acme")
        let hold = try limits.hold(request(usd(50), team: "acme/a"))
        let rules = [ScopeRules(path: "acme", limits: [usdLimit(100, per: .day), usdLimit(900, per: .month)])]
        let fresh = tree.reconfigure(try LimitConfiguration(scopes: rules, zone: systemZone), at: noon)
        #expect(fresh.map(\.period) == [.month])
        // The hold goes on, unbound by the limit that is gone, bound by the one that stayed.
        #expect(hold.topUp(usd(50)) == .held)
        #expect(hold.topUp(usd(1)) != .held)
        hold.settle(usd(100), at: noon)
        #expect(limits.states(at: noon).map(\.spent) == [100, 100])
        // The number of the old limit is used for another; nothing of it is left.
        _ = tree.reconfigure(
            try LimitConfiguration(
                scopes: [ScopeRules(path: "acme/b", limits: [usdLimit(7), LimitRule(.concurrent(1))])], zone: systemZone), at: noon)
        #expect(limits.states(at: noon).map(\.spent) == [0, 0])
        try limits.spend(request(usd(7), team: "acme/b"))
    }

    @Test func templatesChangeForThoseThatAreThere() throws {
        let tree = try tree([ScopeRules(path: "acme", eachUser: [usdLimit(100)])])
        let limits = tree.organization(of: "acme")
        try limits.spend(request(usd(60), user: "ann"))
        _ = tree.reconfigure(
            try LimitConfiguration(
                scopes: [ScopeRules(path: "acme", eachUser: [LimitRule(.requests(1), per: .day), usdLimit(70)])], zone: systemZone),
            at: noon)
        #expect(limits.refusal(request(usd(11), user: "ann"))?.state?.left == 10)
        try limits.spend(request(Spending(requests: 1), user: "ann"))
        #expect(limits.refusal(request(Spending(requests: 1), user: "ann"))?.state?.identity.kind == .requests)
        _ = tree.reconfigure(.none, at: noon)
        #expect(limits.states(at: noon).isEmpty)
        try limits.spend(request(usd(1_000), user: "ann"))
    }

    @Test func thoseThatWaitAreAskedAgain() throws {
        let tree = try tree([ScopeRules(path: "acme", limits: [usdLimit(100)])])
        let limits = tree.organization(of: "acme")
        let outcomes = Outcomes()
        let hold = try limits.hold(request(usd(100)))
        for name in ["a", "b", "c"] { _ = try limits.wait(request(usd(60)), name, outcomes) }
        _ = tree.reconfigure(
            try LimitConfiguration(scopes: [ScopeRules(path: "acme", limits: [usdLimit(160)])], zone: systemZone), at: noon)
        let given = outcomes.takeHolds()
        #expect(given.map(\.name) == ["a"])
        given[0].hold.release(at: noon)
        #expect(outcomes.takeHolds().map(\.name) == ["b"])
        // Without the limit nobody has to wait.
        _ = tree.reconfigure(.none, at: noon)
        #expect(outcomes.takeHolds().map(\.name) == ["c"])
        hold.release(at: noon)
    }

    @Test func aNewTimeZoneBeginsWithTheNextWindow() throws {
        let tree = try tree([ScopeRules(path: "acme", limits: [usdLimit(100, per: .day)])])
        let limits = tree.organization(of: "acme")
        try limits.spend(request(usd(100)))
        let rules = [ScopeRules(path: "acme", limits: [usdLimit(100, per: .day)], timeZone: "America/New_York")]
        _ = tree.reconfigure(try LimitConfiguration(scopes: rules, zone: systemZone), at: noon)
        #expect(limits.refusal(request(usd(1)), at: utc(2026, 4, 15, 23, 59)) != nil)
        let state = try limits.only(at: utc(2026, 4, 16, 0, 0))
        #expect(state.since == utc(2026, 4, 16) && state.resets == utc(2026, 4, 16, 4))
    }
}

@Suite struct PastSpendingTests {
    private let rules = [
        ScopeRules(path: "acme", limits: [usdLimit(100, per: .day), usdLimit(1_000), LimitRule(.requests(10), per: .hour)]),
        ScopeRules(
            path: "acme/a", limits: [usdLimit(50, per: .day, models: ["x"]), usdLimit(20, per: .day, soft: true)],
            eachUser: [usdLimit(30, per: .month)]),
    ]

    private func past(_ amount: Int64, _ time: WallTime, user: String? = nil, model: String = "y", inDoubt: Bool = false) -> PastSpending {
        PastSpending(
            RequestScopes(team: "acme/a", user: user), model: model, time: time, amount: Spending(usd: NanoUSD(nanos: amount), requests: 1),
            isInDoubt: inDoubt)
    }

    @Test func whatWasSpentComesBackWhereItsWindowIsNow() throws {
        let told = Told()
        let limits = try tree(rules, told: told).organization(of: "acme")
        #expect(limits.restore(past(10, noon.plus(.seconds(-7_200)), user: "ann"), at: noon))
        #expect(limits.restore(past(25, noon, user: "ann", model: "x"), at: noon))
        #expect(limits.restore(past(40, noon.plus(.seconds(-86_400)), user: "ann", model: "x"), at: noon))
        let spent = limits.states(at: noon).map(\.spent)
        // Day and total and hour of acme, day of model x, soft day, month of ann.
        #expect(spent == [35, 75, 1, 25, 35, 75])
        #expect(limits.refusal(request(usd(1), team: "acme/a", user: "ann"))?.state?.identity.scope.user == "ann")
        // The soft limit was told when it was reached.
        try limits.spend(request(usd(1), team: "acme/a"))
        #expect(told.alerts.withLock { $0.map(\.event) } == [.refused])
    }

    @Test func windowStartsAreTheBordersThatMatter() throws {
        let limits = try tree(rules).organization(of: "acme")
        #expect(limits.windowStarts(at: noon) == [utc(2026, 4, 1), utc(2026, 4, 15), noon])
    }

    @Test func doubtIsVisibleAndRefundable() throws {
        let limits = try organization(usdLimit(100, per: .day))
        let doubt = past(60, noon, inDoubt: true)
        #expect(limits.restore(doubt, at: noon))
        #expect([try limits.only().spent, try limits.only().inDoubt] == [60, 60])
        #expect(limits.refusal(request(usd(41)))?.reason == .spent)
        limits.refund(past(20, noon), at: noon)
        #expect([try limits.only().spent, try limits.only().inDoubt] == [40, 40])
        // Never more than is in doubt, and never into another window.
        limits.refund(past(500, noon.plus(.seconds(-86_400))), at: noon)
        limits.refund(past(500, noon), at: noon)
        limits.refund(past(500, noon), at: noon)
        #expect([try limits.only().spent, try limits.only().inDoubt] == [0, 0])
        try limits.spend(request(usd(100)))
        limits.refund(past(500, noon), at: noon)
        #expect(try limits.only().spent == 100)
    }

    @Test func onlyTheNewLimitsAreFilled() throws {
        let tree = try tree([ScopeRules(path: "acme", limits: [usdLimit(100, per: .day)])])
        let limits = tree.organization(of: "acme")
        try limits.spend(request(usd(30)))
        let more = [ScopeRules(path: "acme", limits: [usdLimit(100, per: .day), usdLimit(900, per: .month)])]
        let fresh = tree.reconfigure(try LimitConfiguration(scopes: more, zone: systemZone), at: noon)
        #expect(limits.restore(past(30, noon), at: noon, only: Set(fresh)))
        #expect(limits.states(at: noon).map(\.spent) == [30, 30])
    }
}

@Suite struct LeaseTests {
    private func organization() throws -> (OrganizationLimits, LimitIdentity) {
        let rules = [usdLimit(1_000, per: .day), LimitRule(.concurrent(5)), usdLimit(1, per: .day, soft: true)]
        let limits = try tree([ScopeRules(path: "acme", limits: rules)], sharing: .leased).organization(of: "acme")
        let slots = try #require(limits.states(at: noon).first { $0.identity.kind == .concurrent }?.identity)
        #expect(limits.grant(2, to: slots, window: nil, at: noon))
        return (limits, try #require(limits.states(at: noon).first?.identity))
    }

    /// Slots that others have may come free at any moment; those that nobody has are leased.
    @Test func slotsAreLeasedAndNeverSpent() throws {
        let limits = try tree([ScopeRules(path: "acme", limits: [LimitRule(.concurrent(3))])], sharing: .leased).organization(of: "acme")
        let identity = try #require(limits.states(at: noon).first?.identity)
        let need = LimitRefusal.Reason.needsLease([LeaseNeed(identity: identity, window: nil, missing: 1)])
        #expect(limits.refusal(request(usd(1)))?.reason == need)
        #expect(limits.setLease(1, of: identity, window: nil, at: noon))
        let hold = try limits.hold(request(usd(1)))
        #expect(limits.refusal(request(usd(1)))?.reason == need)
        #expect(limits.setElsewhere(2, spent: 0, of: identity, window: nil, at: noon))
        let refusal = try #require(limits.refusal(request(usd(1))))
        #expect(refusal.reason == .held && !refusal.isFinal)
        #expect(refusal.state.map { [$0.spent, $0.held, $0.left] } == [0, 3, 0])
        let turnedAway = try #require(limits.changedLeases(at: noon).first?.turnedAway)
        #expect(limits.refusal(request(usd(1))) != nil)
        #expect(limits.changedLeases(at: noon).map(\.turnedAway) == [turnedAway + 1], "whoever keeps leases hears of it")
        hold.settle(.nothing, at: noon)
        #expect(try limits.only().held == 2)
    }

    @Test func onlyWhatWasGrantedIsUsed() throws {
        let (limits, identity) = try organization()
        let refusal = try #require(limits.refusal(request(usd(100))))
        let window = utc(2026, 4, 15)
        #expect(refusal.reason == .needsLease([LeaseNeed(identity: identity, window: window, missing: 100)]))
        #expect(limits.grant(250, to: identity, window: window, at: noon))
        let hold = try limits.hold(request(usd(100)))
        #expect(hold.topUp(usd(100)) == .held)
        guard case .refused(let short) = hold.topUp(usd(60)) else { throw NotHeld() }
        #expect(short.reason == .needsLease([LeaseNeed(identity: identity, window: window, missing: 10)]))
        #expect(limits.withdraw(upTo: 1_000, from: identity, window: window, at: noon) == 50)
        hold.settle(usd(150), at: noon)
        #expect(limits.withdraw(upTo: 20, from: identity, window: window, at: noon) == 20)
        #expect(limits.withdraw(upTo: 1_000, from: identity, window: window, at: noon) == 30)
    }

    @Test func whatOthersSpentIsSpent() throws {
        let (limits, identity) = try organization()
        let window = utc(2026, 4, 15)
        #expect(limits.setElsewhere(950, spent: 900, of: identity, window: window, at: noon))
        #expect(limits.refusal(request(usd(51)))?.reason == .spent)
        let state = try #require(limits.states(at: noon).first)
        #expect((state.spent, state.held, state.left) == (900, 50, 50))
    }

    @Test func aSliceEndsWithItsWindow() throws {
        let (limits, identity) = try organization()
        #expect(limits.grant(100, to: identity, window: utc(2026, 4, 15), at: noon))
        let tomorrow = noon.plus(.seconds(86_400))
        #expect(!limits.grant(100, to: identity, window: utc(2026, 4, 15), at: tomorrow))
        #expect(limits.refusal(request(usd(1)), at: tomorrow)?.kind == .busy)
    }

    @Test func aGrantWakesThoseThatWait() throws {
        let (limits, identity) = try organization()
        let window = utc(2026, 4, 15)
        let outcomes = Outcomes()
        #expect(limits.grant(1_000, to: identity, window: window, at: noon))
        let hold = try limits.hold(request(usd(1_000)))
        _ = try limits.wait(request(usd(10)), "a", outcomes)
        hold.settle(usd(5), at: noon)
        #expect(outcomes.takeHolds().map(\.name) == ["a"])
    }
}
