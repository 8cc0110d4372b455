/// Reads a mapping whose keys are given by a ``Shape``. Other keys are reported, once.
struct MappingReader {
    let place: Place
    private let fields: [String: FieldReader]
    /// Keys that are known but not supported by this version.
    let unsupportedKeys: [String]
    /// Whether every key is valid here. If one is not, a key that seems to be missing may be misspelt.
    let isClean: Bool

    /// - Returns: `nil`, with an error reported, when `node` is not a mapping.
    init?(_ field: FieldReader, shape: Shape) {
        guard let entries = field.entries(expected: "a mapping that describes \(shape.name)") else { return nil }
        var fields: [String: FieldReader] = [:]
        var unsupported: [String] = []
        for entry in entries {
            if shape.keys.contains(entry.name) {
                fields[entry.name] = entry.value
            } else if shape.unsupported.contains(entry.name) {
                unsupported.append(entry.name)
                field.diagnostics.error(at: entry.place, "\"\(entry.name)\" is not supported by this version")
            } else {
                Self.reportUnknown(entry, shape: shape)
            }
        }
        place = field.node.start
        self.fields = fields
        isClean = fields.count == entries.count
        unsupportedKeys = unsupported
    }

    /// The value of `key`, `nil` when it is absent. A key without a value (`key:` alone) counts as absent.
    subscript(key: String) -> FieldReader? {
        guard let field = fields[key], !field.node.isNull else { return nil }
        return field
    }

    private static func reportUnknown(_ entry: NamedField, shape: Shape) {
        if shape.hidesUnknownValues { entry.value.diagnostics.hide(entry.value.node) }
        let suggestion = EditDistance.nearest(to: entry.name, among: shape.keys)
        let list = suggestion == nil ? "; valid keys are \(shape.keys.joined(separator: ", "))" : ""
        entry.value.diagnostics.error(
            at: entry.place, "unknown key \"\(shortened(entry.name))\" in \(shape.name)\(list)", suggestion: suggestion)
    }
}

/// An entry of a mapping whose keys are names that the policy gives: providers, models, teams.
struct NamedField {
    let name: String
    let place: Place
    let value: FieldReader
}

/// A name as messages quote it: printable, and cut if it is long.
func shortened(_ name: String) -> String {
    let scalars = name.unicodeScalars.prefix(80).map { $0.value < 32 || $0.value == 127 ? "?" : $0 }
    return String(String.UnicodeScalarView(scalars)) + (name.unicodeScalars.count > 80 ? "…" : "")
}
