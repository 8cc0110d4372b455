import EventLoop
import Limits
import Policies
import Testing

@testable import Execution

private func at(_ seconds: Double) -> MonotonicTime { MonotonicTime(nanoseconds: 1_000_000_000_000 + UInt64(seconds * 1e9)) }

/// A reference to the state machine under test: `#expect` takes no mutating calls.
final class Breaker {
    private var breaker = CircuitBreaker(BreakerRules())
    func opens(at time: MonotonicTime) -> MonotonicTime? { breaker.opens(at: time) }
    func admit(at time: MonotonicTime) -> Bool { breaker.admit(at: time, as: Self.prober) != .refused }
    func admit(at time: MonotonicTime, _ caller: String, of team: String = "a/b", isPatient: Bool = true) -> CircuitBreaker.Admission {
        breaker.admit(at: time, as: CircuitBreaker.Prober(caller: caller, team: team, isPatient: isPatient))
    }
    func opens(at time: MonotonicTime, for team: String) -> MonotonicTime? { breaker.opens(at: time, for: Self.prober(of: team)) }
    func succeeded(at time: MonotonicTime, for team: String = "a/b") { breaker.succeeded(at: time, for: team) }
    func failed(at time: MonotonicTime, for team: String = "a/b") { breaker.failed(at: time, for: Self.prober(of: team)) }
    static func prober(of team: String) -> CircuitBreaker.Prober { CircuitBreaker.Prober(caller: "key", team: team, isPatient: true) }
    func abandoned(_ admission: CircuitBreaker.Admission) { breaker.abandoned(admission) }
    static let prober = CircuitBreaker.Prober(caller: "key", team: "a/b", isPatient: true)
}

private final class Budget {
    private var budget = RetryBudget()
    func deposit() { budget.deposit(for: "a") }
    func withdraw(at time: MonotonicTime) -> Bool { budget.withdraw(for: "a", at: time) }
}

@Suite struct CircuitBreakerTests {
    private let breaker = Breaker()

    private func fail(_ times: Int, from start: Double = 0) {
        for index in 0..<times where breaker.admit(at: at(start + Double(index) / 100)) {
            breaker.failed(at: at(start + Double(index) / 100))
        }
    }

    @Test func opensAfterFailuresInARow() {
        fail(4)
        #expect(breaker.opens(at: at(1)) == nil)
        fail(1, from: 1)
        #expect(breaker.opens(at: at(1)) == at(31))
        #expect(!breaker.admit(at: at(30.9)))
    }

    @Test func aSuccessBreaksTheRow() {
        fail(4)
        #expect(breaker.admit(at: at(1)))
        breaker.succeeded(at: at(1))
        fail(4, from: 2)
        #expect(breaker.opens(at: at(3)) == nil)
    }

    @Test func opensWhenHalfOfManyFail() {
        for index in 0..<20 {
            let time = at(Double(index) / 10)
            #expect(breaker.admit(at: time), "call \(index)")
            if index.isMultiple(of: 2) { breaker.succeeded(at: time) } else { breaker.failed(at: time) }
        }
        #expect(!breaker.admit(at: at(2)))
    }

    @Test func forgetsWhatIsLongerAgoThanTheWindow() {
        for index in 0..<18 {
            breaker.failed(at: at(Double(index) / 100))
            breaker.succeeded(at: at(Double(index) / 100))
        }
        // 36 calls, half of them failures, but the breaker looks when something fails.
        let fresh = Breaker()
        for index in 0..<9 {
            fresh.failed(at: at(Double(index) / 100))
            fresh.succeeded(at: at(Double(index) / 100))
        }
        fresh.succeeded(at: at(30))
        fresh.failed(at: at(30))
        #expect(fresh.opens(at: at(30)) == nil)
        #expect(breaker.opens(at: at(1)) != nil)
    }

