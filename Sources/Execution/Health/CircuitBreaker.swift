internal import EventLoop
internal import Policies

/// Keeps requests away from a target that keeps failing, and finds out when it works again.
///
/// Closed: requests pass and their outcomes are counted. Open: none pass. Half-open: one passes as a probe, and its outcome decides.
/// It opens after so many failures in a row, or when so many of the last calls failed (`BreakerRules`). A pure state machine; times come from
/// its caller.
struct CircuitBreaker {
    private enum State {
        case closed
        case open(until: MonotonicTime)
        case halfOpen(probing: Bool)
    }

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
    func opens(at now: MonotonicTime) -> MonotonicTime? {
        switch state {
        case .closed, .halfOpen(probing: false): nil
        case .halfOpen(probing: true): now + .seconds(1)
        case .open(let until): until > now ? until : nil
        }
    }

    /// Lets a call pass, or does not. A call that passes must be followed by `succeeded`, `failed` or `abandoned`.
    mutating func admit(at now: MonotonicTime) -> Bool {
        guard rules.isOn else { return true }
        guard opens(at: now) == nil else { return false }
        switch state {
        case .closed: break
        case .open, .halfOpen: state = .halfOpen(probing: true)
        }
        return true
    }

    /// The target did its work; also when it refused a request that was the client's fault.
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

    /// The call ended without telling anything of the target: the client left, another leg won.
    mutating func abandoned() {
        if case .halfOpen = state { state = .halfOpen(probing: false) }
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
