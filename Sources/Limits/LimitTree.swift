public import Core
internal import Synchronization

/// The limits of all organizations, in memory. Pure: does no input or output, and takes the time from its callers.
public final class LimitTree: Sendable {
    /// Which other processes spend from the same limits.
    public enum Sharing: Sendable {
        /// None: this process may use all of every limit.
        case alone
        /// Other gateways: of hard limits only what was granted may be used
        /// (``OrganizationLimits/grant(_:to:window:)``).
        case leased
    }

    private struct State {
        var configuration: LimitConfiguration
        var organizations: [String: OrganizationLimits] = [:]
        var changes = 0
        /// The time of the ledger's latest record, in microseconds since 1970; `nil`: there is no ledger to read windows from.
        var latestRecord: Int64?
    }

    private let state: Mutex<State>
    private let sharing: Sharing
    private let clock: (@Sendable () -> Int64)?
    private let hooks: LimitHooks

    /// Makes the limits of `configuration`, of which nothing is spent.
    /// - Parameter clock: microseconds of a monotonic clock, for waiting; `nil`: the times that callers give serve for that too.
    public init(
        _ configuration: LimitConfiguration, sharing: Sharing = .alone, clock: (@Sendable () -> Int64)? = nil, hooks: LimitHooks
    ) {
        state = Mutex(State(configuration: configuration))
        self.sharing = sharing
        self.clock = clock
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
            let made = OrganizationLimits(rules, sharing, clock, hooks)
            if let latest = state.latestRecord { made.readWindows(latest: latest) }
            state.organizations[name] = made
            return made
        }
    }

    /// Puts other rules in force. A limit that is in both keeps what is spent and held; holds of one that is gone end as usual, unlimited.
    /// A limit that is new counts what open holds keep, and where there is a ledger it waits for that to be read (``readings(at:)``).
    /// - Returns: limits of scopes named in the policy that were not there before.
    @discardableResult
    public func reconfigure(_ configuration: LimitConfiguration, at now: WallTime) -> [LimitIdentity] {
        let names = state.withLock { state in
            state.configuration = configuration
            state.changes += 1
            return Set(state.organizations.keys).union(configuration.organizations.keys)
        }
        return names.flatMap { name in
            organization(of: name).reconfigure(configuration.organizations[name] ?? OrganizationRules(name), at: now)
        }
    }

    /// How often rules were put in force.
    package var changes: Int { state.withLock { $0.changes } }

    /// Every organization that has been used or has limits, by name.
    public var organizations: [OrganizationLimits] {
        state.withLock { Array($0.organizations.values) }.sorted { $0.name < $1.name }
    }

    /// How every limit stands at `now`: organizations, teams, keys and users, sorted by scope.
    public func states(at now: WallTime) -> [LimitState] { organizations.flatMap { $0.states(at: now) } }

    /// From now on windows are read from the ledger whenever they are entered, unless they begin after all that is in it.
    /// - Parameter latest: the time of the ledger's latest record; `nil`: it has none.
    public func readWindows(latest: WallTime?) {
        let latest = latest?.microseconds ?? .min
        let known = state.withLock { state in
            state.latestRecord = latest
            return Array(state.organizations.values)
        }
        for organization in known { organization.readWindows(latest: latest) }
    }

    /// Begins to read the windows that wait for it, of all organizations.
    public func readings(at now: WallTime) -> [WindowReading] { organizations.compactMap { $0.beginReading(at: now) } }
}
