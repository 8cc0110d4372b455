internal import Chat

/// Reads parts of one key.
enum KeyDecoder {
    private static let metadataLimits = (pairs: 16, valueBytes: 512)

    static func name(_ reader: MappingReader, diagnostics: DiagnosticCollector) -> String? {
        guard let field = reader["name"] else {
            diagnostics.error(at: reader.place, "the key has no name")
            return nil
        }
        guard let name = field.text() else { return nil }
        if let unavailability = NameRules.unavailability(to: name) {
            return field.refuse("the key name \"\(shortened(name))\" \(unavailability)")
        }
        return name
    }

    static func expiry(_ field: FieldReader, now: Int64) -> Int64? {
        guard let text = field.literal(expected: "a date") else { return nil }
        guard let expires = CalendarDate.parse(text) else {
            return field.refuse("\"expires\" must be a date such as 2027-01-01 or 2027-01-01T12:00:00Z")
        }
        if expires <= now {
            field.diagnostics.notice(at: field.node.start, "the key has expired: it is not taken since \(CalendarDate.text(expires))")
        }
        return expires
    }

    static func metadata(_ field: FieldReader) -> [String: String] {
        guard let entries = field.entries(expected: "a mapping from names to texts") else { return [:] }
        if entries.count > metadataLimits.pairs {
            field.diagnostics.error(at: field.node.start, "more than \(metadataLimits.pairs) metadata entries")
        }
        var metadata: [String: String] = [:]
        for entry in entries where entry.hasValidName("metadata") {
            guard let text = entry.value.text() else { continue }
            if text.utf8.count > metadataLimits.valueBytes {
                field.diagnostics.error(at: entry.value.node.start, "the metadata value is longer than \(metadataLimits.valueBytes) bytes")
            }
            metadata[entry.name] = text
        }
        return metadata
    }
}
