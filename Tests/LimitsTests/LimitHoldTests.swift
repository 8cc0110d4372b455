import Core
import Synchronization
import Testing

@testable import Limits

@Suite struct LimitHoldTests {
    @Test func topUpTakesMoreOrNothing() throws {
        let limits = try organization(usdLimit(100), LimitRule(.tokens(100), per: .day))
        let hold = try limits.hold(request(Spending(usd: NanoUSD(nanos: 10), tokens: 10)))
        #expect(hold.topUp(Spending(usd: NanoUSD(nanos: 40), tokens: 40)) == .held)
        guard case .refused(let refusal) = hold.topUp(Spending(usd: NanoUSD(nanos: 10), tokens: 60)) else { throw NotHeld() }
        #expect(refusal.state?.identity.kind == .tokens)
        #expect(limits.states(at: noon).map(\.held) == [50, 50])
        #expect(hold.settle(Spending(usd: NanoUSD(nanos: 45), tokens: 50), at: noon).isOverrun == false)
        #expect(limits.states(at: noon).map(\.spent) == [45, 50])
        #expect(hold.topUp(usd(1)) == .ended)
    }

    @Test func topUpGoesBeforeThoseThatWait() throws {
        let limits = try organization(usdLimit(100))
        let outcomes = Outcomes()
        let hold = try limits.hold(request(usd(50)))
        _ = try limits.wait(request(usd(80)), "large", outcomes)
        #expect(hold.topUp(usd(10)) == .held)
        hold.settle(usd(10), at: noon)
        #expect(outcomes.takeHolds().map(\.name) == ["large"])
    }

    @Test func moreThanHeldIsChargedAndFlagged() throws {
        let limits = try organization(usdLimit(100))
        #expect(try limits.hold(request(usd(40))).settle(usd(150), at: noon).isOverrun)
        let state = try limits.only()
        #expect([state.spent, state.held, state.left] == [150, 0, 0])
        #expect(limits.refusal(request(usd(1)))?.reason == .spent)
    }

    @Test func theSecondEndChangesNothingAndIsReported() throws {
        let told = Told()
        let limits = try organization(usdLimit(100), told: told)
        let hold = try limits.hold(request(usd(40)))
        hold.settle(usd(30), at: noon)
        hold.settle(usd(30), at: noon)
        hold.release(at: noon)
        hold.charge(usd(30), reserved: usd(30), at: noon)
        #expect(try limits.only().spent == 30)
        #expect(told.misuses.withLock { $0 } == [.endedTwice, .endedTwice, .endedTwice])
    }

    @Test func aHoldThatIsDroppedIsChargedInFullAndReported() throws {
        let told = Told()
        let limits = try organization(usdLimit(100), LimitRule(.requests(5), per: .day), LimitRule(.concurrent(1)), told: told)
        _ = try limits.hold(request(Spending(usd: NanoUSD(nanos: 40), requests: 1)))
        #expect(limits.states(at: noon).map(\.spent) == [40, 1, 0])
        #expect(limits.states(at: noon).map(\.held) == [0, 0, 0])
        #expect(told.misuses.withLock { $0 } == [.neverEnded])
    }

    @Test func callsAreChargedOneByOne() throws {
        let limits = try organization(usdLimit(100), LimitRule(.requests(5), per: .day), LimitRule(.concurrent(3)))
        let hold = try limits.hold(request(Spending(usd: NanoUSD(nanos: 30), requests: 1)))
        #expect(hold.topUp(usd(30)) == .held)
        #expect(hold.charge(usd(10), reserved: usd(30), at: noon).isOverrun == false)
        #expect(limits.states(at: noon).map(\.spent) == [10, 0, 0])
        #expect(limits.states(at: noon).map(\.held) == [30, 1, 1])
        // One call that cost more than its share uses what is held for others.
        #expect(hold.charge(usd(20), reserved: usd(5), at: noon).isOverrun == false)
        #expect(limits.states(at: noon).map(\.held) == [10, 1, 1])
        #expect(hold.charge(usd(15), reserved: usd(5), at: noon).isOverrun)
        hold.settle(.nothing, at: noon)
        #expect(limits.states(at: noon).map(\.spent) == [45, 1, 0])
        #expect(limits.states(at: noon).map(\.held) == [0, 0, 0])
    }

    @Test func aFallbackToAnotherModelJoinsItsLimits() throws {
        let limits = try organization(
            usdLimit(100, models: ["a"]), usdLimit(50, models: ["b"]), LimitRule(.requests(1), per: .day, models: ["b"]), usdLimit(1_000))
        let hold = try limits.hold(request(Spending(usd: NanoUSD(nanos: 40), requests: 1), model: "a"))
        #expect(limits.states(at: noon).map(\.held) == [40, 0, 0, 40])
        #expect(hold.topUp(usd(60), model: "b") != .held)
        #expect(hold.topUp(usd(45), model: "b") == .held)
        #expect(limits.states(at: noon).map(\.held) == [40, 45, 1, 85])
        hold.charge(usd(5), reserved: usd(40), model: "a", at: noon)
        hold.settle(usd(30), model: "b", at: noon)
        #expect(limits.states(at: noon).map(\.spent) == [5, 30, 1, 35])
        #expect(limits.states(at: noon).map(\.held) == [0, 0, 0, 0])
    }

    @Test func aModelThatWasNotHeldForIsChargedAllTheSame() throws {
        let limits = try organization(usdLimit(100, models: ["b"]))
        let hold = try limits.hold(request(usd(40), model: "a"))
        #expect(hold.settle(usd(7), model: "b", at: noon).isOverrun)
        #expect(try limits.only().spent == 7)
    }

    @Test func requestsCountWhateverTheSettlementSays() throws {
        let limits = try organization(LimitRule(.requests(5), per: .day))
        try limits.hold(request(Spending(requests: 1))).settle(.nothing, at: noon)
        #expect(try limits.only().spent == 1)
    }

    @Test func slotsAreUsedAgainAndOldNamesDoNotFit() throws {
        let limits = try organization(usdLimit(1_000))
        let first = try limits.hold(request(usd(10)))
        first.release(at: noon)
        let second = try limits.hold(request(usd(20)))
        first.settle(usd(10), at: noon)
        #expect(try limits.only().held == 20)
        second.settle(usd(20), at: noon)
        #expect(try limits.only().spent == 20)
    }
}

@Suite struct SoftLimitTests {
    @Test func reachingASoftLimitIsToldOnceInEachWindow() throws {
        let told = Told()
        let rule = LimitRule(.usd(NanoUSD(nanos: 50)), per: .day, soft: true, webhook: "https://example.com/hook")
        let limits = try organization(rule, told: told)
        try limits.spend(request(usd(49)))
        #expect(told.alerts.withLock { $0.isEmpty })
        for _ in 0..<5 { try limits.spend(request(usd(10))) }
        let alert = try #require(told.alerts.withLock { $0.count == 1 ? $0.first : nil })
        #expect(alert.event == .softReached && alert.webhook == "https://example.com/hook" && alert.state.spent == 59)
        try limits.spend(request(usd(60)), at: noon.plus(.seconds(86_400)))
        #expect(told.alerts.withLock { $0.count } == 2)
    }

    @Test func theFirstRefusalOfAHardLimitIsToldOnce() throws {
        let told = Told()
        let limits = try organization(usdLimit(50, per: .day), told: told)
        try limits.spend(request(usd(50)))
        for _ in 0..<3 { #expect(limits.refusal(request(usd(1))) != nil) }
        #expect(told.alerts.withLock { $0.map(\.event) } == [.refused])
    }
}
