internal import Chat
public import Classifier
public import Core

/// Compiled policies: validated, immutable, usable by any number of requests at once.
///
/// A request takes one snapshot when it begins and keeps it; entries, teams and keys of different snapshots must not be mixed.
public final class PolicySnapshot: Sendable {
    /// A name that `/v1/models` may list.
    public struct Listing: Sendable {
        /// The name or alias.
        public let id: String
        /// What the name stands for.
        public let model: NamedModel
        /// Whether ``id`` is an alias.
        public let isAlias: Bool

        fileprivate static func names(of model: NamedModel) -> [Listing] {
            [Listing(id: model.name, model: model, isAlias: false)] + model.aliases.map { Listing(id: $0, model: model, isAlias: true) }
        }
    }

    /// The providers that are on, in the order of the files.
    public let providers: [Provider]
    /// The providers that are off, with the reason.
    public let offProviders: [SwitchedOff]
    /// The names and aliases of listed models that are served, in the order of the files. Patterns have no list of names.
    public let listing: [Listing]
    /// Listed models that have no price and so are not served.
    public let unservedModels: [ModelEntry]
    /// Listed models whose provider is off, and virtual ones of which every model is off.
    public let offModels: [SwitchedOff]
    /// All teams, in the order of the files, each before its sub-teams.
    public let teams: [Team]
    /// All keys that the files keep, in the order of the files.
    public let keys: [PolicyKey]
    /// The organizations and teams that have limits, a time zone or a weight, each before those below it.
    public let limitScopes: [ScopeRules]
    /// The limits of single keys, by ``PolicyKey/id``.
    public let limitKeys: [KeyRules]
    /// The time zones that the policies name, by the names that ``ScopeRules/timeZone`` has.
    public let zones: [String: TimeZoneRules]
    /// Whether requests go on when the shared ledger cannot be reached and the leased part of a limit is used up.
    public let failsOpen: Bool
    /// The origins whose pages may use the gateway from a browser; `nil`: none.
    public let crossOrigin: CrossOriginRules?
    /// The MCP servers that are on, in the order of the files.
    public let mcpServers: [MCPServerEntry]
    /// The MCP servers that are off, with the reason.
    public let offMCPServers: [SwitchedOff]
    /// Whether there is any limit at all.
    public let hasLimits: Bool
    /// The classifier for `task` and `complexity`.
    public let classifier: Classifier
    /// The prices and limits of known models.
    public let catalogue: Catalogue
    /// The headers, in lower case, whose values ``RequestFeatures/headers`` has to hold.
    public let headerNames: [String]
    /// The policies' own tests.
    public let tests: [PolicyTest]
    let table: ModelTable
    private let teamOfPath: [String: Team]
    private let keyOfDigest: [KeyDigest: PolicyKey]

    init(
        providers: ProvidersSection, models: ModelsSection, organizations: OrganizationsSection, failsOpen: Bool,
        crossOrigin: CrossOriginRules?, mcpServers: MCPServersSection,
        classifier: ClassifierSection, catalogue: Catalogue, tests: [PolicyTest]
    ) {
        self.providers = providers.names.compactMap { if case .on(let provider)? = providers.states[$0] { provider } else { nil } }
        offProviders = providers.names.compactMap { name in
            if case .off(let reason)? = providers.states[name] { SwitchedOff(name: name, reason: reason) } else { nil }
        }
        self.mcpServers = mcpServers.servers
        offMCPServers = mcpServers.off
        table = models.table
        self.classifier = classifier.classifier
        self.catalogue = catalogue
        headerNames = models.headerNames
        self.tests = tests
        var listing: [Listing] = []
        var unserved: [ModelEntry] = []
        var off: [SwitchedOff] = []
        for resolution in models.listed {
            switch resolution {
            case .model(let entry) where entry.pricing == nil: unserved.append(entry)
            case .model(let entry): listing += Listing.names(of: .provider(entry))
            case .virtual(let model) where model.isServed: listing += Listing.names(of: .virtual(model))
            case .virtual(let model): off.append(SwitchedOff(name: model.name, reason: "none of its models is on"))
            case .off(let name, let reason): off.append(SwitchedOff(name: name, reason: reason))
            case .unknown: break
            }
        }
        self.listing = listing
        unservedModels = unserved
        offModels = off
        teams = organizations.teams
        keys = organizations.keys
        limitScopes = organizations.limits.scopes
        limitKeys = organizations.limits.keys
        hasLimits = !limitScopes.isEmpty || !limitKeys.isEmpty
        zones = organizations.limits.zones
        self.failsOpen = failsOpen
        self.crossOrigin = crossOrigin
        teamOfPath = Dictionary(organizations.teams.map { ($0.path, $0) }) { first, _ in first }
        keyOfDigest = Dictionary(organizations.keys.map { ($0.digest, $0) }) { first, _ in first }
    }

    /// What a model name of a request stands for: an exact name, an alias, the last part of a name that only one model has
    /// (`gpt-4` for `openai/gpt-4`), or the longest pattern that matches, in this order. One dictionary lookup except for patterns
    /// and unknown names.
    public func resolve(_ requested: String) -> ModelResolution { table.resolve(requested) }

    /// The team of a path such as `acme/research`.
    public func team(_ path: String) -> Team? { teamOfPath[path] }

    /// The key of a digest, whether or not it has expired.
    public func key(digest: KeyDigest) -> PolicyKey? { keyOfDigest[digest] }

    /// The models that names, aliases and patterns stand for, for keys that are not kept in policy files. Unknown names allow nothing.
    public func models(named names: [String]) -> ModelSet {
        if names.contains("*") { return .everything }
        var set = ModelSet(listedCount: table.listedCount)
        for name in names { _ = table.insert(name, into: &set) }
        return set
    }
}
