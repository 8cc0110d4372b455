internal import EventLoop
internal import Limits
internal import Policies

/// Keeps requests away from a target that keeps failing, and finds out when it works again.
///
/// Closed: requests pass and their outcomes are counted. Open: none pass. Half-open: single calls pass as probes, and the first verdict
/// decides. A probe whose outcome tells nothing of the target frees its place at once, and one that takes longer than the cooldown frees it
/// then. Each caller has a place of its own, and one more for calls that the caller itself may end early; each team has a bound of its own.
/// So no caller keeps another from finding out that the target works again. It opens after so many failures in a row, or when so many of
/// the last calls failed (`BreakerRules`). When all of these failures are one team's, and another team's calls succeeded within the window,
/// it opens for that team alone: its requests may be what the target fails on. A probe that fails keeps its own team out for another
/// cooldown, and other teams may probe. A pure state machine; times come from its caller.
struct CircuitBreaker {
    private enum State {
        case closed
        case open(until: MonotonicTime)
        /// Each probe under way with the time when it began.
        case halfOpen(probes: [Prober: MonotonicTime])
    }

    /// The caller and team of a probe.
    struct Prober: Hashable, Sendable {
        /// The id of the client's key.
        let caller: String
        /// The path of its team.
        let team: String
        /// Whether the provider's own time-outs decide when the call ends, and not a shorter one of the client's or of a place in a policy.
        let isPatient: Bool
    }

    /// Probes of one team that may be under way at once.
    private static let mostProbesOfTeam = 4

    private let rules: BreakerRules
    private var state = State.closed
    private var failuresInARow = 0
    private var teamsInARow = FailingTeams.none
    /// Teams for which it is open alone, with the time when they may call again.
    private var blocked: [String: MonotonicTime] = [:]
    private var newestSuccess: Success?
    /// The newest success of another team than that of ``newestSuccess``.
    private var newestOtherSuccess: Success?
    /// The counts of this half of the window and of the one before: together between half a window and a whole one.
    private var recent = Counts()
    private var earlier = Counts()
    private var halfEnds = MonotonicTime(nanoseconds: 0)

    private struct Counts {
        var calls = 0
        var failures = 0
        var teams = FailingTeams.none
    }

    private struct Success {
        let team: String
        var time: MonotonicTime
    }

    /// The teams whose failures were counted.
    private enum FailingTeams: Equatable {
        case none
        case one(String)
        case several

        mutating func add(_ other: FailingTeams) {
            if self == .none { self = other } else if other != .none, other != self { self = .several }
        }
    }

    init(_ rules: BreakerRules) { self.rules = rules }

    /// When requests may pass again; `nil` when they may now. A probe that is under way counts as a short wait.
    /// - Parameter prober: the call in question; `nil` asks whether there is room for any.
    func opens(at now: MonotonicTime, for prober: Prober? = nil) -> MonotonicTime? {
        if let prober, let until = blocked[prober.team], until > now { return until }
        switch state {
        case .closed: return nil
        case .halfOpen(let probes):
            if isTaken(probes, prober, at: now) { return now + .seconds(1) }
            return prober == nil ? blocked.values.filter { $0 > now }.min() : nil
        case .open(let until): return until > now ? until : nil
        }
    }

    private func isTaken(_ probes: [Prober: MonotonicTime], _ prober: Prober?, at now: MonotonicTime) -> Bool {
        let fresh = probes.filter { now - $0.value < rules.cooldown }.keys
        guard let prober else { return !fresh.isEmpty }
        return fresh.contains(prober) || fresh.count { $0.team == prober.team } >= Self.mostProbesOfTeam
    }

    /// As what kind of call the breaker admitted it.
    enum Admission: Equatable, Sendable {
        case refused
        /// An ordinary call.
        case regular
        /// One of the calls that find out whether the target works again.
        case probe(Prober, began: MonotonicTime)
    }

