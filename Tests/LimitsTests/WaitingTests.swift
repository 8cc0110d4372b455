import Core
import TestSupport
import Testing

@testable import Limits

@Suite struct WaitingTests {
    @Test func roomIsGivenInTheOrderOfArrival() throws {
        let limits = try organization(usdLimit(1_000))
        let outcomes = Outcomes()
        let hold = try limits.hold(request(usd(1_000)))
        for name in ["a", "b", "c"] { _ = try limits.wait(request(usd(400)), name, outcomes) }
        #expect(try limits.only().waiting == 3)
        hold.settle(usd(100), at: noon)
        let given = outcomes.takeHolds()
        #expect(given.map(\.name) == ["a", "b"])
        // "c" is refused only when it cannot fit any more.
        given[0].hold.settle(usd(300), at: noon)
        #expect(outcomes.names.isEmpty)
        given[1].hold.settle(usd(300), at: noon)
        #expect(outcomes.refusals.map(\.name) == ["c"])
        #expect(outcomes.refusals.first?.refusal.reason == .spent)
        #expect(try limits.only().waiting == 0)
    }

    /// A request that waits for an older hold keeps nobody from what is free; once the room it needs comes from younger holds, nobody passes.
    @Test func smallRequestsPassUntilTheirRoomIsNeeded() throws {
        let limits = try organization(usdLimit(100))
        let outcomes = Outcomes()
        let (first, second) = (try limits.hold(request(usd(45))), try limits.hold(request(usd(15))))
        _ = try limits.wait(request(usd(80)), "large", outcomes)
        let small = try limits.hold(request(usd(30)))
        second.settle(usd(5), at: noon)
        // The large one has 5 + 45 in its way that no other request can give it.
        try limits.hold(request(usd(20))).release(at: noon)
        first.release(at: noon)
        // It would fit by now if nobody had passed it.
        #expect(outcomes.names.isEmpty && limits.mustWait(request(usd(10))))
        // What costs nothing takes nothing from anybody.
        try limits.spend(request(.nothing))
        small.settle(usd(10), at: noon)
        #expect(outcomes.names == ["large"])
        for (_, hold) in outcomes.takeHolds() { hold.release(at: noon) }
    }

    @Test func otherScopesAreNotInTheWay() throws {
        let rules = [ScopeRules(path: "acme/a", limits: [usdLimit(100)]), ScopeRules(path: "acme/b", limits: [usdLimit(100)])]
        let limits = try tree(rules).organization(of: "acme")
        let hold = try limits.hold(request(usd(100), team: "acme/a"))
        _ = try limits.wait(request(usd(10), team: "acme/a"), "a", Outcomes())
        try limits.spend(request(usd(100), team: "acme/b"))
        hold.release(at: noon)
    }

    @Test func whoLeavesLetsOthersPass() throws {
        let limits = try organization(usdLimit(100))
        let outcomes = Outcomes()
        let hold = try limits.hold(request(usd(60)))
        let other = try limits.hold(request(usd(40)))
        let large = try limits.wait(request(usd(80)), "large", outcomes)
        let small = try limits.wait(request(usd(50)), "small", outcomes)
        other.settle(usd(20), at: noon)
        #expect(outcomes.names == [])
        hold.settle(usd(0), at: noon)
        #expect(outcomes.names == ["large"])
        #expect(small.cancel())
        for (_, hold) in outcomes.takeHolds() { hold.release(at: noon) }
        let last = try limits.hold(request(usd(75)))
        let later = try limits.wait(request(usd(70)), "later", outcomes)
        let latest = try limits.wait(request(usd(6)), "latest", outcomes)
        #expect(later.cancel())
        #expect(outcomes.names.isEmpty && latest.cancel())
        last.release(at: noon)
        #expect(!large.cancel())
        #expect(try limits.only().held == 0)
    }

