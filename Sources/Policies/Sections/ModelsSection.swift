internal import Chat

/// The `models:` of all files.
struct ModelsSection {
    /// What each listed model stands for, in the order of files and lines.
    let listed: [ModelResolution]
    let table: ModelTable
    /// The headers, in lower case, that conditions use.
    let headerNames: [String]

    /// - Parameter context: facts for conditions; also whether all files could be read: if not, an unknown name may be defined in another
    /// file.
    init(_ section: Section, providers: ProvidersSection, catalogue: Catalogue, context: Condition.Context) {
        var drafts: [ListedDraft] = []
        var patterns: [ModelPattern] = []
        var aliases = AliasRegister(names: section)
        for entry in section.entries {
            if VirtualModelDraft.isVirtual(entry) {
                let model = VirtualModelDraft(entry)
                let own = aliases.admit(model.aliases, entry.value.diagnostics)
                drafts.append(ListedDraft(name: entry.name, aliases: own, content: .virtual(model)))
                continue
            }
            let model = ModelDecoder.decode(entry, providers: providers, catalogue: catalogue, isComplete: context.isComplete)
            if entry.isPattern {
                patterns.append(model.pattern)
            } else {
                let own = aliases.admit(model.aliases, entry.value.diagnostics)
                drafts.append(
                    ListedDraft(name: entry.name, aliases: own, content: .model(model.resolution(index: drafts.count, aliases: own))))
            }
        }
        let compiler = VirtualModelCompiler(drafts, names: ModelTable(drafts.map(\.forNames), patterns: patterns), context)
        listed = drafts.indices.map { compiler.resolution($0) }
        table = ModelTable(zip(drafts, listed).map { ($0.name, $0.aliases, $1) }, patterns: patterns)
        headerNames = compiler.headerNames.sorted()
    }
}

/// A model that clients may name, before references between virtual models are resolved.
struct ListedDraft {
    enum Content {
        case model(ModelResolution)
        case virtual(VirtualModelDraft)
    }

    let name: String
    let aliases: [String]
    let content: Content

    /// An entry of the table of names, used while virtual models are not compiled yet.
    fileprivate var forNames: (name: String, aliases: [String], resolution: ModelResolution) {
        switch content {
        case .model(let resolution): (name, aliases, resolution)
        case .virtual: (name, aliases, .off(name: name, reason: "it has errors"))
        }
    }
}

extension NamedField {
    var isPattern: Bool { name.last == "*" }

    /// Reports a name that a model cannot have.
    func hasValidModelName() -> Bool {
        guard hasValidName("model") else { return false }
        guard !name.dropLast().contains("*") else {
            value.diagnostics.error(at: place, "the model name \"\(shortened(name))\" has a * that is not at its end")
            return false
        }
        return true
    }
}

/// A name for a model, and where it is written.
typealias WrittenAlias = (text: String, place: Place)

/// Ensures that no two models have the same name or alias.
private struct AliasRegister {
    private let names: Section
    private var placeOfAlias: [String: Place] = [:]

    init(names: Section) { self.names = names }

    /// Those of `aliases` that are not in use; the others are reported.
    mutating func admit(_ aliases: [WrittenAlias], _ diagnostics: DiagnosticCollector) -> [String] {
        var admitted: [String] = []
        for (alias, place) in aliases where admit(alias, at: place, diagnostics) { admitted.append(alias) }
        return admitted
    }

    private mutating func admit(_ alias: String, at place: Place, _ diagnostics: DiagnosticCollector) -> Bool {
        if let first = names.place(of: alias) ?? placeOfAlias[alias] {
            let what =
                names.place(of: alias) != nil
                ? "alias \"\(alias)\" is the name of a model already" : "alias \"\(alias)\" is given twice, first"
            diagnostics.error(at: place, "\(what) at \(diagnostics.describe(first))")
            return false
        }
        placeOfAlias[alias] = place
        return true
    }
}
