/// How much of one limit a gateway wants to have leased. Pure.
protocol SupplyPolicy: Sendable {
    /// Notes all that was used so far: spent or held.
    mutating func note(_ total: Int64, at now: ContinuousClock.Instant)
    /// How much more to lease before it runs out; zero: enough is there.
    /// - Parameter free: what is leased and not used.
    func topUp(free: Int64, at now: ContinuousClock.Instant) -> Int64
    /// How much to lease when `missing` keeps requests waiting.
    func slice(missing: Int64, free: Int64) -> Int64
    /// The amount to give back.
    /// - Parameter isWanted: whether others were refused for it.
    func surplus(free: Int64, isWanted: Bool, at now: ContinuousClock.Instant) -> Int64
}

/// Slots of a limit on requests under way: as many as were in use at a time lately, and some more. Nothing is used up, so nothing has to be
/// topped up.
struct SlotPolicy: SupplyPolicy {
    /// The most that were in use lately; it fades within some ten seconds.
    private var peak = 0.0
    private var used: Int64 = 0
    private var looked: ContinuousClock.Instant?
    /// When one was in use last.
    private var lastUse: ContinuousClock.Instant?

    /// Slots of which none is in use for so long go back.
    private static let idle = Duration.seconds(2)

    mutating func note(_ total: Int64, at now: ContinuousClock.Instant) {
        let seconds = max(0, (looked ?? now).duration(to: now) / .seconds(1))
        peak = max(Double(total), peak / (1 + seconds / 8))
        used = total
        looked = now
        if total > 0 { lastUse = now }
    }

    func topUp(free: Int64, at now: ContinuousClock.Instant) -> Int64 { 0 }

    /// A quarter more than were ever in use: a gateway that grows asks rarely, and one that does not grow never.
    func slice(missing: Int64, free: Int64) -> Int64 { max(missing, Int64(min(peak / 4, 1e9))) }

    func surplus(free: Int64, isWanted: Bool, at now: ContinuousClock.Instant) -> Int64 {
        if isWanted { return free }
        if lastUse.map({ $0.duration(to: now) >= Self.idle }) ?? true { return free }
        let enough = Int64(min(peak * 1.5, 1e9)) + 1 - used
        return free > enough * 2 ? free - enough : 0
    }
}
