internal import Chat
internal import EventLoop
internal import Policies
internal import Synchronization

/// The health of every target and the retry budget of every provider, kept across reloads of the policies. Shared by all loops.
public final class TargetRegistry: Sendable {
    private struct State {
        var targets: [TargetName: TargetHealth] = [:]
        var budgets: [String: ProviderRetries] = [:]
    }

    private struct TargetName: Hashable {
        let provider: String
        let model: String
        /// A provider whose rules change starts afresh.
        let rules: BreakerRules
    }

    private let state = Mutex(State())

    /// Patterns let clients invent names: beyond so many targets those that are at rest are forgotten.
    private static let mostTargets = 4_096

    /// Makes a registry that knows nothing yet.
    public init() {}

    func health(of model: ModelEntry) -> TargetHealth {
        let name = TargetName(provider: model.provider.name, model: model.upstreamModel, rules: model.provider.breaker)
        return state.withLock { state in
            if let known = state.targets[name] { return known }
            if state.targets.count >= Self.mostTargets { state.targets = state.targets.filter { $0.value.inFlight > 0 } }
            let health = TargetHealth(name.rules)
            state.targets[name] = health
            return health
        }
    }

    func retries(of provider: Provider) -> ProviderRetries {
        state.withLock { state in
            if let known = state.budgets[provider.name] { return known }
            let retries = ProviderRetries()
            state.budgets[provider.name] = retries
            return retries
        }
    }
}

/// The retry budget of one provider, shared by all loops.
final class ProviderRetries: Sendable {
    private let budget = Mutex(RetryBudget())

    /// Takes note of a request that is no retry.
    func noteRequest() { budget.withLock { $0.deposit() } }

    /// Takes one retry, if the budget has one.
    func takeOne(at now: MonotonicTime) -> Bool { budget.withLock { $0.withdraw(at: now) } }
}
