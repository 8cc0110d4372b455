internal import EventLoop
internal import Policies
internal import Upstream

/// The time in which one target is called, retries and the pauses before them included.
struct CallWindow {
    /// What the client and the target's place in the policy allow.
    private let callerEnd: MonotonicTime
    /// What the provider's `timeouts.total` allows.
    private let providerEnd: MonotonicTime

    /// Opens the window of a target.
    /// - Parameter deadline: the client's deadline.
    init(_ planned: PlannedCall, _ target: Target, deadline: MonotonicTime, at now: MonotonicTime) {
        self.init(
            deadline: deadline, placeTimeout: planned.timeout, providerTotal: target.model.provider.timeouts.total, at: now)
    }

    init(deadline: MonotonicTime, placeTimeout: Duration?, providerTotal: Duration, at now: MonotonicTime) {
        callerEnd = min(deadline, placeTimeout.map { now + $0 } ?? .never)
        providerEnd = now + providerTotal
    }

    /// When no call of this target may be under way any more.
    var end: MonotonicTime { min(callerEnd, providerEnd) }

    var deadlines: UpstreamDeadlines { UpstreamDeadlines(caller: callerEnd, provider: providerEnd) }

    /// Whether a call that begins at `now` leaves the provider its own time to connect and to begin to answer.
    func isPatient(at now: MonotonicTime, _ target: Target) -> Bool {
        let timeouts = target.model.provider.timeouts
        return isPatient(at: now, providerNeeds: timeouts.connect + timeouts.firstByte)
    }

    func isPatient(at now: MonotonicTime, providerNeeds time: Duration) -> Bool {
        callerEnd == .never || callerEnd >= providerEnd || now + time <= callerEnd
    }
}
