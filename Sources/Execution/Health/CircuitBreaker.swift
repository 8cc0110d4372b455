internal import EventLoop
internal import Policies

/// Keeps requests away from a target that keeps failing, and finds out when it works again.
///
/// Closed: requests pass and their outcomes are counted. Open: none pass. Half-open: single calls pass as probes, and the first verdict decides.
/// A probe whose outcome tells nothing of the target frees its place at once. Each caller has a place of its own, and one more for calls that
/// the caller itself may end early, so that no caller keeps another from finding out that the target works again.
/// It opens after so many failures in a row, or when so many of the last calls failed (`BreakerRules`). A pure state machine; times come from
/// its caller.
struct CircuitBreaker {
    private enum State {
        case closed
        case open(until: MonotonicTime)
        case halfOpen(probes: Set<Prober>)
    }

    /// Whose probe it is.
    struct Prober: Hashable, Sendable {
        /// The id of the client's key.
        let caller: String
        /// Whether the provider's own time-outs decide when the call ends, and not a shorter one of the client's or of a place in a policy.
        let isPatient: Bool
    }

    /// Probes that may be under way at once, of all callers together.
    private static let mostProbes = 16

    private let rules: BreakerRules
    private var state = State.closed
    private var failuresInARow = 0
    /// The counts of this half of the window and of the one before: together between half a window and a whole one.
    private var recent = Counts()
    private var earlier = Counts()
    private var halfEnds = MonotonicTime(nanoseconds: 0)

    private struct Counts {
        var calls = 0
        var failures = 0
    }

    init(_ rules: BreakerRules) { self.rules = rules }

    /// When requests may pass again; `nil` when they may now. A probe that is under way counts as a short wait.
    /// - Parameter prober: the call in question; `nil` asks whether there is room for any.
    func opens(at now: MonotonicTime, for prober: Prober? = nil) -> MonotonicTime? {
        switch state {
        case .closed: nil
        case .halfOpen(let probes): isTaken(probes, prober) ? now + .seconds(1) : nil
        case .open(let until): until > now ? until : nil
        }
    }

    private func isTaken(_ probes: Set<Prober>, _ prober: Prober?) -> Bool {
        guard let prober else { return !probes.isEmpty }
        return probes.contains(prober) || probes.count >= Self.mostProbes
    }

    /// What a call was let through as.
    enum Admission: Equatable, Sendable {
        case refused
        /// An ordinary call.
        case regular
        /// One of the calls that find out whether the target works again.
        case probe(Prober)
    }

    /// Lets a call pass, or does not. A call that passes must be followed by `succeeded`, `failed` or `abandoned`.
    mutating func admit(at now: MonotonicTime, as prober: Prober) -> Admission {
        guard rules.isOn else { return .regular }
        guard opens(at: now, for: prober) == nil else { return .refused }
        switch state {
        case .closed: return .regular
        case .open: state = .halfOpen(probes: [prober])
        case .halfOpen(var probes):
            probes.insert(prober)
            state = .halfOpen(probes: probes)
        }
        return .probe(prober)
    }

    /// The target did its work.
    mutating func succeeded(at now: MonotonicTime) {
        failuresInARow = 0
        if case .halfOpen = state { close() }
        count(failure: false, at: now)
    }

    /// The target failed.
    mutating func failed(at now: MonotonicTime) {
        guard rules.isOn else { return }
        failuresInARow += 1
        count(failure: true, at: now)
        switch state {
        case .halfOpen: open(at: now)
        case .closed where failuresInARow >= rules.consecutiveFailures || failsOften: open(at: now)
        case .closed, .open: break
        }
    }

    /// The call ended without telling anything of the target: the client left or was in a hurry, another leg won, the request itself was wrong.
    mutating func abandoned(_ admission: Admission) {
        guard case .halfOpen(var probes) = state, case .probe(let prober) = admission else { return }
        probes.remove(prober)
        state = .halfOpen(probes: probes)
    }

    private var failsOften: Bool {
        let calls = recent.calls + earlier.calls
        let failures = recent.failures + earlier.failures
        return calls >= rules.minRequests && Double(failures) >= rules.failureRate * Double(calls)
    }

    private mutating func open(at now: MonotonicTime) { state = .open(until: now + rules.cooldown) }

    private mutating func close() {
        state = .closed
        recent = Counts()
        earlier = Counts()
    }

    private mutating func count(failure: Bool, at now: MonotonicTime) {
        if now >= halfEnds {
            let half = rules.window / 2
            // Both halves are out of date when nothing has happened for a whole window.
            earlier = now >= halfEnds + half ? Counts() : recent
            recent = Counts()
            halfEnds = now + half
        }
        recent.calls += 1
        if failure { recent.failures += 1 }
    }
}
