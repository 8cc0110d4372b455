import Core
import TestSupport
import Testing

@testable import Limits

/// Windows come from the ledger, whatever the clock did.
@Suite struct WindowReadingTests {
    private static let day = Duration.seconds(86_400)
    private let rules = [
        ScopeRules(
            path: "acme", limits: [usdLimit(35, per: .day), usdLimit(200, per: .month), usdLimit(1_000)],
            eachUser: [usdLimit(50, per: .day)])
    ]
    private let acme = RequestScopes(team: "acme", user: "ann")

    /// A start with the clock behind or ahead, which is then set right: what was spent in the right day and month counts.
    @Test(arguments: [-1, 1, 20, -40, 400] as [Int64])
    func aStartWithAWrongClockForgetsNothing(_ days: Int64) throws {
        let ledger = LedgerStub()
        ledger.commit(acme, usd(40), at: noon)
        ledger.commit(acme, usd(40), at: noon.plus(Self.day * -3))
        let tree = try ledger.tree(rules, at: noon.plus(Self.day * days))
        let limits = tree.organization(of: "acme")
        // Until the ledger is read, nothing new is let through, and nothing is refused for good.
        #expect(limits.mustWait(request(usd(1), user: "ann")))
        let outcomes = Outcomes()
        _ = try limits.wait(request(usd(1), user: "bob"), "waits", outcomes)
        #expect(outcomes.names.isEmpty)
        ledger.read(into: tree, at: noon)
        #expect(outcomes.refusals.map(\.refusal.reason) == [.spent])
        #expect(limits.refusal(request(usd(1), user: "ann"))?.reason == .spent)
        for state in limits.states(at: noon) { #expect(state.spent == ledger.sum(state), "\(state)") }
        #expect(
            limits.states(at: noon).filter { $0.identity.period != .total }.allSatisfy { $0.spent >= 40 || $0.identity.scope.user == "bob" }
        )
    }

    /// With a clock that only goes forward, windows begin at nothing without the ledger.
    @Test func anOrdinaryTurnNeedsNoReading() throws {
        let ledger = LedgerStub()
        ledger.commit(acme, usd(10), at: noon.plus(Self.day * -1))
        let tree = try ledger.tree(rules, at: noon)
        let limits = tree.organization(of: "acme")
        for days in 0..<40 as Range<Int64> {
            let now = noon.plus(Self.day * days)
            let hold = try limits.hold(request(usd(2), user: "user-\(days)"), at: now)
            hold.settle(usd(1), record: ledger.commit(acme, usd(1), at: now), at: now)
            #expect(!ledger.read(into: tree, at: now))
        }
    }

    /// Back and forth at random: every window that is entered has what the ledger says, and none is overspent.
    @Test func stepsAtRandom() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed)
        let ledger = LedgerStub()
        let periods: [LimitPeriod] = [.minute, .hour, .day, .week, .month]
        let rules = [ScopeRules(path: "acme", limits: periods.map { usdLimit(Int64.random(in: 20...200, using: &random), per: $0) })]
        var tree = try ledger.tree(rules, at: noon)
        var now = noon
        for step in 0..<2_000 {
            switch Int.random(in: 0..<20, using: &random) {
            case 0: now = noon.plus(.seconds(Int64.random(in: -4_000_000...4_000_000, using: &random)))
            case 1: now = noon.plus(.seconds(Int64.random(in: -40_000...40_000, using: &random)))
            case 2: tree = try ledger.tree(rules, at: now)
            default: now = now.plus(.seconds(Int64.random(in: 0...90, using: &random)))
            }
            let limits = tree.organization(of: "acme")
            for _ in 0..<2 {
                // The first one enters the windows of now.
                if case .held(let hold) = limits.reserve(request(usd(7)), at: now) {
                    let actual = usd(Int64.random(in: 0...7, using: &random))
                    hold.settle(actual, record: ledger.commit(RequestScopes(team: "acme"), actual, at: now), at: now)
                }
                ledger.read(into: tree, at: now)
            }
            for state in limits.states(at: now) {
                #expect(state.spent == ledger.sum(state) && state.spent <= state.limit, "seed \(seed), step \(step): \(state)")
            }
        }
    }
}

/// Windows of limits that gateways share.
@Suite struct SharedWindowTests {
    /// A fallback, a hedge or a retry that begins after the window of its request has ended needs a slice of the window of now.
    @Test func aLateCallNeedsASliceOfItsOwnWindow() throws {
        let limits = try tree(
            [ScopeRules(path: "acme", limits: [usdLimit(1_000, per: .minute), LimitRule(.tokens(500), per: .minute)])], sharing: .leased
        )
        .organization(of: "acme")
        let states = limits.states(at: noon)
        for state in states { #expect(limits.grant(400, to: state.identity, window: noon, at: noon)) }
        let amount = Spending(usd: NanoUSD(nanos: 300), tokens: 300)
        let hold = try limits.hold(request(amount))
        for state in states { limits.setElsewhere(600, spent: 600, of: state.identity, window: noon, at: noon) }
        let later = noon.plus(.seconds(63))
        guard case .refused(let refusal) = hold.topUp(amount, at: later), case .needsLease(let needs) = refusal.reason else {
            throw NotHeld()
        }
        #expect(needs.first?.window == noon.plus(.seconds(60)))
        for state in states { #expect(limits.grant(350, to: state.identity, window: noon.plus(.seconds(60)), at: later)) }
        #expect(hold.topUp(amount, at: later) == .held)
        #expect(hold.topUp(amount, at: later) != .held)
        hold.charge(Spending(usd: NanoUSD(nanos: 200), tokens: 100), reserved: amount, at: later)
        hold.charge(amount, reserved: amount, at: later)
        hold.settle(.nothing, at: later)
        #expect(limits.states(at: later).map(\.spent) == [300, 300])
        let windows = limits.changedLeases(at: later)
        #expect(windows.filter { !$0.isCurrent && $0.spent > 0 }.map(\.spent) == [200, 100])
        #expect(windows.allSatisfy { $0.held == 0 && $0.spent <= 400 })
    }
}
