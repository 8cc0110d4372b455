import Chat

/// The `models:` of all files.
struct ModelsSection {
    /// What each listed model stands for, in the order of files and lines.
    let listed: [ModelResolution]
    let table: ModelTable

    /// - Parameter isComplete: whether all files could be read; otherwise a name that is not known may stand in another file.
    init(_ section: Section, providers: ProvidersSection, isComplete: Bool) {
        var models: [(name: String, aliases: [String], resolution: ModelResolution)] = []
        var patterns: [ModelPattern] = []
        var aliases = AliasRegister(names: section)
        for entry in section.entries {
            let model = ModelDecoder.decode(entry, providers: providers, isComplete: isComplete)
            if entry.isPattern {
                patterns.append(model.pattern)
            } else {
                let own = model.aliases.filter { aliases.admit($0.text, at: $0.place, diagnostics: entry.value.diagnostics) }.map(\.text)
                models.append((entry.name, own, model.resolution(index: models.count, aliases: own)))
            }
        }
        listed = models.map(\.resolution)
        table = ModelTable(models, patterns: patterns)
    }
}

extension NamedField {
    fileprivate var isPattern: Bool { name.last == "*" }
}

/// Sees to it that no two models answer to one name.
private struct AliasRegister {
    private let names: Section
    private var placeOfAlias: [String: Place] = [:]

    init(names: Section) { self.names = names }

    mutating func admit(_ alias: String, at place: Place, diagnostics: DiagnosticCollector) -> Bool {
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

/// A model as its file gives it. One with errors is treated like one that is off: then there will be no snapshot that could show it.
private struct ModelDraft {
    let name: String
    var target = ModelPattern.Target.off(reason: "it has errors")
    var upstreamModel: String?
    var pricing: Pricing?
    var contextWindow: Int?
    var maxOutputTokens: Int?
    var aliases: [(text: String, place: Place)] = []

    func resolution(index: Int, aliases: [String]) -> ModelResolution {
        switch target {
        case .off(let reason): return .off(name: name, reason: reason)
        case .on(let provider):
            return .model(
                ModelEntry(
                    name: name, provider: provider, upstreamModel: upstreamModel ?? name, pricing: pricing, contextWindow: contextWindow,
                    maxOutputTokens: maxOutputTokens, aliases: aliases, index: index))
        }
    }

    var pattern: ModelPattern {
        ModelPattern(
            prefix: String(name.dropLast()), target: target, upstreamModel: upstreamModel, pricing: pricing, contextWindow: contextWindow,
            maxOutputTokens: maxOutputTokens)
    }
}

/// Reads one model.
private struct ModelDecoder {
    private static let tokenRange = 1...1_000_000_000
    private let entry: NamedField
    private let reader: MappingReader
    private var diagnostics: DiagnosticCollector { entry.value.diagnostics }

    static func decode(_ entry: NamedField, providers: ProvidersSection, isComplete: Bool) -> ModelDraft {
        var draft = ModelDraft(name: entry.name)
        guard hasValidName(entry), let reader = entry.value.mapping(.model) else { return draft }
        let decoder = ModelDecoder(entry: entry, reader: reader)
        draft.aliases = decoder.aliases()
        // A virtual model is refused as such; that it has no provider is then no error of its own.
        guard reader.unsupportedKeys.isEmpty else { return draft }
        if let target = decoder.target(providers, isComplete: isComplete) { draft.target = target }
        draft.upstreamModel = decoder.upstreamModel()
        draft.pricing = decoder.pricing()
        draft.contextWindow = reader["context_window"]?.integer(in: tokenRange)
        draft.maxOutputTokens = reader["max_output_tokens"]?.integer(in: tokenRange)
        return draft
    }

    private static func hasValidName(_ entry: NamedField) -> Bool {
        guard entry.hasValidName("model") else { return false }
        guard !entry.name.dropLast().contains("*") else {
            entry.value.diagnostics.error(at: entry.place, "the model name \"\(shortened(entry.name))\" has a * that is not at its end")
            return false
        }
        return true
    }

    private func target(_ providers: ProvidersSection, isComplete: Bool) -> ModelPattern.Target? {
        guard let field = reader["provider"] else {
            diagnostics.error(at: entry.place, "model \"\(entry.name)\" has no provider")
            return nil
        }
        guard let name = field.text() else { return nil }
        switch providers.states[name] {
        case .on(let provider): return .on(provider)
        case .off(let reason): return .off(reason: "provider \(name) is off: \(reason)")
        case .broken: return nil
        case nil:
            guard isComplete else { return nil }
            return field.refuse(
                "unknown provider \"\(shortened(name))\"", suggestion: EditDistance.nearest(to: name, among: providers.names))
        }
    }

    private func upstreamModel() -> String? {
        guard let field = reader["upstream_model"] else {
            guard !entry.isPattern else { return nil }
            let part = entry.name.split(separator: "/", omittingEmptySubsequences: false).last.map(String.init) ?? entry.name
            guard part.isEmpty else { return part }
            diagnostics.error(at: entry.place, "model \"\(entry.name)\" ends with \"/\", so it needs an upstream_model")
            return nil
        }
        guard let text = field.text() else { return nil }
        if let objection = NameRules.objection(to: text) { return field.refuse("the upstream_model \(objection)") }
        if !entry.isPattern, text.contains("*") {
            return field.refuse("a * in upstream_model stands for what a pattern matched, but \"\(entry.name)\" is no pattern")
        }
        return text
    }

    private func aliases() -> [(text: String, place: Place)] {
        guard let field = reader["aliases"], let items = field.list(of: "names") else { return [] }
        if entry.isPattern {
            diagnostics.error(at: field.node.start, "a pattern cannot have aliases")
            return []
        }
        return items.compactMap { item in
            guard let alias = item.text() else { return nil }
            if let objection = NameRules.objection(to: alias) { return item.refuse("the alias \"\(shortened(alias))\" \(objection)") }
            if alias.contains("*") { return item.refuse("the alias \"\(alias)\" has a *; only the name of a model can be a pattern") }
            return (alias, item.node.start)
        }
    }

    private func pricing() -> Pricing? {
        switch (reader["price"], reader["unpriced"]) {
        case (let price?, nil): return PriceDecoder.pricing(price)
        case (nil, let unpriced?):
            guard let text = unpriced.text() else { return nil }
            return text == "allow" ? .unpriced : unpriced.refuse("\"unpriced\" can only be \"allow\"")
        case (_?, let unpriced?): return unpriced.refuse("a model has either a price or \"unpriced: allow\", not both")
        case (nil, nil):
            diagnostics.notice(
                at: entry.place,
                "model \"\(entry.name)\" is not served, because it has no price; give it one, or \"price: free\", or \"unpriced: allow\"")
            return nil
        }
    }
}
