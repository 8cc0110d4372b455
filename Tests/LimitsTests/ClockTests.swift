import Core
import Testing

@testable import Limits

@Suite struct ClockTests {
    private let day = Duration.seconds(86_400)

    @Test func aNewWindowBeginsEmpty() throws {
        let limits = try organization(usdLimit(100, per: .day))
        try limits.spend(request(usd(100)))
        #expect(limits.refusal(request(usd(1)), at: utc(2026, 4, 15, 23, 59, 59)) != nil)
        let state = try limits.only(at: utc(2026, 4, 16))
        #expect([state.spent, state.left] == [0, 100])
        #expect(state.since == utc(2026, 4, 16) && state.resets == utc(2026, 4, 17))
    }

    /// Each call of a request counts in the window in which it begins.
    @Test func callsCountInTheWindowInWhichTheyBegin() throws {
        let limits = try organization(usdLimit(100, per: .day))
        let hold = try limits.hold(request(usd(80)))
        let tomorrow = noon.plus(day)
        try limits.spend(request(usd(85)), at: tomorrow)
        #expect(hold.topUp(usd(15), at: tomorrow) == .held)
        #expect(hold.topUp(usd(1), at: tomorrow) != .held)
        // The call of the day before ends after the one of this day, and costs more than was set aside.
        hold.charge(usd(10), reserved: usd(15), at: tomorrow)
        hold.charge(usd(90), reserved: usd(80), at: tomorrow)
        hold.settle(.nothing, at: tomorrow)
        let state = try limits.only(at: tomorrow)
        #expect([state.spent, state.held] == [95, 0])
        let before = try limits.only()
        #expect([before.spent, before.held] == [90, 0])
    }

    @Test func holdsOfManyWindowsAgoAreKept() throws {
        let limits = try organization(usdLimit(100, per: .minute))
        let hold = try limits.hold(request(usd(60)))
        for minute in 1...20 as ClosedRange<Int64> { try limits.spend(request(usd(100)), at: noon.plus(.seconds(60 * minute))) }
        let now = noon.plus(.seconds(60 * 20))
        #expect(hold.topUp(usd(1), at: now) != .held)
        #expect(hold.settle(usd(60), at: now).isOverrun == false)
        #expect(try limits.only(at: now).spent == 100)
    }

    /// Back by less than a window: nothing is opened again, before and after.
    @Test func aSmallStepBackStaysInTheWindow() throws {
        let limits = try organization(usdLimit(100, per: .minute))
        let before = noon.plus(.milliseconds(-200))
        let after = noon.plus(.milliseconds(200))
        try limits.spend(request(usd(100)), at: before)
        try limits.spend(request(usd(70)), at: after)
        #expect(limits.refusal(request(usd(40)), at: before)?.reason == .spent)
        try limits.spend(request(usd(20)), at: before)
        #expect(limits.refusal(request(usd(11)), at: after)?.reason == .spent)
        #expect(try limits.only(at: after).spent == 90)
    }

    /// An hour or a year ahead and back again: the window of now has everything that was spent since it began, and ends when it should.
    @Test(arguments: [Duration.seconds(3_600), .seconds(365 * 86_400)], [LimitPeriod.minute, .hour, .day, .week, .month, .total])
    func aLeapAheadAndBack(_ leap: Duration, _ period: LimitPeriod) throws {
        let limits = try organization(usdLimit(100, per: period))
        try limits.spend(request(usd(60)))
        let ahead = noon.plus(leap)
        let isNewWindow = try limits.only(at: ahead).spent == 0
        #expect(isNewWindow == (period != .total && (leap > .seconds(3_600) || [.minute, .hour].contains(period))))
        try limits.spend(request(usd(40)), at: ahead)
        let hold = isNewWindow ? try limits.hold(request(usd(10)), at: ahead) : nil
        let now = noon.plus(.seconds(5))
        // What began while the clock was ahead counts in the window that the clock showed.
        let spent: Int64 = isNewWindow ? 60 : 100
        #expect(try limits.only(at: now).spent == spent)
        #expect(limits.refusal(request(usd(101 - spent)), at: now)?.reason == .spent)
        hold?.settle(usd(10), at: now)
        let state = try limits.only(at: now)
        if let resets = state.resets {
            // No later than the second window from now ends.
            let window = CalendarWindow(containing: now.microseconds, period, .utc)
            #expect(resets.microseconds <= window.end + (window.end - window.start) * 2)
            let isNext =
                isNewWindow && resets.microseconds <= ahead.microseconds
                && ahead.microseconds < resets.microseconds + (window.end - window.start)
            #expect(try limits.only(at: WallTime(microseconds: resets.microseconds)).spent == (isNext ? 50 : 0))
        }
    }

    /// Holds are settled in the windows in which they began, wherever the clock is.
    @Test func holdsOutliveALeapAndBack() throws {
        let limits = try organization(usdLimit(100, per: .day))
        let first = try limits.hold(request(usd(30)))
        let ahead = noon.plus(.seconds(365 * 86_400))
        let second = try limits.hold(request(usd(50)), at: ahead)
        #expect(limits.mustWait(request(usd(71))))
        #expect(try limits.only().held == 30)
        first.settle(usd(20), at: noon)
        second.settle(usd(40), at: noon)
        let state = try limits.only()
        #expect([state.spent, state.held] == [20, 0])
        #expect(try limits.only(at: ahead).spent == 40)
    }

