internal import Chat
internal import Core
internal import Glibc

/// Compiles policy files to a snapshot. Pure except for the default of `now`: reads no file, no environment, no network.
public enum PolicyCompiler {
    /// Compiles `files`, which are merged by name.
    /// - Parameters:
    ///   - files: any bytes, in the order in which diagnostics are to be reported.
    ///   - environment: the variables that `${NAME}` can name.
    ///   - now: seconds since 1970, for telling expired keys; the clock's time by default.
    ///   - assumesProvidersOn: whether a provider whose variables are missing counts as on. For decisions without calls: policy tests,
    ///     `purser route`. Such a snapshot must not be served.
    ///   - resource: reads a file that the policies refer to; `nil` when it does not exist.
    public static func compile(
        _ files: [PolicyFile], environment: [String: String], now: Int64? = nil, assumesProvidersOn: Bool = false,
        resource: (PolicyResource) -> [UInt8]? = { _ in nil }
    ) -> PolicyCompilation {
        let diagnostics = DiagnosticCollector()
        var sections = PolicySections()
        for (source, root) in DocumentLoader.load(files, diagnostics) { sections.add(root, path: source, diagnostics) }
        let isComplete = diagnostics.sources.allSatisfy(\.isParsed)

        let providers = ProvidersSection(sections.providers, environment: environment, assumesOn: assumesProvidersOn)
        let timeZone = sections.timeZone.flatMap { TimeZoneDecoder.zone($0, resource) }
        let servers = MCPServersSection(
            sections.mcpServers, environment: environment, teams: Set(OrganizationsSection.paths(sections.organizations)),
            isComplete: isComplete)
        let context = Condition.Context(
            timeZone: timeZone?.rules ?? .utc, teams: OrganizationsSection.paths(sections.organizations), isComplete: isComplete,
            mcpServers: servers.names)
        let catalogue = sections.catalogue.flatMap { CatalogueSection.catalogue($0, resource) } ?? .shipped
        let models = ModelsSection(sections.models, providers: providers, catalogue: catalogue, context: context)
        let references = ModelReferences(table: models.table, isComplete: isComplete)
        let limits = ScopeDecoder(LimitDecoder(references: references, environment: environment), timeZone: timeZone)
        let organizations = OrganizationsSection(
            sections.organizations, references: references, limits: limits, now: now ?? Int64(time(nil)), resource)
        UnpricedUnderBudget(organizations).check(models, placeOf: sections.models.place, diagnostics)
        let classifier = ClassifierSection(sections.classifier, resource)
        let tests = TestsSection(
            sections.tests, models: models.table, timeZone: context.timeZone, isComplete: isComplete)

        if sections.providers.entries.isEmpty, !diagnostics.hasErrors {
            diagnostics.notice(at: nil, "no providers are defined, so no model can be served")
        }
        let crossOrigin = sections.crossOrigin.flatMap(CrossOriginDecoder.rules)
        let failsOpen = sections.ledger.map(LedgerDecoder.failsOpen) ?? false
        let snapshot =
            diagnostics.hasErrors
            ? nil
            : PolicySnapshot(
                providers: providers, models: models, organizations: organizations, failsOpen: failsOpen, crossOrigin: crossOrigin,
                mcpServers: servers,
                classifier: classifier,
                catalogue: catalogue, tests: tests.tests)
        return PolicyCompilation(snapshot: snapshot, diagnostics: diagnostics.finish())
    }
}

/// A file that policies refer to and that the caller of the compiler reads.
public enum PolicyResource: Hashable, Sendable {
    /// A model that `purser fit` made: a path relative to the policies' directory, or an absolute one.
    case classifier(path: String)
    /// A catalogue of known models: a path as above.
    case catalogue(path: String)
    /// A zone of the system's time zone database, e.g. `Europe/Berlin`: never with `..` or a leading `/`.
    case timeZone(name: String)
}

/// The sections of all files, each gathered by name.
private struct PolicySections {
    var providers = Section()
    var models = Section()
    var organizations = Section()
    var tests: [FieldReader] = []
    var timeZone: FieldReader?
    var classifier: FieldReader?
    var catalogue: FieldReader?
    var ledger: FieldReader?
    var crossOrigin: FieldReader?
    var mcpServers = Section()

    mutating func add(_ root: Node, path: String, _ diagnostics: DiagnosticCollector) {
        guard let reader = FieldReader(node: root, label: path, diagnostics: diagnostics).mapping(.file) else { return }
        if let field = reader["providers"] { providers.add(field, what: "provider") }
        if let field = reader["models"] { models.add(field, what: "model") }
        if let field = reader["organizations"] { organizations.add(field, what: "organization") }
        if let field = reader["mcp_servers"] { mcpServers.add(field, what: "MCP server") }
        if let field = reader["tests"] { tests += field.list(of: "tests") ?? [] }
        if let field = reader["timezone"] { Self.set(&timeZone, field) }
        if let field = reader["classifier"] { Self.set(&classifier, field) }
        if let field = reader["catalogue"] { Self.set(&catalogue, field) }
        if let field = reader["ledger"] { Self.set(&ledger, field) }
        if let field = reader["cors"] { Self.set(&crossOrigin, field) }
    }

    /// Sets a key that may stand once in all files together.
    private static func set(_ value: inout FieldReader?, _ field: FieldReader) {
        if let first = value {
            let place = field.diagnostics.describe(first.node.start)
            field.diagnostics.error(at: field.node.start, "\"\(field.label)\" is defined twice, first at \(place)")
        } else {
            value = field
        }
    }
}
