/// How a model's calls are charged.
public enum Pricing: Hashable, Sendable {
    /// By a price list.
    case listed(PriceList)
    /// `price: free`: every call costs nothing, by decision of the policy.
    case free
    /// `unpriced: allow`: the price is not known; calls are recorded at zero and marked as unpriced.
    case unpriced

    /// The cost of `usage`.
    public func cost(of usage: TokenUsage) -> NanoUSD {
        if case .listed(let prices) = self { prices.cost(of: usage) } else { .zero }
    }

    /// Reads what ``version(at:)`` wrote; `nil` for anything else.
    public init?(version: String) {
        switch version {
        case "free": self = .free
        case "unpriced": self = .unpriced
        default:
            guard let prices = PriceList(version: version) else { return nil }
            self = .listed(prices)
        }
    }

    /// What the record of a call at `tier` stores as `price_version`.
    public func version(at tier: ServiceTier) -> String {
        switch self {
        case .listed(let prices): prices.version(at: tier)
        case .free: "free"
        case .unpriced: "unpriced"
        }
    }

    /// What the record of a call at the standard tier stores.
    public var version: String { version(at: .standard) }
}
