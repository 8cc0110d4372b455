/// The prices of a model at each tier of service. Immutable and shared, so that passing it on copies a reference.
public struct PriceList: Hashable, Sendable {
    private let tiers: Tiers

    /// Makes a price list.
    /// - Parameter further: the prices of other tiers than the standard one, as far as they are known.
    public init(_ standard: TierPrices, further: [ServiceTier: TierPrices] = [:]) {
        tiers = Tiers(standard, further)
    }

    /// Makes the list of a model that costs the same at every tier.
    public init(
        input: PricePerMillion, cachedInput: PricePerMillion? = nil, cacheWrite: PricePerMillion? = nil, output: PricePerMillion,
        longContext: LongContextPrices? = nil
    ) {
        let usual = TokenPrices(input: input, cachedInput: cachedInput, cacheWrite: cacheWrite, output: output)
        self.init(TierPrices(usual, long: longContext))
    }

    /// The prices of the standard tier.
    public var standard: TierPrices { tiers.standard }

    /// The prices of another tier; `nil` where the list has none.
    public func listed(_ tier: ServiceTier) -> TierPrices? { tier == .standard ? tiers.standard : tiers.further[tier] }

    /// The prices that a call at `tier` is charged by. Without a list of their own, cheaper tiers cost what the standard one does, and dearer
    /// ones the most that is known of any provider: two and a half times that for `priority` (OpenAI's gpt-5.5), six times for `fast` (Anthropic's
    /// Opus 4.6).
    public func prices(at tier: ServiceTier) -> TierPrices {
        if let listed = listed(tier) { return listed }
        return switch tier {
        case .standard, .flex: tiers.standard
        case .priority: tiers.standard.map { $0.times(5, over: 2) }
        case .fast: tiers.standard.map { $0.times(6) }
        }
    }

    /// The cost of `usage` at its tier, rounded once, to the nearest nano-dollar (half up). Saturates instead of overflowing.
    /// - Precondition: none; an implausible usage (a part larger than its whole) is priced as if the part were the whole.
    public func cost(of usage: TokenUsage) -> NanoUSD {
        usage.tier == .standard ? tiers.standard.cost(of: usage) : prices(at: usage.tier).cost(of: usage)
    }

    /// The highest cost of a call with at most these tokens, of any kinds that `demands` allow. Linear in `output`.
    public func mostCost(input: Int64, output: Int64, _ demands: PriceDemands) -> NanoUSD {
        if demands.tier == .standard { return tiers.standard.mostCost(input: input, output: output, demands) }
        let asked = prices(at: demands.tier).mostCost(input: input, output: output, demands)
        // A request for a cheaper tier may be served at the standard one.
        return demands.tier == .flex ? max(asked, tiers.standard.mostCost(input: input, output: output, demands)) : asked
    }

    /// Whether calls with these demands can be priced: a dearer tier, and audio, need prices of their own.
    public func covers(_ demands: PriceDemands) -> Bool {
        guard let prices = demands.tier == .flex ? tiers.standard : listed(demands.tier) else { return false }
        return !demands.wantsAudio || prices.usual.audioOutput != nil
    }

    /// What a record of a call at `tier` stores as `price_version` (see ``TierPrices/text``).
    public func version(at tier: ServiceTier = .standard) -> String {
        tier == .standard ? tiers.standard.text : "\(tier.word):\(prices(at: tier).text)"
    }

    /// What records of the standard tier store.
    public var version: String { version() }

    /// Reads what ``version(at:)`` wrote, as the list of that one tier; `nil` for anything else.
    public init?(version: String) {
        var text = version[...]
        if let tier = ServiceTier.allCases.first(where: { $0 != .standard && version.hasPrefix($0.word + ":") }) {
            text = text.dropFirst(tier.word.count + 1)
            guard let prices = TierPrices(text: text) else { return nil }
            self.init(prices, further: [tier: prices])
            return
        }
        guard let prices = TierPrices(text: text) else { return nil }
        self.init(prices)
    }

    /// The same list, each price raised by a tenth, as providers charge for calls that stay within a region.
    public var raisedByATenth: PriceList {
        PriceList(tiers.standard.map(\.raisedByATenth), further: tiers.further.mapValues { $0.map(\.raisedByATenth) })
    }

    /// Equal prices are equal lists.
    public static func == (a: PriceList, b: PriceList) -> Bool {
        a.tiers === b.tiers || (a.tiers.standard == b.tiers.standard && a.tiers.further == b.tiers.further)
    }

    /// Hashes the prices.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(tiers.standard)
        hasher.combine(tiers.further)
    }
}

/// The storage of a price list.
private final class Tiers: Sendable {
    let standard: TierPrices
    let further: [ServiceTier: TierPrices]

    init(_ standard: TierPrices, _ further: [ServiceTier: TierPrices]) {
        self.standard = standard
        self.further = further
    }
}
