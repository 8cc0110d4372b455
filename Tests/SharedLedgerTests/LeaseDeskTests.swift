import Core
import Testing

@testable import Ledger
@testable import Limits
@testable import SharedLedger

/// The accounts of one gateway's leases, at moments that the test chooses.
@Suite(.enabled(if: Server.isThere, Server.isMissing)) struct LeaseDeskTests {
    private let start = WallTime(microseconds: 1_767_225_600_000_000)

    @Test func aWindowThatIsOverKeepsWhatWasSpentAndGivesBackTheRest() throws {
        let bench = try LeaseBench([LimitRule(.requests(100), per: .minute), LimitRule(.usd(NanoUSD(nanos: 50_000_000_000)), per: .day)])
        let first = try #require(try bench.reserve(at: start))
        first.settle(Spending(usd: NanoUSD(nanos: 400_000_000), tokens: 5, requests: 1), at: start)
        let second = try #require(try bench.reserve(at: start))
        try bench.report(at: start)
        #expect(try bench.accounts() == ["acme|||requests|minute||1|t|0", "acme|||usd|day||400000000|t|0"])

        // The next minute begins while one request is under way: its window stays open for it.
        let next = start.advanced(bySeconds: 61)
        let third = try #require(try bench.reserve(at: next))
        try bench.report(at: next)
        #expect(
            try bench.database.query("SELECT spent, leased > 0 FROM purser.limit_window WHERE identity LIKE '%minute%' ORDER BY starts")
                == ["1|t", "0|t"])
        second.settle(Spending(usd: NanoUSD(nanos: 1_000_000_000), tokens: 10, requests: 1), at: next)
        third.settle(Spending(usd: NanoUSD(nanos: 1), tokens: 10, requests: 1), at: next)
        try bench.report(at: next)
        #expect(
            try bench.database.query("SELECT spent, leased FROM purser.limit_window WHERE identity LIKE '%minute%' ORDER BY starts").first
                == "2|0")
        #expect(try bench.database.number("SELECT spent FROM purser.limit_window WHERE identity LIKE '%day%'") == 1_400_000_001)
        // Once more changes nothing.
        try bench.report(at: next)
        #expect(
            try bench.database.query("SELECT spent, leased FROM purser.limit_window WHERE identity LIKE '%minute%' ORDER BY starts").first
                == "2|0")
    }

    /// A fallback or a hedge that begins when the window of its request is over is paid from the window of now, by a slice of it.
    @Test func aLateCallOfTwoGatewaysOverspendsNoWindow() throws {
        let dollar: Int64 = 1_000_000_000
        let one = try LeaseBench([LimitRule(.usd(NanoUSD(nanos: dollar * 5 / 2)), per: .minute)])
        let two = try LeaseBench([LimitRule(.usd(NanoUSD(nanos: dollar * 5 / 2)), per: .minute)], beside: one)
        let (early, late) = (start.advanced(bySeconds: 50), start.advanced(bySeconds: 63))
        let hold = try #require(try one.reserve(at: early))
        let other = try #require(try two.reserve(at: early))
        #expect(try one.reserve(at: early) == nil)
        other.settle(Spending(usd: NanoUSD(nanos: dollar), tokens: 1, requests: 1), at: early)
        try two.report(at: early)
        let more = Spending(usd: NanoUSD(nanos: dollar * 9 / 10))
        guard case .refused(let refusal) = hold.topUp(more, at: late), case .needsLease(let needs) = refusal.reason else {
            Issue.record("it was let through without a slice")
            return
        }
        try one.lease(needs, late)
        #expect(hold.topUp(more, at: late) == .held)
        hold.charge(more, reserved: more, at: late)
        hold.charge(Spending(usd: NanoUSD(nanos: dollar)), reserved: Spending(usd: NanoUSD(nanos: dollar), tokens: 10), at: late)
        hold.settle(.nothing, at: late)
        for bench in [one, two] { try bench.report(at: late) }
        let spent = try one.database.query("SELECT spent, overrun FROM purser.limit_window ORDER BY starts")
        #expect(spent == ["\(2 * dollar)|0", "\(dollar * 9 / 10)|0"])
    }

    /// Both gateways take a limit of 2.5 USD by a reload while the first has two calls of a dollar under way.
    @Test func aLimitThatAReloadAdds_countsWhatIsUnderWayAtOtherGateways() throws {
        let dollar: Int64 = 1_000_000_000
        let (one, rules) = (try LeaseBench([]), [LimitRule(.usd(NanoUSD(nanos: dollar * 5 / 2)), per: .day), LimitRule(.concurrent(9))])
        let two = try LeaseBench([], beside: one)
        let holds = [try #require(try one.reserve(at: start)), try #require(try one.reserve(at: start))]
        for bench in [one, two] { try bench.adopt(rules, at: start) }
        try one.report(at: start)
        #expect(try one.database.query("SELECT spent, leased FROM purser.limit_window ORDER BY identity") == ["0|\(2 * dollar)", "0|2"])
        #expect(try two.reserve(at: start) == nil, "3 USD would be under way")
        for hold in holds { hold.settle(Spending(usd: NanoUSD(nanos: dollar / 2), tokens: 1, requests: 1), at: start) }
        try one.report(at: start)
        try one.sync(one.desk.farewell(at: start), start)
        try two.read(at: start)
        #expect(try two.reserve(at: start) != nil)
        #expect(try one.database.number("SELECT spent + leased FROM purser.limit_window WHERE identity LIKE '%usd%'") <= dollar * 5 / 2)
    }

    /// More is under way than the new limit allows: all of it is leased that there is, and nobody gets more.
    @Test func aLimitBelowWhatIsUnderWay_isLeasedWhole() throws {
        let dollar: Int64 = 1_000_000_000
        let rules = [LimitRule(.usd(NanoUSD(nanos: dollar * 3 / 2)), per: .day)]
        let one = try LeaseBench([])
        let two = try LeaseBench([], beside: one)
        let holds = [try #require(try one.reserve(at: start)), try #require(try one.reserve(at: start))]
        let other = try #require(try two.reserve(at: start))
        for bench in [one, two] { try bench.adopt(rules, at: start) }
        try two.report(at: start)
        for _ in 0..<3 { try one.report(at: start) }
        #expect(try one.database.query("SELECT spent, leased FROM purser.limit_window") == ["0|\(dollar * 3 / 2)"])
        for hold in holds + [other] { hold.settle(Spending(usd: NanoUSD(nanos: dollar / 4), tokens: 1, requests: 1), at: start) }
        for bench in [one, two] { try bench.report(at: start) }
        #expect(try one.database.number("SELECT spent FROM purser.limit_window") == dollar * 3 / 4)
    }

    /// A gateway that asks before the other has reported gets nothing until it must have.
    @Test func aLimitThatAReloadAdds_isNotLeasedBeforeOthersHaveReported() async throws {
        let bench = try LeaseBench([], settlingTime: .milliseconds(300))
        try bench.adopt([LimitRule(.usd(NanoUSD(nanos: 2_000_000_000)), per: .day)], at: start)
        #expect(try bench.reserve(at: start) == nil)
        #expect(try bench.database.number("SELECT count(*) FROM purser.lease") == 0)
        try await Task.sleep(for: .milliseconds(310))
        #expect(try bench.reserve(at: start) != nil)
    }

    @Test func everyUserHasAnAccountOfHisOwn() throws {
        let bench = try LeaseBench([], eachUser: [LimitRule(.usd(NanoUSD(nanos: 2_000_000_000)), per: .day)])
        for user in ["bob", "b|b", "b\u{0}b", "b\u{2400}b", String(repeating: "ü", count: 5_000)] {
            for number in 1...3 {
                let hold = try bench.reserve(user, at: start)
                #expect((hold == nil) == (number == 3), "\(user.prefix(9)) \(number)")
                hold?.settle(Spending(usd: NanoUSD(nanos: 1_000_000_000), tokens: 1, requests: 1), at: start)
            }
        }
        try bench.report(at: start)
        #expect(
            try bench.database.query("SELECT count(*), min(spent), max(spent), sum(leased) FROM purser.limit_window") == [
                "5|2000000000|2000000000|0"
            ])
    }

    @Test func aRefundGivesBackWhatWasInDoubtAndNothingElseDoes() throws {
        let bench = try LeaseBench([LimitRule(.usd(NanoUSD(nanos: 3_000_000_000)), per: .total)])
        let past = PastSpending(
            RequestScopes(team: "acme"), model: "m", time: start, amount: Spending(usd: NanoUSD(nanos: 2_000_000_000), requests: 1),
            isInDoubt: true)
        #expect(bench.limits.restore(past, at: start))
        try bench.report(at: start)
        #expect(try bench.accounts() == ["acme|||usd|total||2000000000|f|0"])
        bench.limits.refund(past, at: start)
        try bench.report(at: start)
        #expect(try bench.database.number("SELECT spent FROM purser.limit_window") == 0)
        #expect(try bench.reserve(at: start) != nil)
    }

    /// What was charged beyond what was set aside is paid from what is left, and where nothing is, it shows as overrun.
    @Test func aCallThatCostMoreThanWasSetAsideIsCounted() throws {
        let bench = try LeaseBench([LimitRule(.usd(NanoUSD(nanos: 3_000_000_000)), per: .total)])
        let hold = try #require(try bench.reserve(at: start))
        hold.settle(Spending(usd: NanoUSD(nanos: 5_000_000_000), tokens: 1, requests: 1), at: start)
        try bench.report(at: start)
        #expect(try bench.database.query("SELECT spent, leased, overrun FROM purser.limit_window") == ["5000000000|0|2000000000"])
        #expect(try bench.reserve(at: start) == nil)
    }
}

