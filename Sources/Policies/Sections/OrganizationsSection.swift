internal import Chat
internal import Core

/// The `organizations:` of all files: teams, their keys and their limits.
struct OrganizationsSection {
    /// Each team before its sub-teams.
    private(set) var teams: [Team] = []
    private(set) var keys: [PolicyKey] = []
    private(set) var limits: ScopeDecoder
    private var placeOfDigest: [KeyDigest: Place] = [:]
    private var placeOfID: [String: (place: Place, team: String)] = [:]
    private let references: ModelReferences
    private let now: Int64

    /// - Parameter limits: reads the limits and collects them.
    init(_ section: Section, references: ModelReferences, limits: ScopeDecoder, now: Int64, _ resource: (PolicyResource) -> [UInt8]?) {
        self.references = references
        self.limits = limits
        self.now = now
        for organization in section.entries {
            let isNamed = organization.hasValidName("organization", allowingSlash: false)
            guard let reader = organization.value.mapping(.organization), isNamed else { continue }
            self.limits.add(reader, path: organization.name, isOrganization: true, resource)
            if let teams = reader["teams"] { addTeams(teams, organization: organization.name, parent: nil, resource) }
        }
    }

    /// The paths of all teams, invalid ones included: conditions may name them.
    static func paths(_ section: Section) -> Set<String> {
        var paths: Set<String> = []
        func add(_ node: Node, _ path: String) {
            guard case .mapping(let entries) = node.content, let teams = entries.first(where: { $0.key == "teams" }),
                case .mapping(let children) = teams.value.content
            else { return }
            for child in children where paths.insert("\(path)/\(child.key)").inserted { add(child.value, "\(path)/\(child.key)") }
        }
        for organization in section.entries { add(organization.value.node, organization.name) }
        return paths
    }

    /// Adds teams and their sub-teams; the bound on nesting limits the depth.
    private mutating func addTeams(_ field: FieldReader, organization: String, parent: Team?, _ resource: (PolicyResource) -> [UInt8]?) {
        for entry in field.entries(expected: "a mapping from names to teams") ?? [] {
            let isNamed = entry.hasValidName("team", allowingSlash: false)
            // A team may have no settings: `default:` with nothing below it.
            let reader = entry.value.node.isNull ? nil : entry.value.mapping(.team)
            guard isNamed else { continue }
            let models = reader?["models"].flatMap(references.set) ?? parent?.models ?? .everything
            let path = "\(parent?.path ?? organization)/\(entry.name)"
            let team = Team(path: path, organization: organization, name: entry.name, parent: parent?.path, models: models)
            teams.append(team)
            if let reader { limits.add(reader, path: path, isOrganization: false, resource) }
            if let keys = reader?["keys"] { addKeys(keys, of: team) }
            if let subteams = reader?["teams"] { addTeams(subteams, organization: organization, parent: team, resource) }
        }
    }

    private mutating func addKeys(_ field: FieldReader, of team: Team) {
        for item in field.list(of: "keys") ?? [] {
            guard let reader = item.mapping(.key) else {
                // The value may be a key, written where its description belongs.
                item.diagnostics.hide(item.node)
                continue
            }
            let name = KeyDecoder.name(reader, diagnostics: item.diagnostics)
            if let name { register(name, of: team, at: reader["name"]?.node.start ?? reader.place, item.diagnostics) }
            let digest = digest(reader, diagnostics: item.diagnostics)
            let models = reader["models"].flatMap(references.set)
            let expires = reader["expires"].flatMap { KeyDecoder.expiry($0, now: now) }
            let metadata = reader["metadata"].map(KeyDecoder.metadata) ?? [:]
            guard let name else { continue }
            if let own = reader["limits"] { limits.add(key: PolicyKey.id(of: name, in: team), team: team.path, own) }
            guard let digest else { continue }
            keys.append(PolicyKey(name: name, digest: digest, team: team, models: models, expires: expires, metadata: metadata))
        }
    }

    /// Reports a key whose id is taken: by a second key of that name in the team or, where a name has a `#`, by `b#c` of team `a` beside
    /// `c` of `a#b`.
    private mutating func register(_ name: String, of team: Team, at place: Place, _ diagnostics: DiagnosticCollector) {
        let id = PolicyKey.id(of: name, in: team)
        guard let first = placeOfID[id] else {
            placeOfID[id] = (place, team.path)
            return
        }
        let other = diagnostics.describe(first.place)
        let message =
            first.team == team.path
            ? "key \"\(name)\" of this team is defined twice, first at \(other)"
            : "records would call this key \"\(id)\", like the one at \(other); give it another name"
        diagnostics.error(at: place, message)
    }

    private mutating func digest(_ reader: MappingReader, diagnostics: DiagnosticCollector) -> KeyDigest? {
        guard let field = reader["sha256"] else {
            diagnostics.error(at: reader.place, "the key has no sha256")
            return nil
        }
        guard let text = field.literal(expected: "64 hexadecimal digits") else { return nil }
        guard let digest = KeyDigest(hex: text) else {
            // The value may be the key itself instead of its hash.
            diagnostics.hide(field.node)
            return field.refuse("\"sha256\" must be 64 hexadecimal digits: the SHA-256 of the key, not the key")
        }
        if let first = placeOfDigest[digest] {
            return field.refuse("two keys have this sha256, the first at \(diagnostics.describe(first))")
        }
        placeOfDigest[digest] = field.node.start
        return digest
    }
}
