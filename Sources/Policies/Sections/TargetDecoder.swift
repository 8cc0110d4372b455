/// Reads references to models.
struct TargetDecoder {
    let compiler: VirtualModelCompiler

    /// A list of targets, each a name or a mapping with `use`. Empty lists and repeated names are reported.
    func list(_ field: FieldReader, of what: String) -> [TargetEntry]? {
        guard let items = field.list(of: what) else { return nil }
        guard !items.isEmpty else { return field.refuse("\"\(shortened(field.label))\" has no models") }
        let entries = items.map { entry($0, shape: .target) }
        reportRepeated(zip(entries, items).compactMap { entry, item in entry.map { ($0, item) } })
        return entries.contains { $0 == nil } ? nil : entries.compactMap(\.self)
    }

    /// A reference: a name, or a mapping with `use` and the other keys of `shape`.
    func entry(_ field: FieldReader, shape: Shape) -> TargetEntry? {
        if case .mapping = field.node.content { return field.mapping(shape).flatMap { entry($0, of: field) } }
        return field.text().flatMap { compiler.target($0, at: field) }.map { TargetEntry(target: $0) }
    }

    /// The target of a mapping that has been read.
    func entry(_ reader: MappingReader, of field: FieldReader) -> TargetEntry? {
        guard let use = reader["use"] else { return field.refuse("the target has no \"use\"") }
        return use.text().flatMap { compiler.target($0, at: use) }.map { withTerms(TargetEntry(target: $0), reader) }
    }

    /// Adds the terms of a mapping to an entry; terms that the entry has stay.
    func withTerms(_ entry: TargetEntry, _ reader: MappingReader) -> TargetEntry {
        var entry = entry
        entry.timeout = entry.timeout ?? reader["timeout"]?.duration()
        entry.maxOutputTokens = entry.maxOutputTokens ?? reader["max_output_tokens"]?.integer(in: 1...1_000_000_000).map(Int64.init)
        entry.settings = entry.settings ?? reader["settings"].flatMap(SettingsDecoder.json)
        return entry
    }

    /// Reads `among` and `prefer`.
    func choice(among field: FieldReader, prefer: FieldReader?) -> Choice? {
        guard let prefer else { return field.refuse("\"among\" needs \"prefer: cheapest\", \"fastest\" or \"best\"") }
        guard let entries = list(field, of: "model names"), let preference: Choice.Preference = prefer.word("preference") else {
            return nil
        }
        if preference == .best {
            for case .model(let model) in entries.map(\.target) where model.quality == nil {
                return prefer.refuse("\"prefer: best\" compares \"quality\", which the model \"\(model.name)\" does not have")
            }
        }
        return Choice(among: entries, preference: preference)
    }

    func reportRepeated(_ entries: [(entry: TargetEntry, field: FieldReader)]) {
        var seen: Set<String> = []
        for (entry, field) in entries where !seen.insert(entry.target.name).inserted {
            field.diagnostics.error(at: field.node.start, "the model \"\(shortened(entry.target.name))\" is in this list already")
        }
    }

    /// A share of traffic: a decimal above zero.
    static func weight(_ field: FieldReader?) -> Double? {
        guard let field else { return 1 }
        guard let text = field.literal(expected: "a number above 0"),
            text.utf8.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }),
            let weight = Double(text)
        else { return field.refuse("\"weight\" must be a number above 0, such as 90 or 0.5") }
        guard weight > 0 else {
            return field.refuse("a weight of \(text) would never be chosen; give it more than 0, or leave the target out")
        }
        return weight <= 1e6 ? weight : field.refuse("\"weight\" must be at most 1000000")
    }

    /// `user`, `key`, `session` or `metadata.NAME`.
    static func unit(_ field: FieldReader, orNone: Bool = false) -> Unit? {
        guard let text = field.text() else { return nil }
        switch text {
        case "user": return .user
        case "key": return .key
        case "session": return .session
        default:
            if text.hasPrefix("metadata."), text != "metadata." { return .metadata(String(text.dropFirst("metadata.".count))) }
            let words = ["user", "key", "session"] + (orNone ? ["none"] : [])
            return field.refuse(
                "\"\(field.label)\" must be \(words.joined(separator: ", ")) or metadata.NAME, not \"\(shortened(text))\"",
                suggestion: EditDistance.nearest(to: text, among: words))
        }
    }
}
