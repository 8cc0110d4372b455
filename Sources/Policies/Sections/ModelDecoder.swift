internal import Chat
internal import Core

/// A model as its file describes it. One with errors is treated as off; no snapshot is made then, so this is never visible.
struct ModelDraft {
    let name: String
    fileprivate(set) var target = ModelPattern.Target.off(reason: "it has errors")
    fileprivate(set) var upstreamModel: String?
    fileprivate(set) var facts = ModelFacts()
    fileprivate(set) var aliases: [WrittenAlias] = []
    let catalogue: Catalogue

    func resolution(index: Int, aliases: [String]) -> ModelResolution {
        switch target {
        case .off(let reason): .off(name: name, reason: reason)
        case .on(let provider):
            .model(
                ModelEntry(
                    name: name, provider: provider, upstreamModel: upstreamModel ?? name, facts: facts, aliases: aliases, index: index))
        }
    }

    var pattern: ModelPattern {
        ModelPattern(
            prefix: String(name.dropLast()), target: target, upstreamModel: upstreamModel, facts: facts, catalogue: catalogue)
    }
}

/// Reads one provider model.
struct ModelDecoder {
    private static let tokenRange = 1...1_000_000_000
    private let entry: NamedField
    private let reader: MappingReader
    private let catalogue: Catalogue
    private var diagnostics: DiagnosticCollector { entry.value.diagnostics }

    static func decode(_ entry: NamedField, providers: ProvidersSection, catalogue: Catalogue, isComplete: Bool) -> ModelDraft {
        var draft = ModelDraft(name: entry.name, catalogue: catalogue)
        guard entry.hasValidModelName(), let reader = entry.value.mapping(.model) else { return draft }
        let decoder = ModelDecoder(entry: entry, reader: reader, catalogue: catalogue)
        draft.aliases = AliasDecoder.aliases(reader, of: entry)
        if let target = decoder.target(providers, isComplete: isComplete) { draft.target = target }
        draft.upstreamModel = decoder.upstreamModel()
        draft.facts = decoder.facts(of: draft)
        return draft
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
        if let unavailability = NameRules.unavailability(to: text) { return field.refuse("the upstream_model \(unavailability)") }
        if !entry.isPattern, text.contains("*") {
            return field.refuse("a * in upstream_model stands for what a pattern matched, but \"\(entry.name)\" is no pattern")
        }
        return text
    }

    /// The facts of the file, and for a single model those of the catalogue. For a pattern the catalogue is asked for each name later.
    private func facts(of draft: ModelDraft) -> ModelFacts {
        var facts = ModelFacts()
        facts.pricing = pricing()
        facts.contextWindow = reader["context_window"]?.integer(in: Self.tokenRange)
        facts.maxOutputTokens = reader["max_output_tokens"]?.integer(in: Self.tokenRange)
        facts.quality = reader["quality"]?.integer(in: 0...100)
        if let overCeiling: OverCeiling = reader["over_ceiling"]?.word("value of over_ceiling") { facts.overCeiling = overCeiling }
        if let capabilities = reader["capabilities"]?.mapping(.capabilities) {
            for (key, bit) in [("tools", ModelCapabilities.tools), ("images", .images), ("structured_output", .structuredOutput)] {
                guard let isAble = capabilities[key]?.boolean() else { continue }
                if isAble { facts.can.insert(bit) } else { facts.lacks.insert(bit) }
            }
        }
        guard !entry.isPattern, let upstreamModel = draft.upstreamModel else { return facts }
        let known =
            if case .on(let provider) = draft.target { catalogue.find(upstreamModel, at: provider) } else { catalogue.find(upstreamModel) }
        let complete = facts.completed(by: known)
        if complete.pricing == nil, reader["price"] == nil, reader["unpriced"] == nil { noticeMissingPrice() }
        return complete
    }

    private func pricing() -> Pricing? {
        switch (reader["price"], reader["unpriced"]) {
        case (let price?, nil): return PriceDecoder.pricing(price)
        case (nil, let unpriced?):
            guard let text = unpriced.text() else { return nil }
            return text == "allow" ? .unpriced : unpriced.refuse("\"unpriced\" can only be \"allow\"")
        case (_?, let unpriced?): return unpriced.refuse("a model has either a price or \"unpriced: allow\", not both")
        // The catalogue may have it; for a pattern it is asked for each name later.
        case (nil, nil):
            return nil
        }
    }

    private func noticeMissingPrice() {
        diagnostics.notice(
            at: entry.place,
            "model \"\(entry.name)\" is not served, because it has no price; give it one, or \"price: free\", or \"unpriced: allow\"")
    }
}

/// Reads `aliases:`.
enum AliasDecoder {
    static func aliases(_ reader: MappingReader, of entry: NamedField) -> [WrittenAlias] {
        guard let field = reader["aliases"], let items = field.list(of: "names") else { return [] }
        if entry.isPattern {
            field.diagnostics.error(at: field.node.start, "a pattern cannot have aliases")
            return []
        }
        return items.compactMap { item in
            guard let alias = item.text() else { return nil }
            if let unavailability = NameRules.unavailability(to: alias) {
                return item.refuse("the alias \"\(shortened(alias))\" \(unavailability)")
            }
            if alias.contains("*") { return item.refuse("the alias \"\(alias)\" has a *; only the name of a model can be a pattern") }
            return (alias, item.node.start)
        }
    }
}
