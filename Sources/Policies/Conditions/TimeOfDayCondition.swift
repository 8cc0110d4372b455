internal import Chat
internal import Core

/// `time_of_day`: the wall clock of the policies' time zone is within one of these spans.
final class TimeOfDayCondition: Sendable {
    private static let day = 24 * 60
    /// Minutes since midnight, each within one day; the end is not part of a span.
    private let spans: [Range<Int>]
    private let zone: TimeZoneRules

    init?(_ field: FieldReader, zone: TimeZoneRules) {
        guard let items = field.alternatives() else { return nil }
        var spans: [Range<Int>] = []
        for item in items {
            guard let text = item.literal(expected: "a span such as \"9:00-17:00\"") else { return nil }
            guard let some = Self.parse(text) else {
                _ = item.refuse("\"\(field.label)\" must be a span such as \"9:00-17:00\" or a comparison such as \">=18:00\"") as String?
                return nil
            }
            guard !some.isEmpty else {
                _ = item.refuse("\"\(field.label)\" can never hold: \(text) has no minute") as String?
                return nil
            }
            spans += some
        }
        self.spans = spans
        self.zone = zone
    }

    func holds(_ features: RequestFeatures) -> Bool {
        let minute = zone.local(features.wallTime).minuteOfDay
        return spans.contains { $0.contains(minute) }
    }

    func implies(_ other: TimeOfDayCondition) -> Bool {
        spans.allSatisfy { span in span.allSatisfy { minute in other.spans.contains { $0.contains(minute) } } }
    }

    /// Parses one span. A span whose end is before its start goes over midnight.
    private static func parse(_ text: String) -> [Range<Int>]? {
        for (sign, offset, isLower) in [(">=", 0, true), ("<=", 1, false), (">", 1, true), ("<", 0, false)] where text.hasPrefix(sign) {
            guard let minute = minute(text.dropFirst(sign.count).drop { $0 == " " }) else { return nil }
            let edge = min(minute + offset, day)
            return [isLower ? edge..<day : 0..<edge].filter { !$0.isEmpty }
        }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let start = minute(ends[0]), let end = minute(ends[1]) else { return nil }
        return (start <= end ? [start..<end] : [start..<day, 0..<end]).filter { !$0.isEmpty }
    }

    /// Minutes since midnight of a time such as `9:00`, `09:30` or `24:00`.
    private static func minute(_ text: Substring) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...2).contains(parts[0].utf8.count), parts[1].utf8.count == 2,
            parts.allSatisfy({ $0.utf8.allSatisfy(isDigit) }), let hour = Int(parts[0]), let minute = Int(parts[1])
        else { return nil }
        guard minute < 60, hour < 24 || (hour == 24 && minute == 0) else { return nil }
        return hour * 60 + minute
    }
}
