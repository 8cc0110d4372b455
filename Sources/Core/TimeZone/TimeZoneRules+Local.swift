extension TimeZoneRules {
    /// The zone of that name: `UTC`, a distance such as `+02:00`, or a name of the time zone database such as `Europe/Berlin`.
    ///
    /// - Parameter read: gives the bytes of a file below the directory of the database (`/usr/share/zoneinfo`), `nil` when there is none.
    ///   It is asked for names without `..`, `.`, a leading `/` or anything but letters, digits, `_`, `-`, `+` and `/`.
    /// - Returns: `nil` when there is no such zone.
    public static func named(_ name: String, read: (String) -> [UInt8]?) -> TimeZoneRules? {
        if name == "UTC" { return .utc }
        if let fixed = TimeZoneRules(offset: name) { return fixed }
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard name.utf8.count <= 64, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(isNameByte) }) else { return nil }
        return read(name).flatMap(TimeZoneFile.parse)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "+"):
            true
        default: false
        }
    }

    /// The first moment (seconds since 1970) at which the zone's clocks show `local` (seconds since 1970-01-01T00:00
    /// of these clocks) or more.
    ///
    /// Where clocks are set back over `local`, that is its first occurrence; where they are set forward over it, the moment of the change.
    /// Exact for zones that change their offset at most once within two days, which all do.
    public func firstMoment(showing local: Int64) -> Int64 {
        let day: Int64 = 86_400
        let before = Int64(offset(at: local - 2 * day))
        let early = local - before
        if Int64(offset(at: early)) == before { return early }
        // The change is at or before `early`: everything earlier shows less than `local`.
        let late = local - Int64(offset(at: early))
        return offset(at: late) == offset(at: early) ? late : lastChange(after: late, through: early)
    }

    /// The moment in `start`…`end` from which on the offset is the one of `end`; `start` when it does not change in between.
    public func lastChange(after start: Int64, through end: Int64) -> Int64 {
        let final = offset(at: end)
        var (low, high) = (start, end)
        guard offset(at: low) != final else { return start }
        // `low` has another offset, `high` the final one.
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if offset(at: middle) == final { high = middle } else { low = middle }
        }
        return high
    }
}
