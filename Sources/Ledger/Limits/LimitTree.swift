internal import Synchronization

/// The limits of all organizations, in memory. Pure: does no input or output, and takes the time from its callers.
public final class LimitTree: Sendable {
    /// Who else spends from the same limits.
    public enum Sharing: Sendable {
        /// Nobody: this process may use all of every limit.
        case alone
        /// Other gateways: of hard limits only what was granted may be used
        /// (``OrganizationLimits/grant(_:to:window:)``).
        case leased
    }

    private struct State {
        var configuration: LimitConfiguration
        var organizations: [String: OrganizationLimits] = [:]
    }

    private let state: Mutex<State>
    private let sharing: Sharing
    private let hooks: LimitHooks

    /// Makes the limits of `configuration`, of which nothing is spent.
    public init(_ configuration: LimitConfiguration, sharing: Sharing = .alone, hooks: LimitHooks) {
        state = Mutex(State(configuration: configuration))
        self.sharing = sharing
        self.hooks = hooks
        _ = reconfigure(configuration, at: WallTime(microseconds: 0))
    }

    /// The limits of the organization at the head of `path`; the same object for as long as the tree lives, so keep it with the key.
    /// One that no policy names has no limits.
    public func organization(of path: String) -> OrganizationLimits {
        let name = String(path.prefix { $0 != "/" })
        return state.withLock { state in
            if let known = state.organizations[name] { return known }
            let rules = state.configuration.organizations[name] ?? OrganizationRules(name)
            let made = OrganizationLimits(rules, sharing, hooks)
            state.organizations[name] = made
            return made
        }
    }

    /// Puts other rules in force. A limit that is in both keeps what is spent and held; holds of one that is gone end as usual, unlimited.
    /// - Returns: limits of scopes named in the policy that were not there before and are empty: what was spent in their windows may be
    ///   put in with ``OrganizationLimits/restore(_:at:only:)``.
    public func reconfigure(_ configuration: LimitConfiguration, at now: WallTime) -> [LimitIdentity] {
        let names = state.withLock { state in
            state.configuration = configuration
            return Set(state.organizations.keys).union(configuration.organizations.keys)
        }
        return names.flatMap { name in
            organization(of: name).reconfigure(configuration.organizations[name] ?? OrganizationRules(name), at: now)
        }
    }

    /// Every organization that has been used or has limits, by name.
    public var organizations: [OrganizationLimits] {
        state.withLock { Array($0.organizations.values) }.sorted { $0.name < $1.name }
    }

    /// How every limit stands at `now`: organizations, teams, keys and users, sorted by scope.
    public func states(at now: WallTime) -> [LimitState] { organizations.flatMap { $0.states(at: now) } }
}