    @Test func whoLeavesGivesBackWhatWasKeptForIt() throws {
        let limits = try organization(usdLimit(100))
        let outcomes = Outcomes()
        let hold = try limits.hold(request(usd(60)))
        let young = { try limits.hold(request(usd(40))) }
        let large = try limits.wait(request(usd(80)), "large", outcomes)
        let passed = try young()
        hold.release(at: noon)
        let small = try limits.wait(request(usd(10)), "small", outcomes)
        #expect(large.cancel())
        #expect(outcomes.names == ["small"])
        passed.release(at: noon)
        #expect(!small.cancel())
        #expect(!large.cancel())
        #expect(small.wake(at: noon) == nil)
        for (_, hold) in outcomes.takeHolds() { hold.release(at: noon) }
        #expect(try limits.only().held == 0)
    }

    @Test func patienceEnds() throws {
        let limits = try organization(usdLimit(100))
        let outcomes = Outcomes()
        let hold = try limits.hold(request(usd(100)))
        let ticket = try limits.wait(request(usd(10)), "a", outcomes, patience: .seconds(3))
        _ = try limits.wait(request(usd(10)), "b", outcomes)
        #expect(ticket.delay == .seconds(3))
        #expect(ticket.wake(at: noon.plus(.seconds(2))) == .seconds(1))
        #expect(ticket.wake(at: noon.plus(.seconds(3))) == nil)
        #expect(outcomes.refusals.map(\.name) == ["a"])
        #expect(outcomes.refusals.first?.refusal.reason == .held)
        #expect(outcomes.refusals.first?.refusal.kind == .rate)
        hold.release(at: noon)
        #expect(outcomes.takeHolds().map(\.name) == ["b"])
    }

    /// `{requests: 2, per: minute, wait: 10s}`.
    @Test func aRateLimitThatMayBeWaitedFor() throws {
        let limits = try organization(LimitRule(.requests(2), per: .minute, wait: .seconds(10)))
        let outcomes = Outcomes()
        let wanted = request(Spending(requests: 1))
        for _ in 0..<2 { try limits.spend(wanted) }
        // The window ends too late to wait for it.
        #expect(limits.refusal(wanted, at: noon.plus(.seconds(40)))?.retryAfter == .seconds(20))
        let late = noon.plus(.seconds(55))
        let tickets = try ["a", "b", "c"].map { try limits.wait(wanted, $0, outcomes, at: late) }
        #expect(tickets.map(\.delay) == Array(repeating: .seconds(5), count: 3))
        #expect(tickets[2].wake(at: noon.plus(.seconds(60))) == .seconds(5))
        let given = outcomes.takeHolds()
        #expect(given.map(\.name) == ["a", "b"])
        for (_, hold) in given { hold.settle(wanted.amount, at: noon.plus(.seconds(61))) }
        #expect(outcomes.refusals.map(\.name) == ["c"])
        #expect(try limits.only(at: noon.plus(.seconds(61))).spent == 2)
    }

    @Test func placesMayBeWaitedForWhereTheRuleSaysSo() throws {
        let limits = try organization(LimitRule(.concurrent(1), wait: .seconds(2)))
        let outcomes = Outcomes()
        let hold = try limits.hold(request(.nothing))
        let ticket = try limits.wait(request(.nothing), "a", outcomes)
        #expect(ticket.delay == .seconds(2))
        hold.settle(.nothing, at: noon)
        #expect(outcomes.takeHolds().map(\.name) == ["a"])
    }

    /// A window that turns under somebody else's request gives those in line their turn first.
    @Test func aNewcomerOfANewWindowComesBehindThoseInLine() throws {
        let limits = try organization(LimitRule(.requests(1), per: .minute, wait: .seconds(30)))
        let outcomes = Outcomes()
        let wanted = request(Spending(requests: 1))
        try limits.spend(wanted, at: noon)
        _ = try limits.wait(wanted, "a", outcomes, at: noon.plus(.seconds(50)))
        #expect(limits.reserve(wanted, at: noon.plus(.seconds(61))).isHeld == false)
        #expect(outcomes.takeHolds().map(\.name) == ["a"])
    }

