import Core
import Synchronization
import TestSupport
import Testing

@testable import Limits

/// Those in line wait only for room that they need, and are served in the end.
@Suite struct FairWaitingTests {
    private let rules = [ScopeRules(path: "acme", limits: [usdLimit(1_000)]), ScopeRules(path: "acme/a"), ScopeRules(path: "acme/b")]

    /// Small requests come all the time, each as long as the others. A large one is served before twice the limit was given back: once by those
    /// that were under way when it came, once by those that have passed it.
    @Test(arguments: [100, 400, 700, 1_000] as [Int64], ["acme/a", "acme/b"])
    func aLargeRequestIsServedAfterABoundedTime(_ need: Int64, _ team: String) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed)
        let limits = try tree(rules).organization(of: "acme")
        var open: [(hold: Hold, amount: Int64)] = []
        func fill() {
            while true {
                let amount = Int64.random(in: 1...20, using: &random)
                guard case .held(let hold) = limits.reserve(request(usd(amount), team: "acme/b"), at: noon) else { return }
                open.append((hold, amount))
            }
        }
        fill()
        let outcomes = Outcomes()
        _ = try limits.wait(request(usd(need), team: team), "large", outcomes)
        var given: Int64 = 0
        while outcomes.names.isEmpty, given < 10_000 {
            let (hold, amount) = open.removeFirst()
            hold.release(at: noon)
            given += amount
            fill()
        }
        #expect(outcomes.names == ["large"], "seed \(seed)")
        #expect(given <= 2_000, "seed \(seed)")
    }

    /// A request that waits for its own team's long call takes nothing from anybody, however long small ones come and go.
    @Test func aLongCallOfItsOwnStopsNobody() throws {
        let limits = try tree(rules).organization(of: "acme")
        let outcomes = Outcomes()
        let long = try limits.hold(request(usd(600), team: "acme/a"))
        _ = try limits.wait(request(usd(600), team: "acme/a"), "large", outcomes)
        for _ in 0..<5_000 {
            for team in ["acme/b", "acme/a"] { try limits.hold(request(usd(100), team: team)).release(at: noon) }
        }
        #expect(outcomes.names.isEmpty)
        long.release(at: noon)
        #expect(outcomes.takeHolds().map(\.name) == ["large"])
    }

    /// Those behind the first that need less pass it, and each team's turn comes.
    @Test func smallOnesBehindALargeOneAreServed() throws {
        let limits = try tree(rules).organization(of: "acme")
        let outcomes = Outcomes()
        let (long, short) = (try limits.hold(request(usd(600), team: "acme/a")), try limits.hold(request(usd(400), team: "acme/b")))
        _ = try limits.wait(request(usd(700), team: "acme/a"), "large", outcomes)
        for name in ["b1", "b2"] { _ = try limits.wait(request(usd(150), team: "acme/b"), name, outcomes) }
        _ = try limits.wait(request(usd(100), team: "acme/a"), "a1", outcomes)
        short.settle(usd(0), at: noon)
        #expect(Set(outcomes.names) == ["b1", "b2", "a1"])
        for (_, hold) in outcomes.takeHolds() { hold.release(at: noon) }
        long.release(at: noon)
        #expect(outcomes.takeHolds().map(\.name) == ["large"])
    }

    /// The clock on the wall may do what it wants.
    @Test(arguments: [Duration.seconds(-86_400), .seconds(-3_600), .seconds(3_600), .seconds(400 * 86_400)])
    func patienceIsMeasuredByAClockThatNobodySets(_ step: Duration) throws {
        let uptime = Uptime()
        let tree = LimitTree(
            try LimitConfiguration(scopes: rules, zone: systemZone), clock: { uptime.microseconds.withLock { $0 } }, hooks: Told().hooks)
        let limits = tree.organization(of: "acme")
        let outcomes = Outcomes()
        let hold = try limits.hold(request(usd(1_000)))
        let ticket = try limits.wait(request(usd(1)), "waits", outcomes, patience: .seconds(10))
        let now = noon.plus(step)
        uptime.microseconds.withLock { $0 = 9_000_000 }
        #expect(ticket.wake(at: now) == .seconds(1))
        #expect(outcomes.names.isEmpty)
        uptime.microseconds.withLock { $0 = 10_000_000 }
        #expect(ticket.wake(at: now) == nil)
        #expect(outcomes.refusals.map(\.refusal.reason) == [.held])
        hold.release(at: now)
    }
}

private final class Uptime: Sendable {
    let microseconds = Mutex<Int64>(0)
}
