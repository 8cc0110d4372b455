internal import Chat
internal import EventLoop
internal import Policies
internal import Synchronization
internal import Upstream

/// The health of every target, the retry budget of every provider and its calls under way, kept across reloads of the policies. Shared by all loops.
public final class TargetRegistry: Sendable {
    private struct State {
        var targets: [TargetName: TargetHealth] = [:]
        var budgets: [String: ProviderRetries] = [:]
        var gates: [String: UpstreamGate] = [:]
    }

    private struct TargetName: Hashable {
        let provider: String
        let model: String
        /// A target whose provider's breaker rules change gets new health.
        let rules: BreakerRules
    }

    private let state = Mutex(State())

    /// Patterns let clients invent names: beyond so many targets those that are at rest are forgotten.
    private static let mostTargets = 4_096

    /// Makes an empty registry.
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

    /// What bounds the calls to `provider` that are under way at once; the same object across reloads, with the bound of the newest.
    func gate(of provider: Provider) -> UpstreamGate {
        state.withLock { state in
            if let known = state.gates[provider.name] {
                known.setLimit(provider.maxConnections)
                return known
            }
            let gate = UpstreamGate(limit: provider.maxConnections)
            state.gates[provider.name] = gate
            return gate
        }
    }
}

/// The retry budget of one provider, shared by all loops.
final class ProviderRetries: Sendable {
    private let budget = Mutex(RetryBudget())

    /// Counts a request of `team` that is not a retry.
    func noteRequest(of team: String) { budget.withLock { $0.deposit(for: team) } }

    /// Takes one retry, if the budget has one for `team`.
    func takeOne(for team: String, at now: MonotonicTime) -> Bool { budget.withLock { $0.withdraw(for: team, at: now) } }
}
