import Testing

@testable import Execution

@Suite struct RetryAfterTests {
    /// 2026-12-01 02:00:00 UTC.
    private static let now: Int64 = 1_796_090_400

    @Test(arguments: [
        ("7", 7_000), ("0.5", 500), ("1.25", 1_250), (" 3 ", 3_000), ("0", 100), ("0.0001", 100), ("3600", 3_600_000), ("86400", 3_600_000),
        ("99999999999999999999999", 3_600_000), ("Tue, 01 Dec 2026 02:00:30 GMT", 30_000), ("Tuesday, 01-Dec-26 02:01:00 GMT", 60_000),
        ("Tue Dec  1 02:00:05 2026", 5_000), ("Tue, 01 Dec 2026 01:00:00 GMT", 100), ("Wed, 02 Dec 2026 02:00:00 GMT", 3_600_000),
    ])
    func isRead(text: String, milliseconds: Int) {
        #expect(RetryAfter.duration(text, milliseconds: nil, date: nil, now: Self.now) == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        "", "soon", "-1", "1e3", "nan", "inf", "0x10", "1,5", "Tue, 01 Foo 2026 02:00:30 GMT", "Tue, 41 Dec 2026 02:00:30 GMT",
        "Tue, 01 Dec 2026 25:00:30 GMT",
        "Tue, 01 Dec 2026", "Tue, 01 Dec 2026 02:00:30 CET", "1.2.3", ".",
    ])
    func whatMakesNoSense_isAbsent(text: String) {
        #expect(RetryAfter.duration(text, milliseconds: nil, date: nil, now: Self.now) == nil)
    }

    @Test func milliseconds_goBeforeSeconds() {
        #expect(RetryAfter.duration("9", milliseconds: "250", date: nil, now: Self.now) == .milliseconds(250))
        #expect(RetryAfter.duration("9", milliseconds: "1500.2", date: nil, now: Self.now) == .milliseconds(1_501))
        #expect(RetryAfter.duration("9", milliseconds: "soon", date: nil, now: Self.now) == .seconds(9))
        #expect(RetryAfter.duration(nil, milliseconds: "250", date: nil, now: Self.now) == .milliseconds(250))
    }

    @Test func aDate_countsFromTheAnswersOwnDate() {
        let (date, end) = ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:50:00 GMT")
        #expect(RetryAfter.duration(end, milliseconds: nil, date: date, now: Self.now) == .seconds(23))
        #expect(RetryAfter.duration(end, milliseconds: nil, date: "yesterday", now: Self.now) == .milliseconds(100))
    }

    @Test func dates_areThoseOfTheCalendar() {
        #expect(HTTPDateText.seconds("Thu, 01 Jan 1970 00:00:00 GMT") == 0)
        #expect(HTTPDateText.seconds("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        #expect(HTTPDateText.seconds("Thu, 29 Feb 2024 23:59:59 GMT") == 1_709_251_199)
        #expect(HTTPDateText.seconds("Tue, 01 Dec 2026 02:00:00 GMT") == Self.now)
    }
}
