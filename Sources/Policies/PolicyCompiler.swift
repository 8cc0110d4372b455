import Glibc

/// Turns policy files into a snapshot. Pure but for the default of `now`: reads no file, no environment, no network.
public enum PolicyCompiler {
    /// Compiles `files`, which are merged by name.
    /// - Parameters:
    ///   - files: in the order in which diagnostics are to come; any bytes at all.
    ///   - environment: the variables that `${NAME}` can name.
    ///   - now: seconds since 1970, for telling expired keys; the clock's time by default.
    public static func compile(_ files: [PolicyFile], environment: [String: String], now: Int64? = nil) -> PolicyCompilation {
        let diagnostics = DiagnosticCollector()
        var sections = PolicySections()
        for (source, root) in DocumentLoader.load(files, diagnostics) { sections.add(root, path: source, diagnostics) }
        let isComplete = diagnostics.sources.allSatisfy(\.isParsed)

        let providers = ProvidersSection(sections.providers, environment: environment)
        let models = ModelsSection(sections.models, providers: providers, isComplete: isComplete)
        let organizations = OrganizationsSection(
            sections.organizations, models: models.table, isComplete: isComplete, now: now ?? Int64(time(nil)))

        if sections.providers.entries.isEmpty, !diagnostics.hasErrors {
            diagnostics.notice(at: nil, "no providers are defined, so no model can be served")
        }
        let snapshot = diagnostics.hasErrors ? nil : PolicySnapshot(providers: providers, models: models, organizations: organizations)
        return PolicyCompilation(snapshot: snapshot, diagnostics: diagnostics.finish())
    }
}

/// The sections of all files, each gathered by name.
private struct PolicySections {
    var providers = Section()
    var models = Section()
    var organizations = Section()

    mutating func add(_ root: Node, path: String, _ diagnostics: DiagnosticCollector) {
        guard let reader = FieldReader(node: root, label: path, diagnostics: diagnostics).mapping(.file) else { return }
        if let field = reader["providers"] { providers.add(field, what: "provider") }
        if let field = reader["models"] { models.add(field, what: "model") }
        if let field = reader["organizations"] { organizations.add(field, what: "organization") }
    }
}
