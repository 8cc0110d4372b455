/// The prices of a model at one tier of service.
public struct TierPrices: Hashable, Sendable {
    /// The usual prices.
    public let usual: TokenPrices
    /// Other prices for calls with a long input; `nil`: every call costs the same. Providers with such prices charge the whole call by them,
    /// not only the excess.
    public let long: LongContextPrices?

    /// Makes the prices of a tier.
    public init(_ usual: TokenPrices, long: LongContextPrices? = nil) {
        self.usual = usual
        self.long = long
    }

    /// The cost of `usage`, whatever its tier.
    func cost(of usage: TokenUsage) -> NanoUSD {
        if let long, usage.input > long.above { return long.prices.cost(of: usage) }
        return usual.cost(of: usage)
    }

    /// The highest cost of a call with at most these tokens. Linear in `output`.
    func mostCost(input: Int64, output: Int64, _ demands: PriceDemands) -> NanoUSD {
        var (inputPrice, outputPrice) = (usual.dearestInput(demands), usual.dearestOutput(demands))
        // A call that is shorter than its bound is charged at the usual prices, so the higher of both costs is the bound.
        if let long, input > long.above {
            inputPrice = max(inputPrice, long.prices.dearestInput(demands))
            outputPrice = max(outputPrice, long.prices.dearestOutput(demands))
        }
        return TokenPrices(input: inputPrice, output: outputPrice).cost(of: TokenUsage(input: input, output: output))
    }

    /// The same prices, each changed by `change`.
    func map(_ change: (PricePerMillion) -> PricePerMillion) -> TierPrices {
        TierPrices(usual.map(change), long: long.map { LongContextPrices(above: $0.above, $0.prices.map(change)) })
    }
}

/// The prices of calls with an input longer than a threshold.
public struct LongContextPrices: Hashable, Sendable {
    /// The most input tokens that the usual prices are for, cached and cache-written ones included.
    public let above: Int64
    /// The prices of longer calls.
    public let prices: TokenPrices

    /// Makes the prices of calls with more than `above` input tokens.
    public init(above: Int64, _ prices: TokenPrices) {
        self.above = above
        self.prices = prices
    }
}
