internal import Chat
public import Core

/// A provider model, with everything that a call needs computed in advance. Immutable.
public final class ModelEntry: Sendable {
    /// The name in answers, records and permissions: the listed one, or for a pattern the one that was asked for.
    public let name: String
    /// The provider that serves the model.
    public let provider: Provider
    /// The provider's name of the model.
    public let upstreamModel: String
    /// How calls are charged; `nil` when the policy gives no price, and then the model is not served.
    public let pricing: Pricing?
    /// What usage records store as `price_version`; empty without ``pricing``.
    public let priceVersion: String
    /// Why the model is not served, fit for a client to read; `nil` when it is served.
    public let unservedReason: String?
    /// The most tokens of input and output together, where the policy says so.
    public let contextWindow: Int?
    /// The most tokens of one answer, where the policy says so.
    public let maxOutputTokens: Int?
    /// Capabilities that requests may need and that the model is known to lack.
    public let lacks: ModelCapabilities
    /// Whether the model may reason without being asked to, and bill tokens that it does not show. True if not known.
    public let thinksUnasked: Bool
    /// The quality of the answers as the policy rates it, 0 to 100; `nil`: not rated.
    public let quality: Int?
    /// What happens to a request whose ceiling does not cover the model.
    public let overCeiling: OverCeiling
    /// Other names of a listed model.
    public let aliases: [String]
    /// A suffix or prefix of the name that makes calls cost more than ``pricing`` says, such as `:online` at OpenRouter; only names that a
    /// pattern matched have one.
    public let surchargedVariant: String?
    /// The position among listed models, for ``ModelSet``; `nil` for a model that matched a pattern.
    let index: Int?

    /// What the usage record of a call at `tier` stores as `price_version`.
    public func priceVersion(at tier: ServiceTier) -> String {
        tier == .standard ? priceVersion : pricing?.version(at: tier) ?? ""
    }

    /// Those of `demands` that reach the provider: a translated request asks for neither tiers nor audio output.
    public func priced(_ demands: PriceDemands) -> PriceDemands {
        guard provider.kind != .openai, provider.kind != .azure else { return demands }
        var demands = demands
        demands.tier = .standard
        demands.wantsAudio = false
        return demands
    }

    /// The member of a request that asks for something that the model has no price for; `nil` when there is none.
    public func unpricedMember(_ demands: PriceDemands) -> String? {
        guard case .listed(let prices)? = pricing, !prices.covers(priced(demands)) else { return nil }
        return demands.member
    }

    init(name: String, provider: Provider, upstreamModel: String, facts: ModelFacts, aliases: [String], index: Int?) {
        self.name = name
        self.provider = provider
        self.upstreamModel = upstreamModel
        pricing = facts.pricing
        priceVersion = facts.pricing?.version ?? ""
        unservedReason = facts.pricing == nil ? "The model '\(name)' has no price in the gateway's policy, so it is not served." : nil
        contextWindow = facts.contextWindow
        maxOutputTokens = facts.maxOutputTokens
        lacks = facts.lacks
        thinksUnasked = facts.thinksUnasked
        quality = facts.quality
        overCeiling = facts.overCeiling
        self.aliases = aliases
        self.index = index
        surchargedVariant = index == nil ? Self.variant(of: upstreamModel) : nil
    }

    /// The suffix or prefix by which OpenRouter selects another service, at another price.
    private static func variant(of name: String) -> String? {
        if name.utf8.starts(with: "@preset/".utf8) { return "@preset/" }
        return [":online", ":nitro", ":exacto", ":extended"].first { name.utf8.count > $0.utf8.count && name.hasSuffix($0) }
    }
}

/// The facts about a model: from the policy, else from the catalogue.
struct ModelFacts: Sendable {
    var pricing: Pricing?
    var contextWindow: Int?
    var maxOutputTokens: Int?
    /// What the policy says the model can and cannot do.
    var can: ModelCapabilities = []
    var lacks: ModelCapabilities = []
    var thinksUnasked = false
    var quality: Int?
    var overCeiling = OverCeiling.refuse

    /// The facts, with those that are missing taken from the catalogue's entry.
    func completed(by known: KnownModel?) -> ModelFacts {
        guard let known else { return self }
        var facts = self
        if facts.pricing == nil { facts.pricing = .listed(known.price) }
        if facts.contextWindow == nil { facts.contextWindow = known.contextWindow }
        if facts.maxOutputTokens == nil { facts.maxOutputTokens = known.maxOutputTokens.map { min($0, facts.contextWindow ?? .max) } }
        facts.thinksUnasked = known.thinksUnasked
        if let capabilities = known.capabilities {
            facts.lacks.formUnion(ModelCapabilities.requestable.subtracting(capabilities).subtracting(can))
        }
        return facts
    }
}

extension ModelCapabilities {
    /// The capabilities that a request may need. Structured output is not one of them: a forced tool call replaces it.
    static let requestable: ModelCapabilities = [.tools, .images]
}

/// What a requested model name stands for.
public enum ModelResolution: Sendable {
    /// A provider model. It may lack a price: see ``ModelEntry/unservedReason``.
    case model(ModelEntry)
    /// A decision among models.
    case virtual(VirtualModel)
    /// A model of the policy whose provider is off.
    case off(name: String, reason: String)
    /// No model has this name; with the nearest name.
    case unknown(nearest: String?)
}

/// All names with a common prefix, passed on to one provider: `openai/*`.
struct ModelPattern: Sendable {
    enum Target: Sendable {
        case on(Provider)
        case off(reason: String)
    }

    /// The text before the `*`.
    let prefix: String
    let target: Target
    /// The provider's name for the model; a `*` in it stands for the matched text. `nil`: what follows the pattern's last `/` in the requested
    /// name: `b-y` for `a/b-*`, and `meta/llama` for `a/*`, because some providers' own names have slashes.
    let upstreamModel: String?
    let facts: ModelFacts
    /// Prices and limits of the models that match.
    let catalogue: Catalogue

    /// The pattern as the policy writes it.
    var text: String { prefix + "*" }

    func matches(_ name: String) -> Bool {
        name.utf8.count > prefix.utf8.count && name.utf8.starts(with: prefix.utf8)
    }

    /// A name that does not match is used as a whole.
    func resolve(_ name: String) -> ModelResolution {
        switch target {
        case .off(let reason): return .off(name: name, reason: reason)
        case .on(let provider):
            let matched = String(decoding: name.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
            let upstream =
                upstreamModel.map { $0.split(separator: "*", omittingEmptySubsequences: false).joined(separator: matched) }
                ?? defaultUpstreamName(of: name)
            let known = catalogue.find(upstream, at: provider)
            return .model(
                ModelEntry(
                    name: name, provider: provider, upstreamModel: upstream, facts: facts.completed(by: known), aliases: [], index: nil))
        }
    }

    private func defaultUpstreamName(of name: String) -> String {
        let own = prefix.utf8.lastIndex(of: UInt8(ascii: "/")).map { prefix.utf8.distance(from: prefix.utf8.startIndex, to: $0) + 1 } ?? 0
        return String(decoding: name.utf8.dropFirst(own), as: UTF8.self)
    }
}
