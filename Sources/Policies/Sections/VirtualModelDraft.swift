/// A virtual model as its file describes it. Its strategy is read later, when the names of all models are known.
struct VirtualModelDraft {
    let entry: NamedField
    /// The mapping; `nil` for the short form, a list of names to be tried in order.
    let reader: MappingReader?
    let aliases: [WrittenAlias]
    /// Whether an error makes it useless to read the strategy.
    let isBroken: Bool

    /// Whether an entry of `models:` is one: a list, or a mapping with a key that only virtual models have.
    static func isVirtual(_ entry: NamedField) -> Bool {
        switch entry.value.node.content {
        case .list: true
        case .mapping(let entries): entries.contains { Shape.virtualKeys.contains($0.key) }
        case .scalar: false
        }
    }

    init(_ entry: NamedField) {
        self.entry = entry
        let isNamed = entry.hasValidModelName()
        guard case .mapping(let entries) = entry.value.node.content else {
            (reader, aliases, isBroken) = (nil, [], !isNamed)
            return
        }
        if let mixed = entries.first(where: { Shape.model.keys.contains($0.key) && !Shape.virtualModel.keys.contains($0.key) }) {
            entry.value.diagnostics.error(
                at: mixed.keyPlace,
                "a model is either called at a provider or decides among others; \"\(mixed.key)\" does not go with \"\(Self.strategy(entries))\""
            )
            (reader, aliases, isBroken) = (nil, [], true)
            return
        }
        if entry.isPattern { entry.value.diagnostics.error(at: entry.place, "a pattern cannot be a virtual model") }
        reader = entry.value.mapping(.virtualModel)
        aliases = reader.map { AliasDecoder.aliases($0, of: entry) } ?? []
        // A strategy that this version does not support has been reported; that there is no other is then not reported too.
        isBroken = !isNamed || entry.isPattern || reader?.unsupportedKeys.isEmpty != true
    }

    private static func strategy(_ entries: [Node.Entry]) -> String {
        entries.first { Shape.virtualKeys.contains($0.key) }?.key ?? ""
    }
}
