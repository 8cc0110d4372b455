internal import Chat
internal import Ledger
internal import Policies

/// The senders that a loop has seen under the policies and keys in force, by the digest of their key. Belongs to its loop.
struct PrincipalCache {
    private var principals: [KeyDigest: Principal] = [:]
    private var policies: ObjectIdentifier?
    private var keysVersion = -1
    /// When the looks so far would have been due, one after the other at their interval.
    private var refreshesDue: Int64 = 0

    /// Microseconds between two looks at the key file because of unknown keys, in the long run.
    private static let refreshInterval: Int64 = 20_000
    /// Looks that may come at once: a command makes a key in less than the interval.
    private static let refreshesAtOnce: Int64 = 20

    /// More senders than this at once are looked up anew each time.
    private static let capacity = 10_000

    /// The sender whose key has `digest`; `nil` when there is none.
    mutating func find(_ digest: KeyDigest, in snapshot: PolicySnapshot, keys: LiveKeys, at now: WallTime) -> Principal? {
        let current = keys.current
        if policies != ObjectIdentifier(snapshot) || keysVersion != current.number {
            principals.removeAll(keepingCapacity: true)
            policies = ObjectIdentifier(snapshot)
            keysVersion = current.number
        }
        if let known = principals[digest] { return known }
        guard let principal = Self.make(digest, snapshot, current, now) ?? makeOfNewKey(digest, snapshot, keys, now) else { return nil }
        if principals.count < Self.capacity { principals[digest] = principal }
        return principal
    }

    /// An unknown key may have been created a moment ago.
    private mutating func makeOfNewKey(_ digest: KeyDigest, _ snapshot: PolicySnapshot, _ keys: LiveKeys, _ now: WallTime) -> Principal? {
        // Not for every guess of an attacker: the file is looked at four times a second anyway.
        let time = now.microseconds
        // Not later than one interval from now: a clock that was set back must not lock new keys out.
        refreshesDue = min(max(refreshesDue, time - Self.refreshesAtOnce * Self.refreshInterval), time + Self.refreshInterval)
        guard refreshesDue <= time else { return nil }
        refreshesDue += Self.refreshInterval
        keys.refresh()
        let current = keys.current
        return current.number == keysVersion ? nil : Self.make(digest, snapshot, current, now)
    }

    private static func make(_ digest: KeyDigest, _ snapshot: PolicySnapshot, _ keys: LiveKeys.Version, _ now: WallTime) -> Principal? {
        if let key = snapshot.key(digest: digest) { return Principal(key) }
        return keys.snapshot.grant(for: digest, at: now).map { Principal($0, in: snapshot) }
    }
}
