internal import EventLoop

/// Decides when to return freed memory from the allocator to the system. That holds the allocator's locks for a while, so it is done only
/// for large amounts.
struct TrimRule {
    /// The least memory without a request since the last trim.
    private var least = Int.max
    private var last: MonotonicTime?

    /// The least time between two trims.
    private static let interval = Duration.seconds(1)

    /// Whether to trim: memory is scarce, or memory without a request has grown by an eighth of the bound, as after a burst.
    /// - Parameter resting: bytes that belong to no request.
    mutating func isDue(resting: Int, limit: Int, isWanted: Bool, at now: MonotonicTime) -> Bool {
        least = min(least, resting)
        if let last, now - last < Self.interval { return false }
        return isWanted || resting - least > limit / 8
    }

    /// Notes that a trim was done and left `resting` bytes.
    mutating func trimmed(to resting: Int, at now: MonotonicTime) {
        last = now
        least = resting
    }
}
