internal import Chat
internal import Core
internal import Execution
internal import Ledger
internal import Policies

/// The principals that a loop has seen under the policies and keys in force, by the digest of their key. Belongs to its loop.
struct PrincipalCache {
    /// The client keys that were created on the command line.
    let keys: LiveKeys
    private let activities: KeyActivities
    private var principals: [KeyDigest: Principal] = [:]
    /// The versions for which ``principals`` is valid.
    private var policiesVersion: UInt64 = 0
    private var keysVersion = -1
    /// When the looks so far would have been due, one after the other at their interval.
    private var refreshesDue: Int64 = 0

    /// Microseconds between two looks at the key file because of unknown keys, in the long run.
    private static let refreshInterval: Int64 = 20_000
    /// Looks that may come at once: a command makes a key in less than the interval.
    private static let refreshesAtOnce: Int64 = 20

    /// More senders than this at once are looked up again each time.
    private static let capacity = 10_000

    /// Makes an empty cache.
    /// - Parameter activities: what each key has under way.
    init(keys: LiveKeys, activities: KeyActivities) {
        self.keys = keys
        self.activities = activities
    }

    /// The principal whose key has `digest`; `nil` when there is none.
    /// - Throws: `storage_unavailable` when only the key store could tell, and it has not been readable for too long.
    mutating func find(_ digest: KeyDigest, in policies: ServingPolicies, at now: WallTime) throws(GatewayError) -> Principal? {
        let keys = keys.current
        if policiesVersion != policies.version || keysVersion != keys.number {
            principals.removeAll(keepingCapacity: true)
            policiesVersion = policies.version
            keysVersion = keys.number
        }
        if let known = principals[digest] {
            if known.isStored, !keys.isTrusted { throw LiveKeys.unavailable }
            return known
        }
        guard let principal = try make(digest, policies.snapshot, keys, now) else { return nil }
        if principals.count < Self.capacity { principals[digest] = principal }
        return principal
    }

    /// Whether the key store is to be looked at for an unknown key, which may have been created a moment ago. Not for every guess of an
    /// attacker: it is looked at four times a second anyway.
    mutating func mayLookAgain(at now: WallTime) -> Bool {
        let time = now.microseconds
        // Not later than one interval from now: a clock that was set back must not lock new keys out.
        refreshesDue = min(max(refreshesDue, time - Self.refreshesAtOnce * Self.refreshInterval), time + Self.refreshInterval)
        guard refreshesDue <= time else { return false }
        refreshesDue += Self.refreshInterval
        return true
    }

    private func make(
        _ digest: KeyDigest, _ snapshot: PolicySnapshot, _ keys: LiveKeys.Version, _ now: WallTime
    ) throws(GatewayError) -> Principal? {
        if let key = snapshot.key(digest: digest) { return Principal(key, activities.activity(of: key.id, in: key.team.path)) }
        guard keys.isTrusted else { throw LiveKeys.unavailable }
        return keys.snapshot.grant(for: digest, at: now).map { Principal($0, in: snapshot, activities.activity(of: $0.id, in: $0.team)) }
    }
}
