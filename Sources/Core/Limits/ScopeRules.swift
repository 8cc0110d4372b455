/// The limits of an organization or a team as policies give them.
public struct ScopeRules: Hashable, Sendable {
    /// The path of the scope, e.g. `acme`, `acme/research/vision`. Scopes above it need not be given if they have no limits.
    public var path: String
    /// Limits of the whole scope.
    public var limits: [LimitRule]
    /// Limits that every key used in the scope has on its own.
    public var eachKey: [LimitRule]
    /// Limits that every value of `user` in the scope has on its own.
    public var eachUser: [LimitRule]
    /// The name of the time zone of the windows; `nil`: that of the scope above, at the top UTC.
    public var timeZone: String?
    /// The scope's weight among its siblings when they wait for a limit above them: 1 to 1,000.
    public var weight: Int

    /// Makes the rules of a scope; ``LimitConfiguration`` checks them.
    public init(
        path: String, limits: [LimitRule] = [], eachKey: [LimitRule] = [], eachUser: [LimitRule] = [], timeZone: String? = nil,
        weight: Int = 1
    ) {
        self.path = path
        self.limits = limits
        self.eachKey = eachKey
        self.eachUser = eachUser
        self.timeZone = timeZone
        self.weight = weight
    }
}

/// The limits of one key of its own.
public struct KeyRules: Hashable, Sendable {
    /// The id of the key.
    public var id: String
    /// The path of its team.
    public var team: String
    /// Its limits.
    public var limits: [LimitRule]

    /// Makes the rules of a key; ``LimitConfiguration`` checks them.
    public init(id: String, team: String, limits: [LimitRule]) {
        self.id = id
        self.team = team
        self.limits = limits
    }
}
