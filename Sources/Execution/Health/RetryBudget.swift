internal import EventLoop

/// Bounds the retries to a provider: a share of its requests, and a few per second in addition, so that retries do not make an outage
/// worse.
///
/// The rule is that of Finagle and linkerd (`retryBudget`, ttl 10 s): a balance that every request adds to and every retry takes from. What a
/// team's requests add is that team's. Of the few a second, which all share, a team may take as long as those that it took of late are no
/// more than three times those that it leaves: so one team's failures do not eat the retries of others. A pure state machine; times come from
/// its caller.
struct RetryBudget {
    /// Retries per request, on the average.
    static let share = 0.2
    /// Retries per second that are always available.
    static let perSecond = 10.0
    /// What can be saved up: ten seconds' worth.
    private static let most = 100.0
    /// How long a retry counts as taken of late, in seconds.
    private static let memory = 10.0

    /// Full at the start, as in Finagle and linkerd: else a team that fails in the first seconds is left with less than others need.
    private var common = most
    private var filled: MonotonicTime?
    private var teams: [String: Part] = [:]

    private struct Part {
        /// Retries that the team's own requests have earned.
        var saved = 0.0
        /// Retries that it has taken of the common ones of late; grows out of date evenly, like what is saved grows.
        var taken = 0.0
        var updated = MonotonicTime(nanoseconds: 0)

        mutating func earn() { saved = min(RetryBudget.most, saved + RetryBudget.share) }

        mutating func forget(at now: MonotonicTime) {
            taken = max(0, taken * (1 - min(1, RetryBudget.seconds(from: updated, to: now) / RetryBudget.memory)))
            updated = now
        }
    }

    /// Counts a request of `team` that is not a retry.
    mutating func deposit(for team: String) {
        teams[team, default: Part()].earn()
    }

    /// Takes one retry out, if there is one for `team`.
    mutating func withdraw(for team: String, at now: MonotonicTime) -> Bool {
        if let filled { common = min(Self.most, common + Self.perSecond * Self.seconds(from: filled, to: now)) }
        filled = now
        var part = teams[team, default: Part()]
        defer { teams[team] = part }
        part.forget(at: now)
        if part.saved >= 1 {
            part.saved -= 1
            return true
        }
        guard common >= 1, part.taken + 1 <= 3 * (common - 1) else { return false }
        common -= 1
        part.taken += 1
        return true
    }

    private static func seconds(from start: MonotonicTime, to end: MonotonicTime) -> Double {
        Double((end - start).nonNegativeNanoseconds) / 1e9
    }
}
