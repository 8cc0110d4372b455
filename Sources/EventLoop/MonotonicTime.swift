internal import Glibc

/// A moment on the machine's monotonic clock, in nanoseconds; immune to changes of the wall clock.
public struct MonotonicTime: Comparable, Hashable, Sendable {
    /// Nanoseconds since an arbitrary start.
    public let nanoseconds: UInt64

    /// Makes a moment from nanoseconds since the clock's start.
    @inlinable public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// A moment that never comes: a timer set to it is off.
    public static let never = MonotonicTime(nanoseconds: .max)

    /// The clock, read now.
    public static func now() -> MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(nanoseconds: UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec))
    }

    /// The moment `duration` later; negative durations count as zero, and what lies beyond the clock is `never`.
    public static func + (time: MonotonicTime, duration: Duration) -> MonotonicTime {
        let (sum, overflow) = time.nanoseconds.addingReportingOverflow(duration.nonNegativeNanoseconds)
        return overflow ? .never : MonotonicTime(nanoseconds: sum)
    }

    /// The time from `earlier` to `later`; zero when they are the other way round.
    public static func - (later: MonotonicTime, earlier: MonotonicTime) -> Duration {
        later > earlier ? .nanoseconds(Int64(clamping: later.nanoseconds - earlier.nanoseconds)) : .zero
    }

    /// Whole microseconds from `earlier` to this moment; zero when it is the later one. Cheaper than a `Duration` by a division of 128 bits.
    public func microseconds(since earlier: MonotonicTime) -> Int64 {
        self > earlier ? Int64(clamping: (nanoseconds - earlier.nanoseconds) / 1_000) : 0
    }

    /// The moment `milliseconds` later; negative ones count as zero, and what lies beyond the clock is `never`. Cheaper than adding a `Duration`.
    public func adding(milliseconds: Int) -> MonotonicTime {
        let (span, isTooLong) = UInt64(max(0, milliseconds)).multipliedReportingOverflow(by: 1_000_000)
        let (sum, overflow) = nanoseconds.addingReportingOverflow(span)
        return isTooLong || overflow ? .never : MonotonicTime(nanoseconds: sum)
    }

    /// Milliseconds from this moment to `later`, rounded up; zero when they are the other way round.
    func milliseconds(until later: MonotonicTime) -> Int {
        guard later > self else { return 0 }
        let (whole, rest) = (later.nanoseconds - nanoseconds).quotientAndRemainder(dividingBy: 1_000_000)
        return Int(clamping: whole) + (rest == 0 ? 0 : 1)
    }

    /// Order in time.
    @inlinable public static func < (a: MonotonicTime, b: MonotonicTime) -> Bool { a.nanoseconds < b.nanoseconds }
}

/// A span of the monotonic clock in nanoseconds, for sums on hot paths.
public struct ClockInterval: Hashable, Sendable {
    let nanoseconds: UInt64

    /// Converts a duration; negative ones count as zero.
    public init(_ duration: Duration) { nanoseconds = duration.nonNegativeNanoseconds }

    /// The moment `interval` after `time`; what lies beyond the clock is `never`.
    public static func + (time: MonotonicTime, interval: ClockInterval) -> MonotonicTime {
        let (sum, overflow) = time.nanoseconds.addingReportingOverflow(interval.nanoseconds)
        return overflow ? .never : MonotonicTime(nanoseconds: sum)
    }
}

extension Duration {
    /// The duration in whole nanoseconds, zero when negative, saturating at the end of the range.
    public var nonNegativeNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (nanoseconds, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = nanoseconds.addingReportingOverflow(UInt64(attoseconds) / 1_000_000_000)
        return overflow || carry ? .max : sum
    }

    /// The duration in whole milliseconds, rounded up, clamped to what C's `long` takes.
    public var milliseconds: Int {
        let nanoseconds = nonNegativeNanoseconds
        return Int(clamping: nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 == 0 ? 0 : 1))
    }
}
