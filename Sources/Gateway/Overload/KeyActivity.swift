internal import Synchronization
internal import EventLoop

/// What one client key has under way, on all loops together.
final class KeyActivity: Sendable {
    /// Names the key in records.
    let keyID: String
    /// When it made its last request, in nanoseconds of the monotonic clock.
    private let lastSeen = Atomic<UInt64>(0)
    /// Requests under way.
    let requests = Atomic(0)
    /// Those of them that cost nothing to hold: their body has not come yet, or their client has left.
    let idleRequests = Atomic(0)

    init(keyID: String) { self.keyID = keyID }

    /// Notes a request at `now`.
    func note(at now: MonotonicTime) { lastSeen.store(now.nanoseconds, ordering: .relaxed) }

    /// Whether the last request came within `span` before `now`.
    func wasSeen(within span: Duration, before now: MonotonicTime) -> Bool {
        let last = lastSeen.load(ordering: .relaxed)
        return last > 0 && now - MonotonicTime(nanoseconds: last) < span
    }
}

/// The activity of every key that has been used since the start. Shared by all loops.
final class KeyActivities: Sendable {
    private let known = Mutex<[String: KeyActivity]>([:])

    /// The activity of the key with this id; the same object for as long as the gateway runs.
    func activity(of keyID: String) -> KeyActivity {
        known.withLock { known in
            if let activity = known[keyID] { return activity }
            let activity = KeyActivity(keyID: keyID)
            known[keyID] = activity
            return activity
        }
    }

    /// The ids of all keys that made a request within `span` before `now`.
    func keysSeen(within span: Duration, before now: MonotonicTime) -> Set<String> {
        known.withLock { Set($0.values.filter { $0.wasSeen(within: span, before: now) }.map(\.keyID)) }
    }
}