/// How large slices are, without any database.
@Suite struct SlicePolicyTests {
    private let start = ContinuousClock.now

    private func policy(rate: Int64, seconds: Int) -> SlicePolicy {
        var policy = SlicePolicy()
        for second in 0...seconds { policy.note(rate * Int64(second), at: start + .seconds(second)) }
        return policy
    }

    @Test func aBusyLimitIsToppedUpBeforeItRunsOut() {
        let policy = policy(rate: 1_000, seconds: 5)
        let now = start + .seconds(5)
        #expect(policy.topUp(free: 5_000, at: now) == 0)
        #expect(policy.topUp(free: 500, at: now) == 1_500)
        #expect(policy.topUp(free: 0, at: now + .seconds(3)) == 0, "what went back for nobody uses it is not fetched again")
        #expect(policy.slice(missing: 10, free: 0) == 2_000)
        #expect(policy.slice(missing: 1_000, free: 0) == 8_000)
        #expect(policy.slice(missing: .max, free: 0) == .max)
    }

    @Test func whatIsNotNeededGoesBack() {
        let busy = policy(rate: 1_000, seconds: 5)
        let now = start + .seconds(5)
        #expect(busy.surplus(free: 7_000, isWanted: false, at: now) == 0)
        #expect(busy.surplus(free: 20_000, isWanted: false, at: now) == 16_000)
        #expect(busy.surplus(free: 700, isWanted: true, at: now) == 700)
        #expect(busy.surplus(free: 700, isWanted: false, at: now + .seconds(3)) == 700)
        #expect(SlicePolicy().surplus(free: 700, isWanted: false, at: now) == 700)
    }
}
