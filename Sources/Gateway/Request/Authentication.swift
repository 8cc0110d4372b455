internal import Chat
internal import Core
internal import Execution
internal import HTTPServer
internal import Ledger
internal import Limits
internal import Policies

/// The team and key that a request was made with. Valid for the policies that it was made from.
final class Principal: ModelAccess {
    let keyID: String
    /// Whether the key was created on the command line; else it stands in a policy file.
    let isStored: Bool
    /// The key's requests under way on all loops.
    let activity: KeyActivity
    /// The key's name within its team.
    let keyName: String?
    let team: String
    let organization: String
    private let teamEntry: Team?
    private let models: ModelSet?
    private var known: OrganizationLimits?
    /// When the key expires, in seconds since 1970; `nil`: never.
    private let expires: Int64?

    init(_ key: PolicyKey, _ activity: KeyActivity) {
        self.activity = activity
        isStored = false
        keyID = key.id
        keyName = key.name
        team = key.team.path
        organization = key.team.organization
        teamEntry = key.team
        models = key.models
        expires = key.expires
    }

    init(_ grant: KeyGrant, in policies: PolicySnapshot, _ activity: KeyActivity) {
        self.activity = activity
        isStored = true
        keyID = grant.id
        keyName = grant.name
        team = grant.team
        organization = String(grant.team.prefix { $0 != "/" })
        teamEntry = policies.team(grant.team)
        models = grant.models.map(policies.models(named:))
        expires = grant.expires.map { $0.microseconds / 1_000_000 }
    }

    /// The limits of the organization; the same object for as long as the gateway runs.
    func limits(in budgets: Budgets) -> OrganizationLimits {
        if let known { return known }
        let limits = budgets.tree.organization(of: team)
        known = limits
        return limits
    }

    /// Whether this key may use `model`: what its team and its own list both allow.
    func allows(_ model: NamedModel) -> Bool { (teamEntry?.allows(model) ?? true) && (models?.contains(model) ?? true) }

    /// Whether the policies know the team. If they define no team at all, every key's team is accepted, and everything is allowed.
    func belongs(to policies: PolicySnapshot) -> Bool { teamEntry != nil || policies.teams.isEmpty }

    func isExpired(at time: WallTime) -> Bool { expires.map { time.microseconds / 1_000_000 >= $0 } ?? false }
}

/// A request whose caller is known.
struct AuthenticatedRequest {
    let incoming: IncomingRequest
    let principal: Principal
    /// The digest of its key.
    let keyDigest: KeyDigest
}

extension IncomingRequest {
    /// Authenticates the request. The key is looked up by its digest; it is never logged, compared in plain text or kept.
    ///
    /// Waits only for an unknown key, while the key store is read once more, and holds no place meanwhile.
    /// - Throws: `invalid_api_key`, the same for an unknown, a revoked and an expired key; `storage_unavailable`.
    func authenticated() async throws(GatewayError) -> AuthenticatedRequest {
        guard let digest = presentedKey() else { throw Self.noKey }
        var found = try loop.principals.find(digest, in: policies, at: wallTime)
        if found == nil, loop.principals.mayLookAgain(at: wallTime) {
            await loop.principals.keys.lookAgain()
            found = try loop.principals.find(digest, in: policies, at: wallTime)
        }
        guard let principal = found, !principal.isExpired(at: wallTime) else { throw Self.wrongKey }
        principal.activity.note(at: startTime)
        guard principal.belongs(to: policies.snapshot) else {
            throw GatewayError(.modelNotAllowed, "This key belongs to the team \(principal.team), which the policies do not know.")
        }
        return AuthenticatedRequest(incoming: self, principal: principal, keyDigest: digest)
    }

    /// Checks the key once more, against the policies and keys of now.
    /// - Throws: as ``authenticated()``.
    func checkAgain(_ digest: KeyDigest) throws(GatewayError) {
        let now = WallTime.now
        guard let principal = try loop.principals.find(digest, in: loop.currentPolicies(), at: now),
            !principal.isExpired(at: now)
        else { throw Self.wrongKey }
    }

    /// The digest of the key in `Authorization: Bearer`, `x-api-key` or `api-key`. Two fields of one name are no key at all.
    private func presentedKey() -> KeyDigest? {
        let head = reply.head
        for name in ["authorization", "x-api-key", "api-key"] as [StaticString] {
            guard let value = head.first(name) else { continue }
            guard head.count(of: name) == 1 else { return nil }
            let key = name.utf8CodeUnitCount == 13 ? Self.bearer(value) : value
            if let key, !key.isEmpty { return key.withUnsafeBytes { KeyDigest.sha256(of: $0) } }
        }
        return nil
    }

    /// Whether seven bytes are `Bearer ` without regard to case: compared as one number, because every request needs it.
    private static func isBearer(_ scheme: ArraySlice<UInt8>) -> Bool {
        scheme.reduce(0 as UInt64) { $0 << 8 | UInt64($1 | 0x20) } == 0x62_65_61_72_65_72_20
    }

    private static func bearer(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let scheme = value.prefix(7)
        guard scheme.count == 7, Self.isBearer(scheme) else { return nil }
        return value.dropFirst(7).drop { $0 == UInt8(ascii: " ") }
    }

    // The words are OpenAI's: some SDKs look for them.
    private static let noKey = GatewayError(
        .invalidAPIKey, "Incorrect API key provided: there is none. Send it as Authorization: Bearer, x-api-key or api-key.")
    private static let wrongKey = GatewayError(
        .invalidAPIKey, "Incorrect API key provided. Ask your gateway's administrator for a valid key.")
}
