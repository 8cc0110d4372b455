internal import Glibc

/// A moment of the wall clock in whole microseconds since 1970-01-01T00:00:00Z. For records and expiry only; durations use a monotonic clock.
public struct WallTime: Hashable, Comparable, Sendable {
    /// Microseconds since 1970, UTC; negative before.
    public var microseconds: Int64

    /// Makes the moment `microseconds` after 1970.
    public init(microseconds: Int64) { self.microseconds = microseconds }

    /// The wall clock now.
    public static var now: WallTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(microseconds: Int64(time.tv_sec) &* 1_000_000 &+ Int64(time.tv_nsec) / 1_000)
    }

    /// Order in time.
    public static func < (a: WallTime, b: WallTime) -> Bool { a.microseconds < b.microseconds }

    /// This moment moved by `seconds`, saturating at the ends of the range.
    public func advanced(bySeconds seconds: Int64) -> WallTime {
        let (shift, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let (sum, carry) = microseconds.addingReportingOverflow(shift)
        return WallTime(microseconds: overflow || carry ? (seconds < 0 ? .min : .max) : sum)
    }

    /// The moment in UTC after RFC 3339 with milliseconds (rounded down), e.g. `2026-03-01T09:30:00.125Z`.
    public var rfc3339: String {
        let milliseconds = microseconds.floorDivided(by: 1_000)
        let seconds = milliseconds.quotient.floorDivided(by: 1_000)
        let days = seconds.quotient.floorDivided(by: 86_400)
        let date = CivilDate(daysSince1970: days.quotient)
        let time = days.remainder
        let clock = [time / 3_600, time / 60 % 60, time % 60].map { $0.padded(to: 2) }.joined(separator: ":")
        return "\(date.text)T\(clock).\(seconds.remainder.padded(to: 3))Z"
    }
}
