public import Core

/// Limits that make no sense, as a policy has them.
public struct LimitConfigurationError: Error, Hashable, Sendable {
    /// What is wrong.
    public enum Problem: Error, Hashable, Sendable {
        /// An amount below zero.
        case negativeAmount
        /// A limit that counts something over time does not say over which.
        case missingPeriod
        /// `concurrent` counts what is under way now; it has no period.
        case periodOfConcurrent
        /// A soft limit on `concurrent`: there is no window in which to tell it once.
        case softConcurrent
        /// A `wait` on a soft limit, which refuses nothing, so that no request waits for it.
        case waitOfSoft
        /// Waiting must take more than nothing and at most ``LimitBounds/longestWait``.
        case waitOutOfRange
        /// An empty list of models, or a `*` that is not at the end of a name.
        case invalidModels
        /// Two limits of one scope that differ in nothing but the amount.
        case duplicateLimit
        /// Two sets of rules for one scope or key.
        case duplicateScope
        /// A path with an empty part, or with more than ``LimitBounds/depth`` parts.
        case invalidPath
        /// A weight outside of 1…1,000.
        case weightOutOfRange
        /// The database has no such time zone.
        case unknownTimeZone(String)
        /// A key whose team is in another organization than its other rules, or whose id is empty.
        case invalidKey
    }

    /// The scope, as people read it.
    public let scope: String
    /// The rule, when it is one rule.
    public let rule: LimitRule?
    /// What is wrong with it.
    public let problem: Problem
}

extension LimitConfigurationError: CustomStringConvertible {
    /// What is wrong and what to do.
    public var description: String {
        let limit = rule.map { " limit `\($0.amount.kind.name)`\($0.period.map { " per \($0.name)" } ?? "")" } ?? ""
        return "\(scope)\(limit): \(advice)"
    }

    private var advice: String {
        switch problem {
        case .negativeAmount: "an amount cannot be below zero; 0 refuses everything that costs something"
        case .missingPeriod: "say over which time it counts, with `per: minute`, `hour`, `day`, `week`, `month` or `total`"
        case .periodOfConcurrent: "`concurrent` counts the requests under way now; leave `per` out"
        case .softConcurrent: "a soft limit needs a window to tell once in; make it hard or watch the metric"
        case .waitOfSoft: "nothing waits for a soft limit; leave `wait` or `soft` out"
        case .waitOutOfRange: "`wait` must be more than nothing and at most \(LimitBounds.longestWait)"
        case .invalidModels: "`models` needs at least one name; a `*` may only be the last character"
        case .duplicateLimit: "there are two such limits that differ in the amount only; keep one"
        case .duplicateScope: "its limits are given twice; join them"
        case .invalidPath: "names between `/` must not be empty, and there may be \(LimitBounds.depth) of them at most"
        case .weightOutOfRange: "`weight` must be between 1 and 1000"
        case .unknownTimeZone(let name): "there is no time zone \(name.debugDescription); use a name such as Europe/Berlin, or UTC"
        case .invalidKey: "a key needs an id and the path of its team"
        }
    }
}

/// Bounds that keep limits finite.
public enum LimitBounds {
    /// Parts of a path.
    public static let depth = 16
    /// Keys, and also users, with limits of their own (`each_key`, `each_user`) in windows that are not over, as many as one team may bring.
    public static let ownScopes = 65_536
    /// Team paths of one organization that no policy knows and that are remembered with the scope that binds them.
    public static let unknownPaths = 4_096
    /// Requests of one organization that wait for room.
    public static let waiting = 16_384
    /// The longest `wait` of a rule.
    public static let longestWait = Duration.seconds(600)
}
