internal import Chat
internal import EventLoop
public import Policies

/// How the targets of a policy snapshot stand at this moment, as a decision sees them.
public struct CurrentTargetState: TargetState {
    private let policies: ServingPolicies
    private let now = MonotonicTime.now()

    /// The state of the targets of `policies`.
    public init(_ policies: ServingPolicies) { self.policies = policies }

    /// Whether calls to `model` may be tried: false while its circuit breaker is open or the target is in cooldown.
    public func isAvailable(_ model: ModelEntry) -> Bool {
        policies.target(model).map { $0.health.unavailability(at: now) == nil } ?? false
    }
    /// The peak-sensitive moving average of the time to the first byte, in milliseconds; `nil` when nothing was measured yet.
    public func latencyMilliseconds(_ model: ModelEntry) -> Double? { policies.target(model)?.health.latencyMilliseconds }
    /// Calls under way.
    public func inFlight(_ model: ModelEntry) -> Int { policies.target(model)?.health.inFlight ?? 0 }
}