    @Test(arguments: [Duration.seconds(-3_600), .seconds(-365 * 86_400)])
    func aStepBackForgivesNothing(_ step: Duration) throws {
        let rules = LimitPeriod.allCases.map { usdLimit(100, per: $0) }
        let limits = try tree([ScopeRules(path: "acme", limits: rules)]).organization(of: "acme")
        try limits.spend(request(usd(80)))
        let earlier = noon.plus(step)
        #expect(limits.refusal(request(usd(21)), at: earlier)?.reason == .spent)
        #expect(limits.states(at: earlier).allSatisfy { $0.spent + $0.held == 80 })
    }

    /// Back, in one step or in several, and forth again: the day that was left goes on as it was.
    @Test(arguments: [[-365], [-1, -365], [-2, -40, -365]] as [[Int64]])
    func whatWasLeftGoesOn(_ steps: [Int64]) throws {
        let limits = try organization(usdLimit(100, per: .day))
        try limits.spend(request(usd(60)))
        let hold = try limits.hold(request(usd(20)))
        for step in steps {
            let earlier = noon.plus(day * step)
            #expect(limits.refusal(request(usd(41)), at: earlier)?.reason == .spent)
        }
        try limits.spend(request(usd(10)), at: noon.plus(day * (steps.last ?? 0)))
        let state = try limits.only()
        #expect([state.spent, state.held, state.left] == [60, 20, 20])
        #expect(state.resets == utc(2026, 4, 16))
        #expect(limits.refusal(request(usd(41)))?.reason == .spent)
        hold.settle(usd(20), at: noon)
        #expect(try limits.only().spent == 80)
        #expect(try limits.only(at: noon.plus(day)).spent == 0)
    }

    /// A clock that is wrong for longer opens windows of its own; the day that was left is still as it was.
    @Test func whatWasLeftLongAgoIsNotOpenedAgain() throws {
        let limits = try organization(usdLimit(100, per: .day))
        try limits.spend(request(usd(60)))
        #expect(limits.refusal(request(usd(41)), at: noon.plus(day * -365)) != nil)
        for later in -364 ... -360 as ClosedRange<Int64> { try limits.spend(request(usd(100)), at: noon.plus(day * later)) }
        #expect(try limits.only().spent == 60)
        #expect(limits.refusal(request(usd(41)))?.reason == .spent)
    }

    /// Days of 23 and 25 hours are one window each, and spending stops at their ends only.
    @Test(arguments: [
        ("Europe/Berlin", 3, 28, 23, 23), ("Europe/Berlin", 10, 24, 22, 25), ("America/New_York", 3, 8, 5, 23),
        ("America/New_York", 11, 1, 4, 25),
        ("Asia/Kolkata", 3, 28, 18, 24),
    ])
    func daylightSaving(_ name: String, _ month: Int64, _ day: Int64, _ hour: Int64, _ hours: Int64) throws {
        let rules = ScopeRules(path: "acme", limits: [usdLimit(hours, per: .day)], timeZone: name)
        let limits = try tree([rules]).organization(of: "acme")
        let start = utc(2026, month, day, hour, name == "Asia/Kolkata" ? 30 : 0)
        for passed in 0..<hours { try limits.spend(request(usd(1)), at: start.plus(.seconds(passed * 3_600))) }
        let end = start.plus(.seconds(hours * 3_600))
        #expect(limits.refusal(request(usd(1)), at: end.plus(.microseconds(-1)))?.state?.resets == end)
        try limits.spend(request(usd(1)), at: end)
    }

    @Test func scopesHaveTheZoneOfTheScopeAbove() throws {
        let rules = [
            ScopeRules(path: "acme", limits: [usdLimit(1, per: .day)], timeZone: "Asia/Kolkata"),
            ScopeRules(path: "acme/a/b", limits: [usdLimit(1, per: .day)]),
            ScopeRules(path: "acme/c", limits: [usdLimit(1, per: .day)], timeZone: "UTC"),
        ]
        let resets = try tree(rules).states(at: noon).map(\.resets)
        #expect(resets == [utc(2026, 4, 15, 18, 30), utc(2026, 4, 15, 18, 30), utc(2026, 4, 16)])
    }

    @Test func absurdTimesDoNotTrap() throws {
        let rules = LimitPeriod.allCases.map { usdLimit(100, per: $0) }
        let limits = try tree([ScopeRules(path: "acme", limits: rules)]).organization(of: "acme")
        for time in [0, Int64.max, .min, noon.microseconds, -1, .max, noon.microseconds] {
            if case .held(let hold) = limits.reserve(request(usd(1)), at: WallTime(microseconds: time)) {
                hold.settle(usd(1), at: WallTime(microseconds: time))
            }
        }
        #expect(limits.states(at: noon).allSatisfy { $0.held == 0 })
    }
}
