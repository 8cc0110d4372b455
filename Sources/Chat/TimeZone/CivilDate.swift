/// A date of the proleptic Gregorian calendar.
struct CivilDate {
    let year: Int64
    /// 1 to 12.
    let month: Int64
    /// 1 to 31.
    let day: Int64

    init(year: Int64, month: Int64, day: Int64) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// The date that is `day` days behind 1970-01-01; years -400 to 9999.
    init(day: Int64) {
        // Counted from 1 March, so that the leap day comes last; the algorithm is Howard Hinnant's `civil_from_days`.
        let z = day + 719_468 + 146_097
        let era = z / 146_097
        let dayOfEra = z % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let m = (5 * dayOfYear + 2) / 153
        month = m < 10 ? m + 3 : m - 9
        year = yearOfEra + era * 400 - 400 + (month <= 2 ? 1 : 0)
        self.day = dayOfYear - (153 * m + 2) / 5 + 1
    }

    /// Days since 1970-01-01.
    var daysSince1970: Int64 {
        let y = month <= 2 ? year - 1 + 400 : year + 400
        let m = (month + 9) % 12
        return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719_468 - 146_097
    }

    static func isLeap(_ year: Int64) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    static func days(in month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
