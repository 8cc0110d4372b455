/// How a virtual model decides.
enum Strategy: Sendable {
    /// The first rule that holds.
    case route([Rule])
    /// One after the other.
    case fallback([TargetEntry])
    /// The best by a measure.
    case choose(Choice)
    /// One arm of an experiment.
    case split(Split)
    /// One of several equal targets.
    case balance(Balance)
}

/// A rule of a route. A class, so that looking for the rule that holds copies nothing.
final class Rule: Sendable {
    /// Its name, else its number from 1.
    let label: String
    /// All must hold; none: it always holds.
    let conditions: [Condition]
    let action: Action

    init(label: String, conditions: [Condition], action: Action) {
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
        /// These in order; one or more.
        case chain([TargetEntry])
        /// The best by a measure, then these.
        case choose(Choice, fallback: [TargetEntry])
    }
}

/// Candidates and what makes one of them the best.
struct Choice: Sendable {
    enum Preference: String, Sendable, CaseIterable { case cheapest, fastest, best }

    let among: [TargetEntry]
    let preference: Preference
}

/// What a random but stable choice goes by.
enum Unit: Sendable, Hashable {
    case user, key, session
    case metadata(String)

    func value(in features: RequestFeatures) -> String? {
        switch self {
        case .user: features.user
        case .key: features.keyID
        case .session: features.conversation
        case .metadata(let name): features.metadata[name]
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
    /// Two or more.
    let arms: [Arm]
}

/// Several targets that serve under one name.
struct Balance: Sendable {
    enum Method: String, Sendable, CaseIterable {
        case weighted, latency
        case leastBusy = "least_busy"
    }

    struct Member: Sendable {
        let weight: Double
        /// The lowest come first.
        let priority: Int
        let entry: TargetEntry
    }

    let method: Method
    let affinity: Unit?
    /// Sorted by priority.
    let members: [Member]
}

extension Strategy {
    /// What policies call it.
    var word: String {
        switch self {
        case .route: "route"
        case .fallback: "fallback"
        case .choose(let choice): choice.preference.rawValue
        case .split: "split"
        case .balance: "balance"
        }
    }

    /// What its conditions, and those of virtual models below it, ask for.
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
