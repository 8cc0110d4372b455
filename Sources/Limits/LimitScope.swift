public import Core

/// The scope of a limit: an organization, a team, one key or one user.
public struct LimitScope: Hashable, Sendable {
    /// The organization and the teams below it, e.g. `acme/research/vision`.
    public let path: String
    /// The id of the key that has the limit on its own.
    public let key: String?
    /// The value of the request's `user` that has the limit on its own.
    public let user: String?

    /// Names a scope.
    public init(path: String, key: String? = nil, user: String? = nil) {
        self.path = path
        self.key = key
        self.user = user
    }
}

extension LimitScope: Comparable {
    /// By path; the scope itself before its keys and users.
    public static func < (a: LimitScope, b: LimitScope) -> Bool {
        (a.path, a.key ?? "", a.user ?? "") < (b.path, b.key ?? "", b.user ?? "")
    }
}

extension LimitScope: CustomStringConvertible {
    /// E.g. `acme/research`, `acme/research key key_8f3kq2zd`, `acme user "bob"`.
    public var description: String {
        if let key { return "\(path) key \(key)" }
        if let user { return "\(path) user \(user.debugDescription)" }
        return path
    }
}

/// Names one limit for as long as policies have it, whatever amount it allows: a reload that changes the amount keeps what is spent.
public struct LimitIdentity: Hashable, Sendable {
    /// The scope.
    public let scope: LimitScope
    /// What the limit counts.
    public let kind: LimitKind
    /// In which windows; `nil` for `concurrent`.
    public let period: LimitPeriod?
    /// Which models; `nil`: all.
    public let models: ModelSelection?
    /// Whether the limit is soft: it alerts and refuses nothing.
    public let soft: Bool
}

/// The scopes of a request, which determine the limits that apply to it.
public struct RequestScopes: Hashable, Sendable {
    /// The path of the team, e.g. `acme/research`. One that no policy knows is bound by the limits of what is above it.
    public var team: String
    /// The id of the key.
    public var key: String?
    /// The request's `user`.
    public var user: String?

    /// Names the scopes of a request.
    public init(team: String, key: String? = nil, user: String? = nil) {
        self.team = team
        self.key = key
        self.user = user
    }
}
