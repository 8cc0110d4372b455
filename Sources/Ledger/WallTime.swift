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
        return
            "\(date.text)T\(padded(time / 3_600, 2)):\(padded(time / 60 % 60, 2)):\(padded(time % 60, 2)).\(padded(seconds.remainder, 3))Z"
    }
}

/// A day of the proleptic Gregorian calendar.
struct CivilDate: Equatable {
    let year: Int64
    let month: Int64
    let day: Int64

    /// Makes a date; `nil` when there is no such day, or the year has not four digits.
    init?(year: Int64, month: Int64, day: Int64) {
        guard (1...9_999).contains(year), (1...12).contains(month), day >= 1 else { return nil }
        self.year = year
        self.month = month
        self.day = day
        // A day that does not exist (30 February) comes back from the day count as another one.
        guard CivilDate(daysSince1970: daysSince1970) == self else { return nil }
    }

    /// Howard Hinnant's `civil_from_days`: eras of 400 years that begin on 1 March.
    init(daysSince1970 days: Int64) {
        let (era, dayOfEra) = (days &+ 719_468).floorDivided(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Hinnant's `days_from_civil`.
    var daysSince1970: Int64 {
        let (era, yearOfEra) = (month <= 2 ? year - 1 : year).floorDivided(by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    var text: String { "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))" }
}

extension Int64 {
    /// Quotient rounded towards minus infinity, and the remainder in `0..<divisor`.
    func floorDivided(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

/// `value` in decimal, filled up with zeros on the left to `width` digits.
func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return digits.utf8.count >= width ? digits : String(repeating: "0", count: width - digits.utf8.count) + digits
}
