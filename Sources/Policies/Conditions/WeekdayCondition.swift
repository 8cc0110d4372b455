internal import Chat
internal import Core

/// `weekday`: the day in the policies' time zone is one of these.
final class WeekdayCondition: Sendable {
    private static let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    /// The days, one bit each; bit 0 is Monday.
    private let days: UInt8
    private let zone: TimeZoneRules

    init?(_ field: FieldReader, zone: TimeZoneRules) {
        guard let items = field.alternatives() else { return nil }
        var days: UInt8 = 0
        for item in items {
            guard let text = item.literal(expected: "a day such as mon, or mon-fri") else { return nil }
            guard let some = Self.parse(text) else {
                _ =
                    item.refuse(
                        "\"\(shortened(text))\" is no day of the week; write mon, tue, wed, thu, fri, sat, sun, or a span such as mon-fri")
                    as String?
                return nil
            }
            days |= some
        }
        self.days = days
        self.zone = zone
    }

    func holds(_ features: RequestFeatures) -> Bool { days & (1 << UInt8(zone.local(features.wallTime).weekday)) != 0 }

    func implies(_ other: WeekdayCondition) -> Bool { days & ~other.days == 0 }

    private static func parse(_ text: String) -> UInt8? {
        let ends = text.lowercased().split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard (1...2).contains(ends.count), let first = day(ends[0]), let last = day(ends[ends.count - 1]) else { return nil }
        var days: UInt8 = 0
        var current = first
        while true {
            days |= 1 << UInt8(current)
            if current == last { return days }
            current = (current + 1) % 7
        }
    }

    private static func day(_ text: String) -> Int? {
        names.firstIndex { $0 == text || (text.utf8.count == 3 && $0.hasPrefix(text)) }
    }
}
