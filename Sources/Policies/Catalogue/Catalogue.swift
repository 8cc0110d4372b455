internal import CCatalogue

/// Prices and limits of widely used models, as their sellers publish them. Policies override them. Immutable.
public final class Catalogue: Sendable {
    /// Where the file's numbers come from and when they were taken, e.g. `genai-prices 0.2.3, 2026-12-01`.
    public let source: String
    /// The models, in the order of the file.
    public let models: [KnownModel]
    private let bySeller: [String: [String: Int]]
    /// The seller behind each host name that OpenAI's dialect is spoken at.
    let hosts: [String: String]

    /// The catalogue that ships in the program.
    public static let shipped: Catalogue = {
        let bytes = UnsafeRawBufferPointer(start: purser_catalogue(), count: purser_catalogue_size())
        // What ships is tested; an unreadable file would leave models without prices, which are not served.
        return (try? CatalogueFile.read(Array(bytes))) ?? Catalogue(source: "none", models: [], hosts: [:])
    }()

    init(source: String, models: [KnownModel], hosts: [String: String]) {
        self.source = source
        self.models = models
        self.hosts = hosts
        var bySeller: [String: [String: Int]] = [:]
        for (index, model) in models.enumerated() {
            // Of two rows with one name the first counts.
            for name in [model.name] + model.aliases where bySeller[model.seller]?[name] == nil {
                bySeller[model.seller, default: [:]][name] = index
            }
        }
        self.bySeller = bySeller
    }

    /// The model that `provider` knows by `upstreamName`.
    /// - Returns: `nil` when the catalogue does not have the model, or not its price in that region.
    public func find(_ upstreamName: String, at provider: Provider) -> KnownModel? { find(upstreamName, of: sellers(provider)) }

    /// The model with this upstream name: the exact name, a dated snapshot of it (`-20241022`, `-2024-10-22`, `@20241022`, `-latest`),
    /// Google's resource name (`models/…`), or Bedrock's identifier (`us.anthropic.….-v1:0`), priced by its region.
    /// - Parameter sellers: the sellers to search, in this order; by default the makers of models.
    public func find(_ upstreamName: String, of sellers: [String] = Catalogue.makers) -> KnownModel? {
        if let model = exact(upstreamName, sellers) { return model }
        let name = UpstreamName(upstreamName)
        guard let model = name.candidates.lazy.compactMap({ self.exact($0, sellers) }).first else { return nil }
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

    /// This catalogue completed by `other`: models that are missing here, and limits and capabilities that are not known here.
    func completed(by other: Catalogue) -> Catalogue {
        var names = Set<String>()
        var completed = models.map { model -> KnownModel in
            names.insert("\(model.seller)/\(model.name)")
            guard let known = other.exact(model.name, [model.seller]) else { return model }
            return model.completed(by: known)
        }
        completed += other.models.filter { !names.contains("\($0.seller)/\($0.name)") }
        return Catalogue(source: source, models: completed, hosts: other.hosts.merging(hosts) { _, own in own })
    }

    /// The catalogue as a file that ``CatalogueFile`` reads.
    public var fileContent: [UInt8] { OwnCatalogue.text(self) }

    private func exact(_ name: String, _ sellers: [String]) -> KnownModel? {
        for seller in sellers { if let index = bySeller[seller]?[name] { return models[index] } }
        return nil
    }

    /// Makers of models that sell them under names of their own. Hosts of open models are not among them: a name alone does not tell their price.
    public static let makers = [
        "openai", "anthropic", "google", "aws", "mistral", "deepseek", "x-ai", "groq", "cohere", "moonshotai", "zai", "minimax",
    ]

    /// The sellers whose names and prices apply to a provider of a policy. An unknown server is assumed to be a proxy of the makers.
    private func sellers(_ provider: Provider) -> [String] {
        switch provider.kind {
        case .anthropic: ["anthropic"]
        case .gemini: ["google"]
        case .azure: ["azure", "openai", "mistral", "deepseek", "x-ai", "cohere"]
        case .bedrock: ["aws", "anthropic"]
        case .openai: hosts[provider.baseURL.host].map { [$0] } ?? Self.makers
        }
    }
}
