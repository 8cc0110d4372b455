internal import Chat

/// The strategy of a virtual model.
enum Strategy: Sendable {
    /// The first rule whose conditions hold.
    case route([Rule])
    /// One after the other.
    case fallback([TargetEntry])
    /// The best candidate by a preference.
    case choose(Choice)
    /// One arm of an experiment.
    case split(Split)
    /// One of several interchangeable targets.
    case balance(Balance)
}

/// A rule of a route. A class, so that evaluating rules copies nothing.
final class Rule: Sendable {
    /// Its name, else its number from 1.
    let label: String
    /// The conditions, all of which must hold. Without any the rule always holds.
    let conditions: [Condition]
    let action: Action
    /// The names of the MCP servers that it attaches.
    let mcpServers: [String]

    init(label: String, conditions: [Condition], action: Action, mcpServers: [String] = []) {
        self.mcpServers = mcpServers
        self.label = label
        self.conditions = conditions
        self.action = action
    }

    /// Whether all conditions hold.
    func holds(_ features: RequestFeatures) -> Bool {
        for condition in conditions where !condition.holds(features) { return false }
        return true
    }

    enum Action: Sendable {
        /// These references in order; one or more.
        case chain([TargetEntry])
        /// The best candidate by a preference, then these.
        case choose(Choice, fallback: [TargetEntry])
    }
}

/// Candidates and the preference among them.
struct Choice: Sendable {
    enum Preference: String, Sendable, CaseIterable { case cheapest, fastest, best }

    let among: [TargetEntry]
    let preference: Preference
}

/// The unit that a stable random choice is keyed by.
enum Unit: Sendable, Hashable {
    case user, key, session
    case metadata(String)

    func value(in features: RequestFeatures) -> String? {
        switch self {
        case .user: features.facts.user
        case .key: features.keyID
        case .session: features.conversation
        case .metadata(let name): features.facts.metadata[name]
        }
    }
}

/// An experiment.
struct Split: Sendable {
    struct Arm: Sendable {
        let name: String
        let weight: Double
        let entry: TargetEntry
    }

    let experiment: String
    let sticky: Unit
    /// The arms; two or more.
    let arms: [Arm]
}

/// Several interchangeable targets under one name.
struct Balance: Sendable {
    enum Method: String, Sendable, CaseIterable {
        case weighted, latency
        case leastBusy = "least_busy"
    }

    struct Member: Sendable {
        let weight: Double
        /// Lower numbers are tried first.
        let priority: Int
        let entry: TargetEntry
    }

    let method: Method
    let affinity: Unit?
    /// The members, sorted by priority.
    let members: [Member]
}

extension Strategy {
    /// The word for it in policies.
    var word: String {
        switch self {
        case .route: "route"
        case .fallback: "fallback"
        case .choose(let choice): choice.preference.rawValue
        case .split: "split"
        case .balance: "balance"
        }
    }

    /// The costly features that its conditions, and those of virtual models below it, need.
    var needs: FeatureNeeds {
        var needs: FeatureNeeds = []
        if case .route(let rules) = self { for condition in rules.flatMap(\.conditions) { needs.formUnion(condition.needs) } }
        for case .virtual(let model) in entries.map(\.target) { needs.formUnion(model.needs) }
        return needs
    }

    /// Every entry, in the order of the policy.
    var entries: [TargetEntry] {
        switch self {
        case .route(let rules): rules.flatMap(\.action.entries)
        case .fallback(let entries): entries
        case .choose(let choice): choice.among
        case .split(let split): split.arms.map(\.entry)
        case .balance(let balance): balance.members.map(\.entry)
        }
    }

    /// The most calls that one decision can plan.
    var callCount: Int {
        switch self {
        case .route(let rules): rules.map { $0.action.entries.callCount }.max() ?? 0
        case .split(let split): split.arms.map { [$0.entry].callCount }.max() ?? 0
        case .fallback, .choose, .balance: entries.callCount
        }
    }

    var reachable: [Target] {
        var seen: Set<String> = []
        var targets: [Target] = []
        for entry in entries {
            let below: [Target] = if case .virtual(let model) = entry.target { model.reachable } else { [entry.target] }
            for target in below where seen.insert(target.name).inserted { targets.append(target) }
        }
        return targets
    }
}

extension Rule.Action {
    var entries: [TargetEntry] {
        switch self {
        case .chain(let entries): entries
        case .choose(let choice, let fallback): choice.among + fallback
        }
    }
}

extension [TargetEntry] {
    fileprivate var callCount: Int {
        reduce(0) { sum, entry in
            if case .virtual(let model) = entry.target { sum + model.callCount } else { sum + 1 }
        }
    }
}
