internal import EventLoop

/// When freed memory that the allocator keeps is to be given back. That takes the allocator's locks for a while, so it must be worth it.
struct TrimRule {
    /// What was at rest when there was least of it since the last time.
    private var least = Int.max
    private var last: MonotonicTime?

    /// Between two times.
    private static let interval = Duration.seconds(1)

    /// Whether the time has come: memory is wanted, or what belongs to no request has grown by an eighth of the bound, as after a burst.
    /// - Parameter resting: bytes that belong to no request.
    mutating func isDue(resting: Int, limit: Int, isWanted: Bool, at now: MonotonicTime) -> Bool {
        least = min(least, resting)
        if let last, now - last < Self.interval { return false }
        return isWanted || resting - least > limit / 8
    }

    /// It has been done, and `resting` bytes were left.
    mutating func trimmed(to resting: Int, at now: MonotonicTime) {
        last = now
        least = resting
    }
}
