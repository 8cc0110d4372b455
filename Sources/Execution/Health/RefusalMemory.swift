internal import EventLoop
internal import Providers
internal import Synchronization

/// What a target has refused of the gateway's additions to requests, so that later requests go without at once. Shared by all loops.
final class RefusalMemory: Sendable {
    private struct State {
        var additions: Additions = []
        /// When all refusals are forgotten.
        var end = MonotonicTime(nanoseconds: 0)
    }

    /// Providers learn: after this time an addition is tried again.
    static let lifetime = Duration.seconds(3_600)

    private let state = Mutex(State())
    /// Whether any refusal is remembered: most targets refuse nothing, and their requests take no lock.
    private let isUsed = Atomic(false)

    /// The additions that requests to this target leave out.
    func additions(at now: MonotonicTime) -> Additions {
        guard isUsed.load(ordering: .relaxed) else { return [] }
        return state.withLock { $0.end > now ? $0.additions : [] }
    }

    /// Records that the target has taken a request without `additions` after it had refused one with them.
    func note(_ additions: Additions, at now: MonotonicTime) {
        state.withLock { state in
            if state.end <= now { state = State(additions: [], end: now + Self.lifetime) }
            state.additions.formUnion(additions)
        }
        isUsed.store(true, ordering: .relaxed)
    }
}
