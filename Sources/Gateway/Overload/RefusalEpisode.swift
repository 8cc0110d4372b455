internal import EventLoop

/// A time in which requests are refused, so that the log can tell of its beginning and its end instead of every request.
struct RefusalEpisode {
    enum Event: Equatable {
        case began
        /// It is over; so many requests were refused in it.
        case ended(Int)
    }

    private var total = 0
    /// The total before it began; `nil` outside.
    private var before: Int?
    private var lastSeen = MonotonicTime(nanoseconds: 0)

    /// Without a refusal for so long it is over.
    private static let quiet = Duration.seconds(2)

    /// Takes in that `newTotal` requests have been refused since the start.
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
