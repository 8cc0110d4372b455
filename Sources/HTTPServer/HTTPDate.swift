/// The date format of HTTP (RFC 9110, section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
public enum HTTPDate {
    /// The 29 bytes for a time in seconds since 1970-01-01 00:00 UTC; times outside the years 1970 to 9999 are moved to the nearest.
    public static func bytes(secondsSince1970: Int) -> [UInt8] {
        let seconds = min(max(secondsSince1970, 0), 253_402_300_799)
        let (days, second) = seconds.quotientAndRemainder(dividingBy: 86_400)
        let date = civilDate(daysSince1970: days)
        var text: [UInt8] = []
        text.reserveCapacity(29)
        // 1970-01-01 was a Thursday.
        text.append(contentsOf: name("SunMonTueWedThuFriSat", (days + 4) % 7))
        text.append(", ")
        appendTwoDigits(date.day, to: &text)
        text.append(" ")
        text.append(contentsOf: name("JanFebMarAprMayJunJulAugSepOctNovDec", date.month - 1))
        text.append(" ")
        text.append(decimal: date.year)
        for (separator, part) in [(" ", second / 3600), (":", second / 60 % 60), (":", second % 60)] as [(StaticString, Int)] {
            text.append(separator)
            appendTwoDigits(part, to: &text)
        }
        text.append(" GMT")
        return text
    }

    /// Howard Hinnant's `civil_from_days`, for days that are not negative: years run from March, so the leap day comes last.
    private static func civilDate(daysSince1970: Int) -> (year: Int, month: Int, day: Int) {
        let (era, dayOfEra) = (daysSince1970 + 719_468).quotientAndRemainder(dividingBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day)
    }

    private static func name(_ names: String, _ index: Int) -> Substring.UTF8View.SubSequence {
        names.utf8.dropFirst(3 * index).prefix(3)
    }

    private static func appendTwoDigits(_ number: Int, to text: inout [UInt8]) {
        text.append(UInt8(truncatingIfNeeded: 0x30 + number / 10))
        text.append(UInt8(truncatingIfNeeded: 0x30 + number % 10))
    }
}
