internal import Chat
internal import Core

/// Dates of policies: `2027-01-01` or RFC 3339's `2027-01-01T12:00:00Z`, as seconds since 1970.
enum CalendarDate {
    /// Seconds since 1970-01-01T00:00:00Z; a date alone means its first instant in UTC. `nil` when the text is not such a date.
    static func parse(_ text: String) -> Int64? {
        var scanner = DigitScanner(text)
        guard let year = scanner.number(4), scanner.skip("-"), let month = scanner.number(2), scanner.skip("-"), let day = scanner.number(2)
        else { return nil }
        let date = CivilDate(year: year, month: month, day: day)
        guard date.exists else { return nil }
        let midnight = date.daysSince1970 * 86_400
        if scanner.isAtEnd { return midnight }
        guard scanner.skip("T") || scanner.skip("t") || scanner.skip(" ") else { return nil }
        guard let hour = scanner.number(2), scanner.skip(":"), let minute = scanner.number(2), scanner.skip(":"),
            let second = scanner.number(2)
        else {
            return nil
        }
        // 60 is a leap second; it counts as the next minute's first.
        guard hour <= 23, minute <= 59, second <= 60 else { return nil }
        if scanner.skip(".") { guard scanner.skipDigits() else { return nil } }
        guard let offset = offset(&scanner), scanner.isAtEnd else { return nil }
        return midnight + hour * 3600 + minute * 60 + second - offset
    }

    /// `2027-01-01`, or with the time when it is not midnight. UTC.
    static func text(_ seconds: Int64) -> String {
        let (day, rest) = seconds.floorDivided(by: 86_400)
        let date = CivilDate(daysSince1970: day).text
        let clock = [rest / 3_600, rest / 60 % 60, rest % 60].map { $0.padded(to: 2) }.joined(separator: ":")
        return rest == 0 ? date : "\(date)T\(clock)Z"
    }

    private static func offset(_ scanner: inout DigitScanner) -> Int64? {
        if scanner.skip("Z") || scanner.skip("z") { return 0 }
        let isNegative = scanner.skip("-")
        guard isNegative || scanner.skip("+"), let hours = scanner.number(2), scanner.skip(":"), let minutes = scanner.number(2) else {
            return nil
        }
        guard hours <= 23, minutes <= 59 else { return nil }
        return (isNegative ? -1 : 1) * (hours * 3600 + minutes * 60)
    }
}

/// Walks over ASCII text of fixed-width numbers.
private struct DigitScanner {
    private var rest: ArraySlice<UInt8>

    init(_ text: String) { rest = Array(text.utf8)[...] }

    var isAtEnd: Bool { rest.isEmpty }

    /// A number of exactly `width` (at most 4) digits.
    mutating func number(_ width: Int) -> Int64? {
        let digits = rest.prefix(width)
        guard digits.count == width, digits.allSatisfy(isDigit) else { return nil }
        rest = rest.dropFirst(width)
        return digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }

    mutating func skipDigits() -> Bool {
        let digits = rest.prefix(while: isDigit)
        rest = rest.dropFirst(digits.count)
        return !digits.isEmpty
    }
}