    /// Waits for one limit, then for another: it keeps its place by arrival.
    @Test func waitersMoveToTheLimitThatIsInTheWay() throws {
        let rules = [ScopeRules(path: "acme", limits: [usdLimit(100)]), ScopeRules(path: "acme/a", limits: [usdLimit(50)])]
        let limits = try tree(rules).organization(of: "acme")
        let outcomes = Outcomes()
        let team = try limits.hold(request(usd(50), team: "acme/a"))
        let others = try limits.hold(request(usd(50), team: "acme/b"))
        _ = try limits.wait(request(usd(40), team: "acme/a"), "first", outcomes)
        _ = try limits.wait(request(usd(60), team: "acme/b"), "second", outcomes)
        others.settle(usd(10), at: noon)
        #expect(outcomes.names.isEmpty)
        team.settle(usd(5), at: noon)
        #expect(outcomes.names == ["first"])
        for (_, hold) in outcomes.takeHolds() { hold.settle(usd(5), at: noon) }
        #expect(outcomes.takeHolds().map(\.name) == ["second"])
        #expect(limits.states(at: noon).allSatisfy { $0.waiting == 0 })
    }

    /// One team floods, another asks now and then; the limit above them is what both wait for.
    @Test(arguments: [(1, 1), (3, 1)])
    func teamsTakeTurnsByWeight(_ weights: (Int, Int)) throws {
        let rules = [
            ScopeRules(path: "acme", limits: [usdLimit(1_000_000, per: .day)]), ScopeRules(path: "acme/flood", weight: weights.0),
            ScopeRules(path: "acme/calm", weight: weights.1),
        ]
        let limits = try tree(rules).organization(of: "acme")
        let outcomes = Outcomes()
        let hold = try limits.hold(request(usd(1_000_000)))
        for _ in 0..<400 { _ = try limits.wait(request(usd(1_000), team: "acme/flood/x"), "flood", outcomes) }
        for _ in 0..<100 { _ = try limits.wait(request(usd(1_000), team: "acme/calm"), "calm", outcomes) }
        hold.settle(usd(800_000), at: noon)
        let given = outcomes.takeHolds()
        #expect(given.count == 200)
        let calm = given.filter { $0.name == "calm" }.count
        let share = 200 * weights.1 / (weights.0 + weights.1)
        #expect((share - 1...share + 1).contains(calm), "\(calm) of 200")
        for (_, hold) in given { hold.release(at: noon) }
    }

    @Test func theLineIsBounded() throws {
        let limits = try organization(usdLimit(100))
        let outcomes = Outcomes()
        let hold = try limits.hold(request(usd(100)))
        let wanted = request(usd(1))
        for _ in 0..<LimitBounds.waiting { _ = try limits.wait(wanted, "x", outcomes) }
        let last = limits.reserve(wanted, at: noon, patience: .seconds(1)) { _ in }
        guard case .refused(let refusal) = last else { throw NotHeld() }
        #expect(refusal.reason == .tooManyWaiting && refusal.kind == .busy)
        hold.settle(usd(100), at: noon)
        #expect(outcomes.refusals.count == LimitBounds.waiting)
    }
}

extension Reservation {
    fileprivate var isHeld: Bool { if case .held = self { true } else { false } }
}

@Suite struct WaitLineTests {
    /// A line behaves like a sorted list, whatever comes and goes.
    @Test func orderAndRemoval() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed)
        var line = WaitLine()
        var expected: [WaiterID] = []
        for _ in 0..<5_000 {
            if Bool.random(using: &random) || expected.isEmpty {
                let id = WaiterID.random(in: 0...1_000_000, using: &random)
                guard !expected.contains(id) else { continue }
                line.insert(id)
                expected = (expected + [id]).sorted()
            } else {
                let id = Int.random(in: 0..<3, using: &random) == 0 ? expected[expected.count / 2] : expected[0]
                line.remove(id)
                expected.removeAll { $0 == id }
            }
            #expect(line.first == expected.first && line.isEmpty == expected.isEmpty, "seed \(seed)")
        }
    }
}