    @Test func oneProbeDecides() {
        fail(5)
        #expect(breaker.admit(at: at(31)))
        #expect(!breaker.admit(at: at(31)), "a second probe")
        breaker.failed(at: at(31.5))
        #expect(breaker.opens(at: at(32)) == at(61.5))
        #expect(breaker.admit(at: at(62)))
        breaker.succeeded(at: at(62))
        for _ in 0..<10 { #expect(breaker.admit(at: at(62))) }
    }

    @Test func aProbeThatTellsNothingLetsAnotherThrough() {
        fail(5)
        let probe = breaker.admit(at: at(31), "key")
        #expect(probe != .refused)
        breaker.abandoned(probe)
        #expect(breaker.admit(at: at(31)))
    }

    @Test func halfOpen_aCallersProbe_doesNotKeepOthersOut() {
        fail(5)
        guard case .probe = breaker.admit(at: at(31), "a") else { return #expect(Bool(false), "no probe") }
        #expect(breaker.admit(at: at(31), "a") == .refused, "one probe for each caller")
        guard case .probe = breaker.admit(at: at(31), "b") else { return #expect(Bool(false), "b is kept out") }
    }

    @Test func halfOpen_anImpatientProbe_doesNotKeepAPatientOneOut() {
        fail(5)
        guard case .probe = breaker.admit(at: at(31), "a", isPatient: false) else { return #expect(Bool(false), "no probe") }
        #expect(breaker.admit(at: at(31), "a", isPatient: false) == .refused)
        guard case .probe = breaker.admit(at: at(31), "a") else { return #expect(Bool(false), "the patient call is kept out") }
    }

    @Test func halfOpen_probesOfATeam_areBounded_andKeepNoOtherTeamOut() {
        fail(5)
        let admitted = (0..<100).count { breaker.admit(at: at(31), "key \($0)", isPatient: $0.isMultiple(of: 2)) != .refused }
        #expect(admitted == 4)
        #expect(breaker.opens(at: at(31)) != nil)
        #expect(breaker.admit(at: at(31), "other", of: "a/c") != .refused)
        #expect(breaker.admit(at: at(31), "other", of: "c/b") != .refused)
    }

    @Test func failuresOfOneTeam_whileAnotherIsServed_openForThatTeamAlone() {
        breaker.succeeded(at: at(0), for: "c/d")
        fail(5, from: 1)
        #expect(breaker.opens(at: at(2), for: "a/b") == at(31.04))
        #expect(breaker.opens(at: at(2), for: "c/d") == nil && breaker.opens(at: at(2)) == nil)
        #expect(breaker.admit(at: at(2), "key") == .refused && breaker.admit(at: at(2), "other", of: "c/d") == .regular)
        #expect(breaker.admit(at: at(31.04), "key") == .regular)
    }

    @Test func failuresOfSeveralTeams_openForAll() {
        breaker.succeeded(at: at(0), for: "c/d")
        fail(4, from: 1)
        breaker.failed(at: at(1.5), for: "c/d")
        for team in ["a/b", "c/d", "e/f"] { #expect(breaker.opens(at: at(2), for: team) == at(31.5)) }
    }

    @Test func failuresOfOneTeam_longAfterAnothersSuccess_openForAll() {
        breaker.succeeded(at: at(0), for: "c/d")
        fail(5, from: 11)
        #expect(breaker.opens(at: at(12), for: "c/d") == at(41.04))
    }

    @Test func manyFailuresOfOneTeam_amongAnothersSuccesses_openForThatTeamAlone() {
        for index in 0..<40 {
            let time = at(Double(index) / 10)
            if index.isMultiple(of: 2) { breaker.succeeded(at: time, for: "c/d") } else { breaker.failed(at: time) }
        }
        #expect(breaker.opens(at: at(4), for: "a/b") != nil && breaker.opens(at: at(4), for: "c/d") == nil)
    }

    @Test func halfOpen_aProbeThatFails_keepsItsOwnTeamOut() {
        fail(5)
        #expect(breaker.admit(at: at(31), "key") != .refused)
        breaker.failed(at: at(31))
        #expect(breaker.admit(at: at(32), "another") == .refused)
        #expect(breaker.admit(at: at(32), "other", of: "c/d") != .refused)
        breaker.succeeded(at: at(33), for: "c/d")
        #expect(breaker.admit(at: at(33), "key") == .regular)
    }

    @Test func halfOpen_aProbeThatTakesLongerThanTheCooldown_freesItsPlace() {
        fail(5)
        let slow = breaker.admit(at: at(31), "a")
        for caller in ["b", "c", "d"] { #expect(breaker.admit(at: at(32), caller) != .refused) }
        #expect(breaker.admit(at: at(60.9), "e") == .refused)
        #expect(breaker.admit(at: at(61), "e") != .refused)
        let second = breaker.admit(at: at(62), "a")
        #expect(second != .refused)
        breaker.abandoned(slow)
        #expect(breaker.admit(at: at(62), "a") == .refused, "what the slow probe tells too late frees no place of the second")
        breaker.succeeded(at: at(63))
        #expect(breaker.opens(at: at(63)) == nil)
    }

    @Test func halfOpen_aCallFromBeforeTheOutage_freesNoProbe() {
        let early = breaker.admit(at: at(0), "a")
        #expect(early == .regular)
        fail(5)
        _ = breaker.admit(at: at(31), "a")
        breaker.abandoned(early)
        #expect(breaker.admit(at: at(31), "a") == .refused)
    }

    @Test func halfOpen_manyProbesThatTellNothing_neitherOpenNorClose() {
        fail(5)
        for _ in 0..<100 {
            let probe = breaker.admit(at: at(31), "a", isPatient: false)
            #expect(probe != .refused)
            breaker.abandoned(probe)
        }
        guard case .probe = breaker.admit(at: at(31), "b") else { return #expect(Bool(false), "it is not half-open any more") }
    }
}

@Suite struct RetryBudgetOfOneTeamTests {
    @Test func aStormGetsAFifthAndTenASecond() {
        let budget = Budget()
        var retries = 0
        // 1,000 requests a second for ten seconds, every one of which fails.
        for index in 0..<10_000 {
            budget.deposit()
            if budget.withdraw(at: at(Double(index) / 1_000)) { retries += 1 }
        }
        // Three quarters of what is saved up come to it, too.
        #expect((2_000...2_185).contains(retries))
    }

    @Test func idleTimeSavesUpTenSeconds() {
        let budget = Budget()
        #expect(budget.withdraw(at: at(0)))
        let available = (0..<1_000).count { _ in budget.withdraw(at: at(3_600)) }
        #expect(available == 75, "three quarters of a hundred: the rest is for other teams")
    }

    @Test func theFirstFailuresMayBeTriedAgain() {
        let budget = Budget()
        budget.deposit()
        #expect(budget.withdraw(at: at(0)))
    }
}

@Suite struct PeakLatencyTests {
    @Test func jumpsUpAndComesDownSlowly() throws {
        var latency = PeakLatency()
        #expect(latency.milliseconds == nil)
        latency.add(100, at: at(0))
        latency.add(900, at: at(1))
        #expect(latency.milliseconds == 900)
        latency.add(100, at: at(2))
        let afterOneSecond = try #require(latency.milliseconds)
        #expect((800...900).contains(afterOneSecond))
        latency.add(100, at: at(60))
        #expect(try #require(latency.milliseconds) < 105)
    }
}

@Suite struct TargetHealthTests {
    @Test func aBusyTargetIsLeftAlone() throws {
        let health = TargetHealth(BreakerRules())
        let ticket = try health.begin(at: at(0), as: Breaker.prober).get()
        #expect(health.inFlight == 1)
        health.ended(.busy(for: .seconds(20)), ticket, at: at(0))
        #expect(health.inFlight == 0)
        guard case .cooling(let until)? = health.unavailability(at: at(1)) else { return #expect(Bool(false), "not cooling") }
        #expect(until == at(20))
        _ = try health.begin(at: at(21), as: Breaker.prober).get()
    }

    @Test func whatEndsWithoutAVerdictOnlyCounts() throws {
        let health = TargetHealth(BreakerRules())
        for _ in 0..<50 {
            health.ended(.none, try health.begin(at: at(0), as: Breaker.prober).get(), at: at(0))
        }
        #expect(health.inFlight == 0)
        #expect(health.unavailability(at: at(0)) == nil)
    }
}
