/// The offset of a time zone from UTC at any moment. Immutable.
public final class TimeZoneRules: Sendable {
    /// UTC.
    public static let utc = TimeZoneRules(fixed: 0)

    /// Moments (seconds since 1970) in ascending order from which on the offset (seconds) of the same index applies.
    private let transitions: [Int64]
    private let offsets: [Int32]
    /// The offset before the first transition.
    private let initialOffset: Int32
    /// The rule after the last transition.
    private let rule: DaylightRule?

    init(initialOffset: Int32, transitions: [Int64], offsets: [Int32], rule: DaylightRule?) {
        self.initialOffset = initialOffset
        self.transitions = transitions
        self.offsets = offsets
        self.rule = rule
    }

    /// A constant `offset` in seconds ahead of UTC.
    public convenience init(fixed offset: Int32) { self.init(initialOffset: offset, transitions: [], offsets: [], rule: nil) }

    /// Seconds ahead of UTC at `time`, in seconds since 1970.
    public func offset(at time: Int64) -> Int32 {
        if let last = transitions.last, time < last {
            var (low, high) = (0, transitions.count)
            while low < high {
                let middle = (low + high) / 2
                if transitions[middle] <= time { low = middle + 1 } else { high = middle }
            }
            return low == 0 ? initialOffset : offsets[low - 1]
        }
        return rule?.offset(at: time) ?? offsets.last ?? initialOffset
    }

    /// The wall clock and the day of the week at `time`, in seconds since 1970.
    public func local(_ time: Int64) -> (minuteOfDay: Int, weekday: Int) {
        let local = time.addingReportingOverflow(Int64(offset(at: time))).partialValue
        let (day, second) = local.floorDivided(by: 86_400)
        // 1970-01-01 was a Thursday; Monday is 0.
        return (Int(second / 60), Int((day &+ 3).floorDivided(by: 7).remainder))
    }
}

extension TimeZoneRules {
    /// `+02:00`, `-0530`, `+9`: a constant distance from UTC. `nil` when the text does not have this form.
    public convenience init?(offset text: String) {
        guard let sign = text.utf8.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return nil }
        let digits = text.utf8.dropFirst().filter { $0 != UInt8(ascii: ":") }
        guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = Int32(String(decoding: digits, as: UTF8.self))
        else { return nil }
        let (hours, minutes) = digits.count <= 2 ? (number, 0) : (number / 100, number % 100)
        guard [1, 2, 4].contains(digits.count), hours <= 14, minutes < 60 else { return nil }
        self.init(fixed: (sign == UInt8(ascii: "-") ? -1 : 1) * (hours * 3600 + minutes * 60))
    }
}
