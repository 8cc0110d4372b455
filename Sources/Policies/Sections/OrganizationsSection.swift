import Chat

/// The `organizations:` of all files: teams and their keys.
struct OrganizationsSection {
    /// Each team before its sub-teams.
    private(set) var teams: [Team] = []
    private(set) var keys: [PolicyKey] = []
    private var placeOfDigest: [KeyDigest: Place] = [:]
    private let references: ModelReferences
    private let now: Int64

    init(_ section: Section, models: ModelTable, isComplete: Bool, now: Int64) {
        references = ModelReferences(table: models, isComplete: isComplete)
        self.now = now
        for organization in section.entries {
            let isNamed = organization.hasValidName("organization", allowingSlash: false)
            guard let reader = organization.value.mapping(.organization), isNamed, let teams = reader["teams"] else { continue }
            addTeams(teams, organization: organization.name, parent: nil)
        }
    }

    /// The paths of all teams that are written, whatever else is wrong with them: conditions may name them.
    static func paths(_ section: Section) -> Set<String> {
        var paths: Set<String> = []
        func add(_ node: Node, _ path: String) {
            guard case .mapping(let entries) = node.content, let teams = entries.first(where: { $0.key == "teams" }),
                case .mapping(let children) = teams.value.content
            else { return }
            for child in children where paths.insert("\(path)/\(child.key)").inserted { add(child.value, "\(path)/\(child.key)") }
        }
        for organization in section.entries { add(organization.value.node, organization.name) }
        return paths
    }

    /// Goes into sub-teams; the limit on nesting bounds the depth.
    private mutating func addTeams(_ field: FieldReader, organization: String, parent: Team?) {
        for entry in field.entries(expected: "a mapping from names to teams") ?? [] {
            let isNamed = entry.hasValidName("team", allowingSlash: false)
            // A team may be there only to be counted: `default:` with nothing below it.
            let reader = entry.value.node.isNull ? nil : entry.value.mapping(.team)
            guard isNamed else { continue }
            let models = reader?["models"].flatMap(references.set) ?? parent?.models ?? .everything
            let path = "\(parent?.path ?? organization)/\(entry.name)"
            let team = Team(path: path, organization: organization, name: entry.name, parent: parent?.path, models: models)
            teams.append(team)
            if let keys = reader?["keys"] { addKeys(keys, of: team) }
            if let subteams = reader?["teams"] { addTeams(subteams, organization: organization, parent: team) }
        }
    }

    private mutating func addKeys(_ field: FieldReader, of team: Team) {
        var placeOfName: [String: Place] = [:]
        for item in field.list(of: "keys") ?? [] {
            guard let reader = item.mapping(.key) else {
                // Perhaps a key itself was written where its description belongs.
                item.diagnostics.hide(item.node)
                continue
            }
            let name = KeyDecoder.name(reader, diagnostics: item.diagnostics)
            if let name, let place = reader["name"]?.node.start {
                if let first = placeOfName[name] {
                    item.diagnostics.error(
                        at: place, "key \"\(name)\" of this team is defined twice, first at \(item.diagnostics.describe(first))")
                }
                placeOfName[name] = placeOfName[name] ?? place
            }
            let digest = digest(reader, diagnostics: item.diagnostics)
            let models = reader["models"].flatMap(references.set)
            let expires = reader["expires"].flatMap { KeyDecoder.expiry($0, now: now) }
            let metadata = reader["metadata"].map(KeyDecoder.metadata) ?? [:]
            guard let name, let digest else { continue }
            keys.append(PolicyKey(name: name, digest: digest, team: team, models: models, expires: expires, metadata: metadata))
        }
    }

    private mutating func digest(_ reader: MappingReader, diagnostics: DiagnosticCollector) -> KeyDigest? {
        guard let field = reader["sha256"] else {
            diagnostics.error(at: reader.place, "the key has no sha256")
            return nil
        }
        guard let text = field.literal(expected: "64 hexadecimal digits") else { return nil }
        guard let digest = KeyDigest(hex: text) else {
            // Perhaps the key itself was written in place of its hash.
            diagnostics.hide(field.node)
            return field.refuse("\"sha256\" must be 64 hexadecimal digits: the SHA-256 of the key, not the key")
        }
        if let first = placeOfDigest[digest] {
            return field.refuse("two keys have this sha256, the first at \(diagnostics.describe(first))")
        }
        placeOfDigest[digest] = field.node.start
        return digest
    }
}

/// Reads the lists of models that teams and keys may use.
private struct ModelReferences {
    let table: ModelTable
    let isComplete: Bool

    func set(_ field: FieldReader) -> ModelSet? {
        guard let items = field.list(of: "model names") else { return nil }
        var set = ModelSet(listedCount: table.listedCount)
        var allowsEverything = false
        for item in items {
            guard let text = item.text() else { continue }
            if text == "*" { allowsEverything = true } else { insert(text, at: item, into: &set) }
        }
        return allowsEverything ? .everything : set
    }

    private func insert(_ text: String, at item: FieldReader, into set: inout ModelSet) {
        if text.dropLast().contains("*") {
            item.diagnostics.error(at: item.node.start, "\"\(shortened(text))\" has a * that is not at its end")
        } else if !table.insert(text, into: &set), isComplete {
            let what = text.last == "*" ? "no model and no pattern fits" : "unknown model"
            item.diagnostics.error(at: item.node.start, "\(what) \"\(shortened(text))\"", suggestion: suggestion(for: text))
        }
    }

    private func suggestion(for text: String) -> String? {
        guard text.last == "*" else { return table.nearest(to: text) }
        return EditDistance.nearest(to: text, among: table.possiblePatterns)
    }
}

/// Reads parts of one key.
private enum KeyDecoder {
    private static let metadataLimits = (pairs: 16, valueBytes: 512)

    static func name(_ reader: MappingReader, diagnostics: DiagnosticCollector) -> String? {
        guard let field = reader["name"] else {
            diagnostics.error(at: reader.place, "the key has no name")
            return nil
        }
        guard let name = field.text() else { return nil }
        if let objection = NameRules.objection(to: name) { return field.refuse("the key name \"\(shortened(name))\" \(objection)") }
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
