import Core
import TestSupport
import Testing

@testable import Limits

@Suite struct CalendarWindowTests {
    static let zones = [
        "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Beirut", "America/Havana",
        "Atlantic/Azores", "Pacific/Apia", "Asia/Kathmandu",
    ]

    /// Windows follow one another without gap or overlap, and every moment of a window names it.
    @Test(arguments: zones, LimitPeriod.allCases.filter { $0 != .total })
    func windowsTileTime(_ name: String, _ period: LimitPeriod) throws {
        let zone = try #require(systemZone(name))
        // Minutes are looked at around the changes of 2026 only.
        let starts = period == .minute ? changes(zone).map { $0 - 3_600 } : [utc(2025, 12, 30).microseconds / 1_000_000]
        let count = [.minute: 120, .hour: 9_000, .day: 400, .week: 60, .month: 30][period] ?? 0
        for start in starts {
            var window = CalendarWindow(containing: start * 1_000_000, period, zone)
            for _ in 0..<count {
                #expect(window.start < window.end)
                #expect(CalendarWindow(containing: window.start, period, zone) == window)
                #expect(CalendarWindow(containing: window.end - 1, period, zone) == window)
                #expect(CalendarWindow(containing: (window.start + window.end) / 2, period, zone) == window)
                let next = CalendarWindow(containing: window.end, period, zone)
                #expect(next.start == window.end, "\(name) \(period) \(WallTime(microseconds: window.end).rfc3339)")
                window = next
            }
        }
    }

    /// When clocks change in 2026, in seconds since 1970.
    private func changes(_ zone: TimeZoneRules) -> [Int64] {
        let start = utc(2026, 1, 1).microseconds / 1_000_000
        return (0..<365 * 24).map { start + $0 * 3_600 }.filter { zone.offset(at: $0) != zone.offset(at: $0 - 3_600) }
    }

    @Test(arguments: [
        ("Europe/Berlin", 3, 29, 23), ("Europe/Berlin", 10, 25, 25), ("Europe/Berlin", 7, 1, 24), ("America/New_York", 3, 8, 23),
        ("America/New_York", 11, 1, 25), ("Asia/Kolkata", 3, 29, 24), ("UTC", 3, 29, 24),
    ])
    func daysAreAsLongAsTheyAre(_ name: String, _ month: Int64, _ day: Int64, _ hours: Int64) throws {
        let window = CalendarWindow(containing: utc(2026, month, day, 12).microseconds, .day, try #require(systemZone(name)))
        #expect(window.end - window.start == hours * 3_600_000_000)
    }

    @Test func boundariesInBerlin() throws {
        let berlin = try #require(systemZone("Europe/Berlin"))
        func window(_ time: WallTime, _ period: LimitPeriod) -> [String] {
            let window = CalendarWindow(containing: time.microseconds, period, berlin)
            return [window.start, window.end].map { WallTime(microseconds: $0).rfc3339 }
        }
        // 2026-03-29 01:59:59 CET, a Sunday; one second later it is 03:00 CEST.
        let last = utc(2026, 3, 29, 0, 59, 59)
        let first = last.plus(.seconds(1))
        #expect(window(last, .minute) == ["2026-03-29T00:59:00.000Z", "2026-03-29T01:00:00.000Z"])
        #expect(window(first, .minute) == ["2026-03-29T01:00:00.000Z", "2026-03-29T01:01:00.000Z"])
        #expect(window(last, .hour) == ["2026-03-29T00:00:00.000Z", "2026-03-29T01:00:00.000Z"])
        #expect(window(first, .hour) == ["2026-03-29T01:00:00.000Z", "2026-03-29T02:00:00.000Z"])
        #expect(window(first, .day) == ["2026-03-28T23:00:00.000Z", "2026-03-29T22:00:00.000Z"])
        #expect(window(first, .week) == ["2026-03-22T23:00:00.000Z", "2026-03-29T22:00:00.000Z"])
        #expect(window(first, .month) == ["2026-02-28T23:00:00.000Z", "2026-03-31T22:00:00.000Z"])
        // The hour from 02:00 to 03:00 comes twice: two windows.
        #expect(window(utc(2026, 10, 25, 0, 30), .hour) == ["2026-10-25T00:00:00.000Z", "2026-10-25T01:00:00.000Z"])
        #expect(window(utc(2026, 10, 25, 1, 30), .hour) == ["2026-10-25T01:00:00.000Z", "2026-10-25T02:00:00.000Z"])
    }

    @Test func halfHoursOfKolkata() throws {
        let window = CalendarWindow(containing: utc(2026, 5, 1, 10, 45).microseconds, .hour, try #require(systemZone("Asia/Kolkata")))
        #expect(window.start == utc(2026, 5, 1, 10, 30).microseconds)
    }

    /// In Cairo clocks go from 23:59:59 to 01:00 (2026-04-24): the day has 23 hours and begins at 01:00.
    @Test func aDayWithoutMidnight() throws {
        let cairo = try #require(systemZone("Africa/Cairo"))
        let window = CalendarWindow(containing: utc(2026, 4, 24, 12).microseconds, .day, cairo)
        #expect(window.start == utc(2026, 4, 23, 22).microseconds)
        #expect(window.end - window.start == 23 * 3_600_000_000)
    }

    /// Samoa had no 30 December 2011.
    @Test func aDayThatDoesNotExist() throws {
        let apia = try #require(systemZone("Pacific/Apia"))
        let last = CalendarWindow(containing: utc(2011, 12, 30, 9, 59).microseconds, .day, apia)
        let next = CalendarWindow(containing: last.end, .day, apia)
        #expect(last.end == utc(2011, 12, 30, 10).microseconds)
        #expect(next.end - next.start == 24 * 3_600_000_000)
    }

    @Test(arguments: [(2026, 2, 28), (2028, 2, 29), (2026, 4, 30), (2026, 12, 31), (2100, 2, 28)])
    func monthsAreAsLongAsTheyAre(_ year: Int64, _ month: Int64, _ days: Int64) throws {
        let window = CalendarWindow(containing: utc(year, month, 15).microseconds, .month, .utc)
        #expect(window.start == utc(year, month, 1).microseconds)
        #expect(window.end - window.start == days * 86_400_000_000)
    }

    @Test func weeksBeginOnMonday() throws {
        // 2026-04-13 is a Monday.
        for day in 13...19 as ClosedRange<Int64> {
            let window = CalendarWindow(containing: utc(2026, 4, day, 23, 59, 59).microseconds, .week, .utc)
            #expect(window.start == utc(2026, 4, 13).microseconds)
        }
    }

    @Test(arguments: [Int64.min, -1, 0, 253_402_300_800_000_000, .max], LimitPeriod.allCases)
    func absurdClocksDoNotTrap(_ time: Int64, _ period: LimitPeriod) throws {
        let window = CalendarWindow(containing: time, period, try #require(systemZone("America/New_York")))
        #expect(window.start < window.end)
    }
}
