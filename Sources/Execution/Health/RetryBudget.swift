internal import EventLoop

/// How many retries a provider gets: a share of the requests that go to it and a few a second besides, so that an outage is not made worse by
/// everybody trying again.
///
/// The rule is that of Finagle and linkerd (`retryBudget`, ttl 10 s): a balance that every request adds to and every retry takes from.
struct RetryBudget {
    /// Retries per request, on the average.
    static let share = 0.2
    /// Retries per second that are always there.
    static let perSecond = 10.0
    /// What can be saved up: ten seconds' worth.
    private static let most = 100.0

    private var balance = perSecond
    private var filled: MonotonicTime?

    /// Takes note of a request that is no retry.
    mutating func deposit() { balance = min(Self.most, balance + Self.share) }

    /// Takes one retry out, if there is one.
    mutating func withdraw(at now: MonotonicTime) -> Bool {
        if let filled { balance = min(Self.most, balance + Self.perSecond * Double((now - filled).nonNegativeNanoseconds) / 1e9) }
        filled = now
        guard balance >= 1 else { return false }
        balance -= 1
        return true
    }
}
