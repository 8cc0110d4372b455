/// The catalogue: prices and limits of models that are widely used, as their providers publish them. A policy overrides it.
///
/// Prices change. Each provider's file says where its prices come from and when they were last compared.
public enum KnownModels {
    /// The model that providers know by `upstreamName`: its exact name, a dated snapshot of it (`-20241022`, `-2024-10-22`, `@20241022`,
    /// `-latest`), Google's resource name (`models/…`), or Bedrock's identifier (`us.anthropic.….-v1:0`), priced by its region.
    /// - Returns: `nil` when the catalogue does not have the model, or not its price in that region.
    public static func find(upstreamName: String) -> KnownModel? {
        if let model = byName[upstreamName] { return model }
        let name = UpstreamName(upstreamName)
        guard let model = name.candidates.lazy.compactMap({ byName[$0] }).first else { return nil }
        guard name.isBedrock else { return model }
        return switch (model.regionalPrice, name.geography) {
        case (_, .government): nil
        case (.same, _): model
        case (.tenthMore, .global): model
        case (.tenthMore, _): model.raisedByATenth()
        case (.unitedStatesOnly, .unitedStates), (.unitedStatesOnly, .none): model
        case (.unitedStatesOnly, _): nil
        }
    }

    static let rows: [CatalogueRow] = openAI + anthropic + google + bedrock + others

    private static let byName: [String: KnownModel] = {
        var models: [String: KnownModel] = [:]
        for row in rows {
            guard let model = row.model else { continue }
            for name in [row.name] + row.aliases { models[name] = model }
        }
        return models
    }()
}
