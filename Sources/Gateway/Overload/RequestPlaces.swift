internal import Chat
internal import Synchronization

/// The places that `--max-requests` gives, and how they are shared among teams and their keys. Shared by all loops.
///
/// A team may have four times as many requests under way as there are places free: alone four fifths of all, two greedy teams four ninths
/// each, and so on; some places are always left for the next team, however many keys one has. Each of its keys may have three times as many as
/// there are places free: alone three quarters. Of requests that cost nothing to hold (whose body has not come, or whose client has left an
/// idempotent one) a team may have as many as there are places free, and a key half as many. A few are always allowed.
final class RequestPlaces: Sendable {
    /// Requests that may be under way at once.
    let most: Int
    /// The most requests of one key; `nil`: three times as many as there are places free.
    let mostPerKey: Int?
    /// The most requests of one team; `nil`: four times as many as there are places free, or as one key may have if that is more.
    let mostPerTeam: Int?
    private let taken = Atomic(0)
    private let turnedDown = Atomic(0)

    /// Requests of each kind that a team and a key may always have, if there are places.
    static let always = 4

    init(most: Int, perKey: Int? = nil, perTeam: Int? = nil) {
        self.most = most
        mostPerKey = perKey
        mostPerTeam = perTeam
    }

    /// Requests under way.
    var count: Int { taken.load(ordering: .relaxed) }
    /// Whether no place is free.
    var isFull: Bool { count >= most }
    /// Requests that were refused so far.
    var refused: Int { turnedDown.load(ordering: .relaxed) }

    /// Takes a place for a request of `key`, to be given back with ``leave(_:)``.
    /// - Throws: `overloaded`, naming the bound.
    func enter(_ key: KeyActivity) throws(GatewayError) {
        let total = taken.add(1, ordering: .relaxed).newValue
        let own = key.requests.add(1, ordering: .relaxed).newValue
        let team = key.team.requests.add(1, ordering: .relaxed).newValue
        if total > most {
            leave(key)
            throw refusal()
        }
        do throws(GatewayError) {
            try checkShare(own, of: "key", named: mostPerKey, max(Self.always, 3 * (most - total)))
            try checkShare(team, of: "team", named: mostPerTeam, max(Self.always, mostPerKey ?? 0, 4 * (most - total)))
        } catch {
            leave(key)
            throw error
        }
    }

    /// - Parameters:
    ///   - requests: how many the key or team has, the new one included.
    ///   - named: how many it may have by the option of that name; `nil`: `share`.
    private func checkShare(_ requests: Int, of owner: String, named: Int?, _ share: Int) throws(GatewayError) {
        guard requests > named ?? share else { return }
        let has = "This \(owner) has \(requests - 1) requests under way"
        if named != nil { throw refusal("\(has), as many as one \(owner) may have (--max-requests-per-\(owner)).") }
        throw refusal("\(has), its share of the \(most) that the gateway takes at once (--max-requests).")
    }

    /// The error for a request for which there is no place; counts it.
    func refusal() -> GatewayError { refusal("\(most) requests are under way, as many as the gateway takes at once (--max-requests).") }

    private func refusal(_ reason: String) -> GatewayError {
        turnedDown.add(1, ordering: .relaxed)
        return .overload(reason + " Try again shortly.")
    }

    /// Gives a place back.
    func leave(_ key: KeyActivity) {
        key.team.requests.subtract(1, ordering: .relaxed)
        key.requests.subtract(1, ordering: .relaxed)
        taken.subtract(1, ordering: .relaxed)
    }

    /// Counts a request of `key` that has a place as one that costs nothing to hold; to be followed by ``becomeBusy(_:)``.
    /// - Returns: whether the key and its team may have one more of those.
    func becomeIdle(_ key: KeyActivity) -> Bool {
        let own = key.idleRequests.add(1, ordering: .relaxed).newValue
        let team = key.team.idleRequests.add(1, ordering: .relaxed).newValue
        let free = most - count
        return (own <= Self.always || 2 * own <= free) && (team <= Self.always || team <= free)
    }

    /// Takes back ``becomeIdle(_:)``.
    func becomeBusy(_ key: KeyActivity) {
        key.team.idleRequests.subtract(1, ordering: .relaxed)
        key.idleRequests.subtract(1, ordering: .relaxed)
    }

    /// The error for a request whose body has not come, of a key or team that has too many of those; counts it.
    func bodyRefusal(_ key: KeyActivity) -> GatewayError {
        let own = max(0, key.idleRequests.load(ordering: .relaxed) - 1)
        let team = max(0, key.team.idleRequests.load(ordering: .relaxed) - 1)
        let whose = own < team ? "This key has \(own), its team \(team) requests" : "This key has \(own) requests"
        return refusal("\(whose) whose bodies have not come yet, its share of --max-requests \(most).")
    }
}
