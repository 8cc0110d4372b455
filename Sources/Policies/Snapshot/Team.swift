internal import Chat
public import Core

/// A team of an organization: which models it may use. Immutable.
public final class Team: Sendable, ModelAccess {
    /// Organization and teams from the outside in, e.g. `acme/research` or `acme/research/vision`.
    public let path: String
    /// The organization's name.
    public let organization: String
    /// The last part of the path.
    public let name: String
    /// The path of the team around a sub-team; `nil` directly below the organization.
    public let parent: String?
    /// What the team may use: its own list, else its parent's, else everything.
    public let models: ModelSet

    init(path: String, organization: String, name: String, parent: String?, models: ModelSet) {
        self.path = path
        self.organization = organization
        self.name = name
        self.parent = parent
        self.models = models
    }

    /// Whether the team may use `entry`, an entry of the same snapshot.
    public func allows(_ entry: ModelEntry) -> Bool { allows(.provider(entry)) }

    /// Whether the team may use `model`, one of the same snapshot.
    public func allows(_ model: NamedModel) -> Bool { models.contains(model) }
}

/// A client key that policy files keep, by its digest. Immutable.
public final class PolicyKey: Sendable, ModelAccess {
    /// Names the key in records: the team's path, `#` and the key's name, e.g. `acme/research#ci`.
    public let id: String
    /// What the policy calls it; unique within the team.
    public let name: String
    /// SHA-256 of the key.
    public let digest: KeyDigest
    /// The team that the key belongs to.
    public let team: Team
    /// The models that the key may use, within those of the team; `nil`: all of the team's.
    public let models: ModelSet?
    /// When the key expires, in seconds since 1970 (UTC); `nil`: never.
    public let expires: Int64?
    /// What usage records of the key carry.
    public let metadata: [String: String]

    init(name: String, digest: KeyDigest, team: Team, models: ModelSet?, expires: Int64?, metadata: [String: String]) {
        id = Self.id(of: name, in: team)
        self.name = name
        self.digest = digest
        self.team = team
        self.models = models
        self.expires = expires
        self.metadata = metadata
    }

    static func id(of name: String, in team: Team) -> String { "\(team.path)#\(name)" }

    /// Whether the key has expired at `now`, in seconds since 1970.
    public func isExpired(at now: Int64) -> Bool { expires.map { now >= $0 } ?? false }

    /// Whether the key may use `entry`, an entry of the same snapshot: what its team and its own list both allow.
    public func allows(_ entry: ModelEntry) -> Bool { allows(.provider(entry)) }

    /// Whether the key may use `model`, one of the same snapshot.
    public func allows(_ model: NamedModel) -> Bool { team.allows(model) && (models?.contains(model) ?? true) }
}
