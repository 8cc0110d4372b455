internal import Core

/// One window of the calendar, in microseconds since 1970: it begins at `start` and ends before `end`.
struct CalendarWindow: Equatable {
    let start: Int64
    let end: Int64

    /// What `total` and `concurrent` count in.
    static let always = CalendarWindow(start: .min, end: .max)

    /// The years 1970 to 9999; a clock that shows anything else is taken for the nearest end.
    private static let seconds: ClosedRange<Int64> = 0...253_402_300_799

    /// The window of `period` that contains `now` by the clocks of `zone`.
    ///
    /// Days, weeks and months begin when the local date first shows, whether at midnight or, where clocks are set forward over it, later.
    /// Minutes and hours are stretches of the local clock, cut where its distance from UTC changes: an hour that comes
    /// twice is two windows.
    init(containing now: Int64, _ period: LimitPeriod, _ zone: TimeZoneRules) {
        let time = min(max(now.floorDivided(by: 1_000_000).quotient, Self.seconds.lowerBound), Self.seconds.upperBound)
        switch period {
        case .minute: self.init(stretch: 60, around: time, zone)
        case .hour: self.init(stretch: 3_600, around: time, zone)
        case .day: self.init(around: time, zone) { $0...$0 }
        case .week: self.init(around: time, zone, Self.week)
        case .month: self.init(around: time, zone, Self.month)
        case .total: self = .always
        }
    }

    private init(start: Int64, end: Int64) {
        self.start = start
        self.end = end
    }

    private init(stretch length: Int64, around time: Int64, _ zone: TimeZoneRules) {
        let local = time + Int64(zone.offset(at: time))
        let start = time - local.floorDivided(by: length).remainder
        let end = start + length
        let isCut = zone.offset(at: end - 1) != zone.offset(at: time)
        self.init(
            start: zone.lastChange(after: start, through: time) * 1_000_000,
            end: (isCut ? zone.lastChange(after: time, through: end - 1) : end) * 1_000_000)
    }

    /// - Parameter days: the days (since 1970) of the window to which a day belongs.
    private init(around time: Int64, _ zone: TimeZoneRules, _ days: (Int64) -> ClosedRange<Int64>) {
        let today = (time + Int64(zone.offset(at: time))).floorDivided(by: 86_400).quotient
        var window = days(today)
        // Clocks that are set back over midnight show yesterday again; the new day has begun nevertheless.
        if zone.firstMoment(showing: (window.upperBound + 1) * 86_400) <= time { window = days(window.upperBound + 1) }
        self.init(
            start: zone.firstMoment(showing: window.lowerBound * 86_400) * 1_000_000,
            end: zone.firstMoment(showing: (window.upperBound + 1) * 86_400) * 1_000_000)
    }

    private static func week(_ day: Int64) -> ClosedRange<Int64> {
        // 1970-01-01 was a Thursday.
        let monday = day - (day + 3).floorDivided(by: 7).remainder
        return monday...monday + 6
    }

    private static func month(_ day: Int64) -> ClosedRange<Int64> {
        let date = CivilDate(daysSince1970: day)
        let first = day - (date.day - 1)
        let inNext = CivilDate(daysSince1970: first + 31)
        return first...first + 31 - inNext.day
    }
}
