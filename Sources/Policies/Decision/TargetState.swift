/// The state of the provider models at the moment of a decision.
public protocol TargetState {
    /// Whether `model` takes calls: false while its breaker is open or it is in cooldown.
    func isAvailable(_ model: ModelEntry) -> Bool
    /// The peak-sensitive moving average of the time to the first byte, in milliseconds; `nil` when nothing was measured yet.
    func latencyMilliseconds(_ model: ModelEntry) -> Double?
    /// The calls under way.
    func inFlight(_ model: ModelEntry) -> Int
}

/// A state in which everything is available and nothing has been measured: that of a gateway that has just started.
public struct FreshTargetState: TargetState, Sendable {
    /// Makes the state.
    public init() {}

    /// Always true.
    public func isAvailable(_ model: ModelEntry) -> Bool { true }
    /// Always `nil`.
    public func latencyMilliseconds(_ model: ModelEntry) -> Double? { nil }
    /// Always zero.
    public func inFlight(_ model: ModelEntry) -> Int { 0 }
}

/// Which models a caller may name. Permission for a virtual model includes every model that it may choose.
public protocol ModelAccess {
    /// Whether `model` may be named.
    func allows(_ model: NamedModel) -> Bool
}

extension ModelSet: ModelAccess {
    /// Whether `model` may be named.
    public func allows(_ model: NamedModel) -> Bool { contains(model) }
}
