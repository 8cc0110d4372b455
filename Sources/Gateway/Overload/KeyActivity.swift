internal import Synchronization
internal import EventLoop

/// The requests under way of one client key, on all loops together.
final class KeyActivity: Sendable {
    /// Names the key in records.
    let keyID: String
    /// The requests under way of all keys of its team.
    let team: TeamActivity
    /// When it made its last request, in nanoseconds of the monotonic clock.
    private let lastSeen = Atomic<UInt64>(0)
    /// Requests under way.
    let requests = Atomic(0)
    /// Those of them without cost to the client: their body has not come yet, or their client has left.
    let idleRequests = Atomic(0)

    init(keyID: String, team: TeamActivity) {
        self.keyID = keyID
        self.team = team
    }

    /// Notes a request at `now`.
    func note(at now: MonotonicTime) { lastSeen.store(now.nanoseconds, ordering: .relaxed) }

    /// Whether the last request came within `span` before `now`.
    func wasSeen(within span: Duration, before now: MonotonicTime) -> Bool {
        let last = lastSeen.load(ordering: .relaxed)
        return last > 0 && now - MonotonicTime(nanoseconds: last) < span
    }
}

/// The requests under way of all keys of one team, on all loops together.
final class TeamActivity: Sendable {
    /// Requests under way.
    let requests = Atomic(0)
    /// Those of them without cost to the client.
    let idleRequests = Atomic(0)
}

/// The activity of every key that has been used since the start. Shared by all loops.
final class KeyActivities: Sendable {
    private struct Known {
        var keys: [KeyInTeam: KeyActivity] = [:]
        var teams: [String: TeamActivity] = [:]
    }

    /// A reload may give a key to another team: what is under way by then stays the old one's.
    private struct KeyInTeam: Hashable {
        let keyID: String
        let team: String
    }

    private let known = Mutex(Known())

    /// The activity of the key with this id in the team at `team`; the same object for as long as the gateway runs.
    func activity(of keyID: String, in team: String) -> KeyActivity {
        known.withLock { known in
            let key = KeyInTeam(keyID: keyID, team: team)
            if let activity = known.keys[key] { return activity }
            let team = known.teams[team, default: TeamActivity()]
            known.teams[key.team] = team
            let activity = KeyActivity(keyID: keyID, team: team)
            known.keys[key] = activity
            return activity
        }
    }

    /// The ids of all keys that made a request within `span` before `now`.
    func keysSeen(within span: Duration, before now: MonotonicTime) -> Set<String> {
        known.withLock { Set($0.keys.values.filter { $0.wasSeen(within: span, before: now) }.map(\.keyID)) }
    }
}
