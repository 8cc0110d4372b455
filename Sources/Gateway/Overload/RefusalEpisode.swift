internal import EventLoop

/// A period in which requests are refused: its beginning and end are logged, instead of every request.
struct RefusalEpisode {
    enum Event: Equatable {
        case began
        /// It has ended; this many requests were refused in it.
        case ended(Int)
    }

    private var total = 0
    /// The total before it began; `nil` outside.
    private var before: Int?
    private var lastSeen = MonotonicTime(nanoseconds: 0)

    /// The time without a refusal after which it ends.
    private static let quiet = Duration.seconds(2)

    /// Updates it with the total of refused requests since the start.
    mutating func note(_ newTotal: Int, at now: MonotonicTime) -> Event? {
        let grew = newTotal > total
        defer { total = newTotal }
        if grew { lastSeen = now }
        if let before {
            guard !grew, now - lastSeen >= Self.quiet else { return nil }
            self.before = nil
            return .ended(newTotal - before)
        }
        guard grew else { return nil }
        before = total
        return .began
    }
}