    /// Lets a call pass, or does not. A call that passes must be followed by `succeeded`, `failed` or `abandoned`.
    mutating func admit(at now: MonotonicTime, as prober: Prober) -> Admission {
        guard rules.isOn else { return .regular }
        guard opens(at: now, for: prober) == nil else { return .refused }
        switch state {
        case .closed: return .regular
        case .open: state = .halfOpen(probes: [prober: now])
        case .halfOpen(var probes):
            probes = probes.filter { now - $0.value < rules.cooldown }
            probes[prober] = now
            state = .halfOpen(probes: probes)
        }
        return .probe(prober, began: now)
    }

    /// The target did its work for a call of `team`.
    mutating func succeeded(at now: MonotonicTime, for team: String) {
        failuresInARow = 0
        teamsInARow = .none
        if newestSuccess?.team != team { (newestOtherSuccess, newestSuccess) = (newestSuccess, Success(team: team, time: now)) }
        newestSuccess?.time = now
        if case .halfOpen = state { close() }
        count(nil, at: now)
    }

    /// The target failed with a call of `prober`.
    mutating func failed(at now: MonotonicTime, for prober: Prober) {
        guard rules.isOn else { return }
        failuresInARow += 1
        teamsInARow.add(.one(prober.team))
        count(prober.team, at: now)
        switch state {
        case .halfOpen(var probes):
            probes[prober] = nil
            state = .halfOpen(probes: probes)
            block(prober.team, at: now)
        case .closed:
            var often = recent.teams
            often.add(earlier.teams)
            if failuresInARow >= rules.consecutiveFailures {
                open(because: teamsInARow, at: now)
            } else if failsOften {
                open(because: often, at: now)
            }
        case .open: break
        }
    }

    /// The call ended without telling anything of the target: the client left or had too short a deadline, another hedged attempt won, the
    /// request itself was wrong.
    mutating func abandoned(_ admission: Admission) {
        // By now, the place of a slow probe may belong to a later probe.
        guard case .halfOpen(var probes) = state, case .probe(let prober, let began) = admission, probes[prober] == began else { return }
        probes[prober] = nil
        state = .halfOpen(probes: probes)
    }

    private var failsOften: Bool {
        let calls = recent.calls + earlier.calls
        let failures = recent.failures + earlier.failures
        return calls >= rules.minRequests && Double(failures) >= rules.failureRate * Double(calls)
    }

    /// Opens for the team whose calls alone failed, while those of another succeed; else for all.
    private mutating func open(because teams: FailingTeams, at now: MonotonicTime) {
        if case .one(let team) = teams, isWorking(forOthersThan: team, at: now) {
            block(team, at: now)
            failuresInARow = 0
            teamsInARow = .none
            recent = Counts()
            earlier = Counts()
        } else {
            state = .open(until: now + rules.cooldown)
        }
    }

    private func isWorking(forOthersThan team: String, at now: MonotonicTime) -> Bool {
        let success = newestSuccess?.team == team ? newestOtherSuccess : newestSuccess
        return success.map { now - $0.time < rules.window } ?? false
    }

    private mutating func block(_ team: String, at now: MonotonicTime) {
        blocked = blocked.filter { $0.value > now }
        blocked[team] = now + rules.cooldown
    }

    private mutating func close() {
        state = .closed
        blocked = [:]
        recent = Counts()
        earlier = Counts()
    }

    /// - Parameter failing: the team of a call that failed; `nil` counts a success.
    private mutating func count(_ failing: String?, at now: MonotonicTime) {
        if now >= halfEnds {
            let half = rules.window / 2
            // Both halves are out of date when nothing has happened for a whole window.
            earlier = now >= halfEnds + half ? Counts() : recent
            recent = Counts()
            halfEnds = now + half
        }
        recent.calls += 1
        guard let failing else { return }
        recent.failures += 1
        recent.teams.add(.one(failing))
    }
}
