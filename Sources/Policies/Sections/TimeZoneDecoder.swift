internal import Chat
internal import Core

/// Reads `timezone:`.
enum TimeZoneDecoder {
    /// A time zone and its name in the policy.
    typealias Named = (name: String, rules: TimeZoneRules)

    static func zone(_ field: FieldReader, _ resource: (PolicyResource) -> [UInt8]?) -> Named? {
        guard let name = field.literal(expected: "a time zone such as Europe/Berlin, UTC or +02:00") else { return nil }
        return rules(name, field, resource).map { (name, $0) }
    }

    private static func rules(_ name: String, _ field: FieldReader, _ resource: (PolicyResource) -> [UInt8]?) -> TimeZoneRules? {
        if name == "UTC" || name == "Z" { return .utc }
        if let rules = TimeZoneRules(offset: name) { return rules }
        guard isName(name) else { return refuse(field, name) }
        guard let bytes = resource(.timeZone(name: name)) else { return refuse(field, name) }
        return TimeZoneFile.parse(bytes) ?? field.refuse("the time zone database's entry for \"\(name)\" cannot be read")
    }

    private static func refuse(_ field: FieldReader, _ name: String) -> TimeZoneRules? {
        field.refuse(
            "unknown time zone \"\(shortened(name))\"; write a name of the time zone database such as Europe/Berlin (which has to be "
                + "installed: tzdata), UTC, or a distance such as +02:00")
    }

    /// Whether the text can be a name of the time zone database: parts of letters, digits, `_`, `+` and `-`; nothing that leads out of its
    /// directory.
    private static func isName(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return (1...3).contains(parts.count) && name.utf8.count <= 64
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.allSatisfy { byte in
                        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || "_+-".utf8.contains(byte)
                    }
            }
    }
}
