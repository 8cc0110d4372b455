public import Core

/// What a usage report is about.
public struct UsageQuery: Sendable {
    /// Calls that began at this moment or later; `nil`: all.
    public var since: WallTime?
    /// Calls that began before this moment; `nil`: all.
    public var until: WallTime?
    /// Calls of this request only.
    public var requestID: String?
    /// Calls that ended in one of these ways only; `nil`: all.
    public var statuses: Set<UsageRecord.Status>?
    /// Only corrections, and calls of which something is in doubt.
    public var hasDoubt = false
    /// What to add up by; empty: one total, or the records themselves.
    public var groups: [UsageGrouping]

    /// Makes a query.
    public init(since: WallTime? = nil, until: WallTime? = nil, requestID: String? = nil, groups: [UsageGrouping] = []) {
        self.since = since
        self.until = until
        self.requestID = requestID
        self.groups = groups
    }
}

/// One thing to add usage up by.
public enum UsageGrouping: Hashable, Sendable {
    /// A field of the usage record.
    case field(Field)
    /// The value of the request's `metadata` of this name.
    case tag(String)

    /// The fields that can be named after `--by`.
    public enum Field: String, CaseIterable, Sendable {
        case model, team, key, task, route, arm, provider, status, org, user, role, experiment, complexity, tool
        case requestedModel = "requested_model"
        case errorCode = "error_code"
        case priceVersion = "price_version"
    }

    /// Reads a list such as `model,tag:branch`.
    /// - Throws: ``LedgerFailure/invalid(_:)`` that lists what there is.
    public static func list(_ text: String) throws(LedgerFailure) -> [UsageGrouping] {
        var groups: [UsageGrouping] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let group: UsageGrouping
            if part.hasPrefix("tag:"), part.utf8.count > 4 {
                group = .tag(String(part.dropFirst(4)))
            } else if let field = Field(rawValue: String(part)) {
                group = .field(field)
            } else {
                let names = Field.allCases.map(\.rawValue).joined(separator: ", ")
                throw .invalid("cannot group by \"\(part)\"; there are \(names) and tag:NAME")
            }
            if !groups.contains(group) { groups.append(group) }
        }
        return groups
    }

    /// The name as it was given: the heading of the column.
    public var name: String {
        switch self {
        case .field(let field): field.rawValue
        case .tag(let name): "tag:" + name
        }
    }
}

extension UsageQuery {
    /// Reads the value of `--since`: a span back from `now` (`30m`, `24h`, `7d`, `2w`), a date (`2026-03-01`, its beginning in UTC),
    /// or a moment (`2026-03-01T09:30:00Z`, with an offset such as `+02:00` instead of `Z` if wished).
    /// - Throws: ``LedgerFailure/invalid(_:)`` that shows the forms.
    public static func moment(_ text: String, now: WallTime = .now) throws(LedgerFailure) -> WallTime {
        guard let moment = span(text, before: now) ?? dateTime(text) else {
            throw .invalid("cannot read the time \"\(text)\"; use 30m, 24h, 7d, 2w, 2026-03-01 or 2026-03-01T09:30:00Z")
        }
        return moment
    }

    private static func span(_ text: String, before now: WallTime) -> WallTime? {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800]
        guard let unit = text.last.flatMap({ units[$0] }), let count = digits(text.dropLast(), 1...9) else { return nil }
        return now.advanced(bySeconds: -count * unit)
    }

    private static func dateTime(_ text: String) -> WallTime? {
        let parts = text.split(separator: "T", maxSplits: 1, omittingEmptySubsequences: false)
        guard let date = parts.first.flatMap(Self.date) else { return nil }
        let midnight = date.daysSince1970 * 86_400
        guard parts.count == 2 else { return WallTime(microseconds: midnight * 1_000_000) }
        let isUTC = parts[1].hasSuffix("Z")
        let clock = isUTC ? parts[1].dropLast() : parts[1].prefix(8)
        guard let seconds = timeOfDay(clock, withSeconds: true), let offset = isUTC ? 0 : offset(parts[1].dropFirst(8)) else { return nil }
        return WallTime(microseconds: (midnight + seconds - offset) * 1_000_000)
    }

    private static func date(_ text: Substring) -> CivilDate? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, let year = digits(parts[0], 4...4), let month = digits(parts[1], 2...2), let day = digits(parts[2], 2...2)
        else { return nil }
        let date = CivilDate(year: year, month: month, day: day)
        return date.exists ? date : nil
    }

    private static func timeOfDay(_ text: Substring, withSeconds: Bool) -> Int64? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == (withSeconds ? 3 : 2) else { return nil }
        var total: Int64 = 0
        for (part, limit) in zip(parts, [24, 60, 60] as [Int64]) {
            guard let value = digits(part, 2...2), value < limit else { return nil }
            total = total * 60 + value
        }
        return withSeconds ? total : total * 60
    }

    /// Seconds east of UTC, of a text such as `+02:00`.
    private static func offset(_ text: Substring) -> Int64? {
        guard let sign = text.first, sign == "+" || sign == "-", let seconds = timeOfDay(text.dropFirst(), withSeconds: false) else {
            return nil
        }
        return sign == "-" ? -seconds : seconds
    }

    private static func digits(_ text: Substring, _ length: ClosedRange<Int>) -> Int64? {
        guard length.contains(text.utf8.count), text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return Int64(text)
    }
}
