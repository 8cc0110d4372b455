internal import Core

/// How large a slice of one limit a gateway wants, from how fast it uses it. Pure.
struct SlicePolicy: SupplyPolicy {
    /// Units per second: rises at once, halves every second.
    private(set) var rate = 0.0
    private var used: Int64 = 0
    private var looked: ContinuousClock.Instant?
    /// When something was used last.
    private(set) var lastUse: ContinuousClock.Instant?

    /// Seconds for which a slice should last: two round trips to a slow database, many times over.
    private static let supply = 2.0
    /// A slice that is not touched for so long goes back.
    private static let idle = Duration.seconds(2)

    mutating func note(_ total: Int64, at now: ContinuousClock.Instant) {
        defer {
            used = total
            looked = now
        }
        guard let looked else {
            if total > 0 { lastUse = now }
            return
        }
        let seconds = max(0.05, looked.duration(to: now) / .seconds(1))
        let growth = total.subtractingSaturated(used)
        if growth > 0 { lastUse = now }
        rate = max(Double(max(0, growth)) / seconds, rate * Self.decay(seconds))
    }

    private func isIdle(at now: ContinuousClock.Instant) -> Bool { lastUse.map { $0.duration(to: now) >= Self.idle } ?? true }

    private static func decay(_ seconds: Double) -> Double { seconds >= 10 ? 0 : 1 / (1 + seconds) }

    func topUp(free: Int64, at now: ContinuousClock.Instant) -> Int64 {
        // A slice that was just given back because it was not used must not be leased again.
        if isIdle(at: now) { return 0 }
        let supply = Int64(clamping: rate * Self.supply)
        return free < supply / 2 ? supply - free : 0
    }

    func slice(missing: Int64, free: Int64) -> Int64 {
        max(missing.multipliedReportingOverflow(by: 8).overflow ? missing : missing * 8, Int64(clamping: rate * Self.supply))
    }

    func surplus(free: Int64, isWanted: Bool, at now: ContinuousClock.Instant) -> Int64 {
        if isWanted { return free }
        if isIdle(at: now) { return free }
        let supply = Int64(clamping: rate * Self.supply)
        let plenty = supply.multipliedReportingOverflow(by: 4)
        return !plenty.overflow && free > plenty.partialValue ? free - supply * 2 : 0
    }
}

extension Int64 {
    fileprivate init(clamping number: Double) { self = number >= 9e18 ? .max : number <= 0 ? 0 : Int64(number) }
}
