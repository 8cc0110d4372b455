internal import Glibc
internal import Upstream

/// The cooldown that a provider asks for: `retry-after-ms`, else `Retry-After` (RFC 9110, section 10.2.3) in seconds, with a fraction or not, or
/// as a date.
///
/// A date counts from the answer's own `Date`, where it has one, so that clocks that differ do not matter. What cannot be read is as good as absent.
enum RetryAfter {
    /// The longest cooldown that a provider can ask for: longer ones count as this one.
    static let longest = Duration.seconds(3_600)

    static func duration(_ head: UpstreamHead) -> Duration? {
        // No valid value is longer.
        func field(_ name: StaticString) -> String? { head.field(name).map { String($0.prefix(64)) } }
        let (seconds, milliseconds) = (field("retry-after"), field("retry-after-ms"))
        guard seconds != nil || milliseconds != nil else { return nil }
        return duration(seconds, milliseconds: milliseconds, date: field("date"), now: Int64(time(nil)))
    }

    /// - Parameter now: seconds since 1970.
    static func duration(_ text: String?, milliseconds: String?, date: String?, now: Int64) -> Duration? {
        if let number = milliseconds.flatMap(number) { return sane(milliseconds: number) }
        guard let text else { return nil }
        if let seconds = number(text) { return sane(milliseconds: seconds * 1_000) }
        guard let end = HTTPDateText.seconds(text) else { return nil }
        let begin = date.flatMap(HTTPDateText.seconds) ?? now
        return sane(milliseconds: Double(end - begin) * 1_000)
    }

    /// Rounded up, and at least 0.1 s, also for a time in the past.
    private static func sane(milliseconds: Double) -> Duration {
        let most = Double(longest.components.seconds) * 1_000
        return .milliseconds(Int64(min(max(milliseconds, 100), most).rounded(.up)))
    }

    /// A plain decimal number, zero or more.
    private static func number(_ text: String) -> Double? {
        let text = text.trimmingPrefix { $0 == " " }.prefix { $0 != " " }
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) || $0 == UInt8(ascii: ".") }) else { return nil }
        return Double(text)
    }
}

/// The three forms of HTTP's dates (RFC 9110, section 5.6.7).
enum HTTPDateText {
    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

    /// Seconds since 1970; `nil` when the text is not a date.
    static func seconds(_ text: String) -> Int64? {
        let words = text.lowercased().split { " ,-:".contains($0) }.map(String.init)
        // Sun, 06 Nov 1994 08:49:37 GMT, and Sunday, 06-Nov-94 08:49:37 GMT; without GMT: Sun Nov  6 08:49:37 1994.
        if words.count == 8, words[7] == "gmt" || words[7] == "utc" {
            return seconds(day: words[1], month: words[2], year: words[3], clock: words[4...6])
        }
        if words.count == 7 { return seconds(day: words[2], month: words[1], year: words[6], clock: words[3...5]) }
        return nil
    }

    private static func seconds(day: String, month: String, year: String, clock: ArraySlice<String>) -> Int64? {
        let numbers = clock.compactMap { Int64($0) }
        guard let day = Int64(day), (1...31).contains(day), let month = months.firstIndex(of: month), let short = Int64(year),
            (0...9_999).contains(short), numbers.count == 3, zip(numbers, [24, 60, 61]).allSatisfy({ $0 >= 0 && $0 < $1 })
        else { return nil }
        // Two digits are the years around this one.
        let year = year.utf8.count == 2 ? short + (short < 70 ? 2_000 : 1_900) : short
        return days(year: year, month: Int64(month) + 1, day: day) * 86_400 + numbers[0] * 3_600 + numbers[1] * 60 + numbers[2]
    }

    /// Days since 1970 in the Gregorian calendar: years begin in March, so that the leap day is the last of its year.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
