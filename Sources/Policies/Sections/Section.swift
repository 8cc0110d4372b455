/// The entries of one section from all files, each name once.
struct Section {
    private(set) var entries: [NamedField] = []
    private var placeOfName: [String: Place] = [:]
    /// Every name that is defined, invalid entries included: a reference to it is not reported as another error.
    var names: Set<String> { Set(placeOfName.keys) }

    /// Adds the entries of one file.
    mutating func add(_ field: FieldReader, what: String) {
        for entry in field.entries(expected: "a mapping from names to \(what)s") ?? [] {
            if let first = placeOfName[entry.name] {
                let diagnostics = field.diagnostics
                diagnostics.error(at: entry.place, "\"\(shortened(entry.name))\" is defined twice, first at \(diagnostics.describe(first))")
            } else {
                placeOfName[entry.name] = entry.place
                entries.append(entry)
            }
        }
    }

    /// Where a name is written.
    func place(of name: String) -> Place? { placeOfName[name] }
}
