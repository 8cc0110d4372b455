/// A model of the policy that chooses among others. Immutable.
public final class VirtualModel: Sendable {
    /// The name in answers, records and permissions.
    public let name: String
    /// Other names.
    public let aliases: [String]
    /// The costly features that its decision needs.
    let needs: FeatureNeeds
    /// What happens to a request whose ceiling excludes every candidate.
    public let overCeiling: OverCeiling
    /// The position among listed models, for ``ModelSet``.
    let index: Int
    let strategy: Strategy
    /// The time after which a second target is started if the first has not begun to answer; `nil`: no hedge.
    let hedge: Duration?
    /// The most calls that one decision can plan.
    let callCount: Int
    /// The models that it may call, each once, in the order of the policy.
    let reachable: [Target]
    /// Whether at least one of them is served.
    var isServed: Bool { reachable.contains { if case .model(let model) = $0 { model.pricing != nil } else { false } } }

    init(
        name: String, aliases: [String], index: Int, strategy: Strategy, hedge: Duration?, overCeiling: OverCeiling
    ) {
        self.name = name
        self.aliases = aliases
        self.index = index
        self.strategy = strategy
        self.hedge = hedge
        self.overCeiling = overCeiling
        needs = strategy.needs
        callCount = strategy.callCount
        reachable = strategy.reachable
    }
}

/// What happens to a request whose `max_cost` excludes every candidate.
public enum OverCeiling: String, Sendable, CaseIterable {
    /// It is refused with `max_cost_exceeded`.
    case refuse
    /// It gets a lower limit of output tokens, which the ceiling covers.
    case clamp
}

/// A model that a name of the policy's namespace stands for.
public enum NamedModel: Sendable {
    /// A model of a provider.
    case provider(ModelEntry)
    /// A decision among models.
    case virtual(VirtualModel)

    /// The name in answers, records and permissions.
    public var name: String {
        switch self {
        case .provider(let model): model.name
        case .virtual(let model): model.name
        }
    }

    /// Other names.
    public var aliases: [String] {
        switch self {
        case .provider(let model): model.aliases
        case .virtual(let model): model.aliases
        }
    }

    var index: Int? {
        switch self {
        case .provider(let model): model.index
        case .virtual(let model): model.index
        }
    }
}

/// The model that a reference stands for.
enum Target: Sendable {
    case model(ModelEntry)
    case virtual(VirtualModel)
    /// A model whose provider is off.
    case off(name: String, reason: String)

    var name: String {
        switch self {
        case .model(let model): model.name
        case .virtual(let model): model.name
        case .off(let name, _): name
        }
    }
}

/// A reference to a model, with the terms for calls made through it.
struct TargetEntry: Sendable {
    let target: Target
    var timeout: Duration?
    var maxOutputTokens: Int64?
    var settings: [UInt8]?
}
