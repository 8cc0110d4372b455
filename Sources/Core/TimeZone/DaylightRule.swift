/// The rule that a time zone goes by from year to year: POSIX's `TZ`, e.g. `CET-1CEST,M3.5.0,M10.5.0/3` (RFC 9636, section 3.3.1).
struct DaylightRule: Sendable, Equatable {
    /// A day of a year and a time of that day.
    struct Moment: Sendable, Equatable {
        enum Day: Sendable, Equatable {
            /// `Mm.w.d`: weekday d (0 is Sunday) for the w-th time in month m; 5 is the last time.
            case weekday(month: Int64, week: Int64, day: Int64)
            /// `Jn`: 1 to 365, 29 February never counted.
            case julian(Int64)
            /// `n`: 0 to 365, 29 February counted.
            case ordinal(Int64)
        }

        let day: Day
        /// Seconds from midnight, by the clock that is in force until then.
        let time: Int64
    }

    let standard: Int32
    let daylight: (offset: Int32, start: Moment, end: Moment)?

    static func == (a: DaylightRule, b: DaylightRule) -> Bool {
        a.standard == b.standard && a.daylight?.offset == b.daylight?.offset && a.daylight?.start == b.daylight?.start
            && a.daylight?.end == b.daylight?.end
    }

    /// Seconds ahead of UTC at `time`, in seconds since 1970.
    func offset(at time: Int64) -> Int32 {
        guard let daylight else { return standard }
        // Beyond the years of the calendar there is no daylight saving.
        guard abs(time) < 250_000_000_000 else { return standard }
        let year = CivilDate(daysSince1970: (time + Int64(standard)).floorDivided(by: 86_400).quotient).year
        let start = daylight.start.seconds(in: year) - Int64(standard)
        let end = daylight.end.seconds(in: year) - Int64(daylight.offset)
        // South of the equator it begins late in the year and ends early in the next.
        let isDaylight = start < end ? (start..<end).contains(time) : !(end..<start).contains(time)
        return isDaylight ? daylight.offset : standard
    }
}

extension DaylightRule.Moment {
    /// The moment in `year` as seconds since 1970 of its own clock.
    fileprivate func seconds(in year: Int64) -> Int64 {
        let firstDay = CivilDate(year: year, month: 1, day: 1).daysSince1970
        switch day {
        case .ordinal(let number): return (firstDay + number) * 86_400 + time
        case .julian(let number):
            let leapDay: Int64 = CivilDate.isLeap(year) && number > 59 ? 1 : 0
            return (firstDay + number - 1 + leapDay) * 86_400 + time
        case .weekday(let month, let week, let day):
            let first = CivilDate(year: year, month: month, day: 1).daysSince1970
            // 1970-01-01 was a Thursday; Sunday is 0.
            let firstWeekday = (first + 4).floorDivided(by: 7).remainder
            var date = (day - firstWeekday).floorDivided(by: 7).remainder + (week - 1) * 7
            if date >= CivilDate.days(in: month, of: year) { date -= 7 }
            return (first + date) * 86_400 + time
        }
    }
}

extension DaylightRule {
    /// Reads the text. `nil` when it is not such a rule.
    init?(_ text: ArraySlice<UInt8>) {
        var rest = text
        guard Self.skipName(&rest), let standard = Self.time(&rest, hours: 24) else { return nil }
        // POSIX counts west of Greenwich as positive.
        self.standard = Int32(-standard)
        guard !rest.isEmpty else {
            daylight = nil
            return
        }
        guard Self.skipName(&rest) else { return nil }
        var offset = self.standard + 3600
        if rest.first != UInt8(ascii: ",") {
            guard let written = Self.time(&rest, hours: 24) else { return nil }
            offset = Int32(-written)
        }
        guard Self.skip(",", &rest), let start = Moment(&rest), Self.skip(",", &rest), let end = Moment(&rest), rest.isEmpty else {
            return nil
        }
        daylight = (offset, start, end)
    }

    /// An abbreviation: letters, or anything between `<` and `>`.
    private static func skipName(_ rest: inout ArraySlice<UInt8>) -> Bool {
        if skip("<", &rest) {
            guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
            rest = rest[(end + 1)...]
            return true
        }
        let letters = rest.prefix { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20) }
        rest = rest.dropFirst(letters.count)
        return letters.count >= 3
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    fileprivate static func time(_ rest: inout ArraySlice<UInt8>, hours limit: Int64) -> Int64? {
        let isNegative = skip("-", &rest)
        if !isNegative { _ = skip("+", &rest) }
        guard let hours = number(&rest), hours <= limit else { return nil }
        var seconds = hours * 3600
        for unit in [60, 1] as [Int64] where skip(":", &rest) {
            guard let part = number(&rest), part < 60 else { return nil }
            seconds += part * unit
        }
        return isNegative ? -seconds : seconds
    }

    fileprivate static func number(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard (1...3).contains(digits.count) else { return nil }
        rest = rest.dropFirst(digits.count)
        return digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    fileprivate static func skip(_ character: Unicode.Scalar, _ rest: inout ArraySlice<UInt8>) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }
}

extension DaylightRule.Moment {
    fileprivate init?(_ rest: inout ArraySlice<UInt8>) {
        guard let day = Self.day(&rest) else { return nil }
        self.day = day
        guard DaylightRule.skip("/", &rest) else {
            time = 2 * 3600
            return
        }
        guard let time = DaylightRule.time(&rest, hours: 167) else { return nil }
        self.time = time
    }

    private static func day(_ rest: inout ArraySlice<UInt8>) -> Day? {
        if DaylightRule.skip("J", &rest) {
            guard let number = DaylightRule.number(&rest), (1...365).contains(number) else { return nil }
            return .julian(number)
        }
        guard DaylightRule.skip("M", &rest) else {
            guard let number = DaylightRule.number(&rest), number <= 365 else { return nil }
            return .ordinal(number)
        }
        guard let month = DaylightRule.number(&rest), (1...12).contains(month), DaylightRule.skip(".", &rest),
            let week = DaylightRule.number(&rest), (1...5).contains(week), DaylightRule.skip(".", &rest),
            let day = DaylightRule.number(&rest), day <= 6
        else { return nil }
        return .weekday(month: month, week: week, day: day)
    }
}
