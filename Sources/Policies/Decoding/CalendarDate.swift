import Chat

/// Dates of policies: `2027-01-01` or RFC 3339's `2027-01-01T12:00:00Z`, as seconds since 1970.
enum CalendarDate {
    /// Seconds since 1970-01-01T00:00:00Z; a date alone means its first instant in UTC. `nil` when the text is no such date.
    static func parse(_ text: String) -> Int64? {
        var scanner = DigitScanner(text)
        guard let year = scanner.number(4), scanner.skip("-"), let month = scanner.number(2), scanner.skip("-"), let day = scanner.number(2)
        else { return nil }
        guard (1...12).contains(month), (1...CivilDate.days(in: month, of: year)).contains(day) else { return nil }
        let midnight = CivilDate(year: year, month: month, day: day).daysSince1970 * 86_400
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
        let day = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let rest = seconds - day * 86_400
        let date = CivilDate(day: day)
        let text = "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
        return rest == 0 ? text : "\(text)T\(padded(rest / 3600, 2)):\(padded(rest / 60 % 60, 2)):\(padded(rest % 60, 2))Z"
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

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
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
