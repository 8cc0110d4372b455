internal import Chat
internal import Synchronization

/// The places that `--max-requests` gives, and how they are shared among client keys. Shared by all loops.
///
/// A key may have three times as many requests under way as there are places free: alone three quarters of all, two greedy keys three
/// sevenths each, and so on; some places are always left for the next key. Of requests that cost nothing to hold (whose body has not come,
/// or whose client has left an idempotent one) it may have half as many as there are places free. A few are always allowed.
final class RequestPlaces: Sendable {
    /// Requests that may be under way at once.
    let most: Int
    /// The most requests of one key; `nil`: three times as many as there are places free.
    let mostPerKey: Int?
    private let taken = Atomic(0)
    private let turnedDown = Atomic(0)

    /// Requests of each kind that a key may always have, if there are places.
    static let always = 4

    init(most: Int, perKey: Int? = nil) {
        self.most = most
        mostPerKey = perKey
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
        if total > most {
            leave(key)
            throw refusal()
        }
        if let mostPerKey {
            if own <= mostPerKey { return }
            leave(key)
            throw refusal("This key has \(mostPerKey) requests under way, as many as one key may have (--max-requests-per-key).")
        }
        if own <= Self.always || own <= 3 * (most - total) { return }
        leave(key)
        throw refusal(
            "This key has \(own - 1) requests under way, its share of the \(most) that the gateway takes at once (--max-requests).")
    }

    /// The answer to a request for which there is no place; counts it.
    func refusal() -> GatewayError { refusal("\(most) requests are under way, as many as the gateway takes at once (--max-requests).") }

    private func refusal(_ reason: String) -> GatewayError {
        turnedDown.add(1, ordering: .relaxed)
        return .overload(reason + " Try again shortly.")
    }

    /// Gives a place back.
    func leave(_ key: KeyActivity) {
        key.requests.subtract(1, ordering: .relaxed)
        taken.subtract(1, ordering: .relaxed)
    }

    /// Counts a request of `key` that has a place as one that costs nothing to hold; to be followed by ``becomeBusy(_:)``.
    /// - Returns: whether the key may have one more of those.
    func becomeIdle(_ key: KeyActivity) -> Bool {
        let own = key.idleRequests.add(1, ordering: .relaxed).newValue
        return own <= Self.always || 2 * own <= most - count
    }

    /// Takes back ``becomeIdle(_:)``.
    func becomeBusy(_ key: KeyActivity) { key.idleRequests.subtract(1, ordering: .relaxed) }

    /// The answer to a request whose body does not come, of a key that has enough of those; counts it.
    func bodyRefusal(_ key: KeyActivity) -> GatewayError {
        let own = max(0, key.idleRequests.load(ordering: .relaxed) - 1)
        return refusal("This key has \(own) requests whose bodies have not come yet, its share of --max-requests \(most).")
    }
}
