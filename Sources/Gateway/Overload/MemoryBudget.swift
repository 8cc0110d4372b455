internal import Chat
internal import Synchronization

/// The bound on the memory of all requests together: memory is promised to a request, and counted, before it is used.
///
/// The memory in use is what the process has (its resident set, read ten times a second by `MemoryWatch`) and what has been promised to
/// requests and has not come yet. So ten thousand large bodies cannot be let in between two readings. Safe from any thread.
public final class MemoryBudget: Sendable {
    /// The bound, in bytes.
    public let limit: Int
    let watermarks: MemoryWatermarks
    /// Memory that belongs to no request, as of the last reading.
    private let resting = Atomic(0)
    private let promised = Atomic(0)
    /// Bytes that requests must still give up.
    private let excess = Atomic(0)
    private let refused = Atomic(0)
    private let refusedSmall = Atomic(0)
    private let stateNumber = Atomic(MemoryState.enough.rawValue)
    private let shares = Mutex<[ArrivedBytes]>([])

    /// The lowest bound: enough for an idle gateway and some requests.
    public static let least = 64 << 20

    /// Makes a budget of `limit` bytes, at least `least`.
    public init(limit: Int) {
        self.limit = max(limit, Self.least)
        watermarks = MemoryWatermarks(limit: self.limit)
    }

    /// The largest body that is read: a larger one would not fit even in an idle gateway.
    public var largestBody: Int { limit / 8 }

    var state: MemoryState { MemoryState(rawValue: stateNumber.load(ordering: .relaxed)) ?? .enough }

    /// Bytes in use and promised.
    var used: Int { resting.load(ordering: .relaxed) + promised.load(ordering: .relaxed) }

    // MARK: Promises

    /// A loop's share of the budget.
    func share() -> MemoryShare {
        let arrived = ArrivedBytes()
        shares.withLock { $0.append(arrived) }
        return MemoryShare(self, arrived)
    }

    /// Promises `bytes` if use stays below `ceiling` with them.
    func promise(_ bytes: Int, below ceiling: Int) -> Bool {
        let total = promised.add(bytes, ordering: .relaxed).newValue
        if resting.load(ordering: .relaxed) + total <= ceiling { return true }
        takeBack(bytes)
        return false
    }

    func takeBack(_ bytes: Int) { promised.subtract(bytes, ordering: .relaxed) }

    // MARK: Readings

    /// Sets the process's resident memory.
    func note(resident: Int) {
        let arrived = shares.withLock { $0.reduce(0) { $0 + $1.bytes.load(ordering: .relaxed) } }
        resting.store(max(0, resident - arrived), ordering: .relaxed)
    }

    /// Memory that belongs to no request, in bytes, as of the last reading.
    var restingBytes: Int { resting.load(ordering: .relaxed) }

    /// Sets the state that follows from the last reading. While memory is exhausted, requests must give up what is in use above the level
    /// at which it no longer is.
    func enter(_ state: MemoryState) {
        stateNumber.store(state.rawValue, ordering: .relaxed)
        excess.store(state == .exhausted ? max(0, used - watermarks.scarce) : 0, ordering: .relaxed)
    }

    /// Whether a request that holds `bytes` is to be given up, because more is in use than may be.
    func wantsBack(_ bytes: Int) -> Bool {
        guard state == .exhausted, excess.load(ordering: .relaxed) > 0 else { return false }
        return excess.subtract(bytes, ordering: .relaxed).oldValue > 0
    }

    // MARK: Refusals

    /// Requests that were refused so far.
    var refusals: Refusals { Refusals(all: refused.load(ordering: .relaxed), small: refusedSmall.load(ordering: .relaxed)) }

    struct Refusals: Equatable {
        var all = 0
        /// Refusals of small requests while memory was not exhausted by the readings.
        var small = 0
    }

    /// The error for a request that there is no memory for; counts it.
    /// - Parameter body: the size of its body in bytes, as far as it is known.
    func refusal(ofBody body: Int = 0) -> GatewayError {
        refused.add(1, ordering: .relaxed)
        let bound = "--max-memory \(MemorySize.text(limit))"
        let isExhausted = state == .exhausted
        guard RequestMemory.isLarge(body), !isExhausted else {
            if !isExhausted { refusedSmall.add(1, ordering: .relaxed) }
            return .overload("The gateway has used up its memory (\(bound)). Try again shortly.")
        }
        return .overload("There is no memory left for a body of \(MemorySize.text(body)) at the moment (\(bound)). Try again shortly.")
    }
}

extension GatewayError {
    /// The error for requests beyond the capacity. Such refusals come by the thousand, so they are counted, and the log shows when they
    /// begin and end.
    static func overload(_ message: String) -> GatewayError {
        var error = GatewayError(.overloaded, message, source: .gateway, retry: .after(.seconds(1)))
        error.isCounted = true
        return error
    }
}

/// Bytes of a loop's promises that have been redeemed: they are in the resident set. Written by the loop alone.
final class ArrivedBytes: Sendable {
    let bytes = Atomic(0)
}
