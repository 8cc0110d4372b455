/// An exact price in USD per million tokens, to nine decimal places.
public struct PricePerMillion: Hashable, Sendable {
    /// Nano-dollars per million tokens, zero or more.
    public let nanos: Int64

    /// Reads a decimal such as `0.075`. `nil` when the text is not a decimal of at most nine places or is negative.
    public init?(decimal text: some StringProtocol) {
        guard let nanos = ExactDecimal.scaled(text, places: 9), nanos >= 0 else { return nil }
        self.nanos = nanos
    }

    /// The price raised by a tenth, rounded up to the next nano-dollar; providers ask this for staying within a region.
    public var raisedByATenth: PricePerMillion {
        let (raised, overflow) = nanos.addingReportingOverflow(nanos / 10 + (nanos % 10 == 0 ? 0 : 1))
        return PricePerMillion(nanos: overflow ? .max : raised)
    }

    private init(nanos: Int64) { self.nanos = nanos }

    /// The price in USD per million tokens as an exact decimal.
    public var decimalString: String { ExactDecimal.text(nanos, places: 9) }
}

/// What a call costs whose input is longer than a threshold. Providers with such prices charge the whole call by them, not only the excess.
public struct LongContextPrices: Hashable, Sendable {
    /// The most input tokens that the usual prices are for, cached and cache-written ones included.
    public let above: Int64
    /// As in ``PriceList``.
    public let input: PricePerMillion
    /// As in ``PriceList``.
    public let cachedInput: PricePerMillion?
    /// As in ``PriceList``.
    public let cacheWrite: PricePerMillion?
    /// As in ``PriceList``.
    public let output: PricePerMillion

    /// Makes the prices of calls with more than `above` input tokens.
    public init(
        above: Int64, input: PricePerMillion, cachedInput: PricePerMillion? = nil, cacheWrite: PricePerMillion? = nil,
        output: PricePerMillion
    ) {
        self.above = above
        self.input = input
        self.cachedInput = cachedInput
        self.cacheWrite = cacheWrite
        self.output = output
    }
}

/// What a model costs. A dimension without a price of its own is charged like plain input or output.
public struct PriceList: Hashable, Sendable {
    /// Price of input tokens that are neither cached nor cache-written.
    public let input: PricePerMillion
    /// Price of input tokens read from the prompt cache; `nil`: as `input`.
    public let cachedInput: PricePerMillion?
    /// Price of input tokens written to the prompt cache; `nil`: as `input`.
    public let cacheWrite: PricePerMillion?
    /// Price of output tokens, reasoning included.
    public let output: PricePerMillion
    /// Other prices for calls with a long input; `nil`: every call costs the same.
    public let longContext: LongContextPrices?

    /// Makes a price list.
    public init(
        input: PricePerMillion, cachedInput: PricePerMillion? = nil, cacheWrite: PricePerMillion? = nil, output: PricePerMillion,
        longContext: LongContextPrices? = nil
    ) {
        self.input = input
        self.cachedInput = cachedInput
        self.cacheWrite = cacheWrite
        self.output = output
        self.longContext = longContext
    }

    /// Names the prices themselves, so that a record says what it was priced with even after the policy has changed:
    /// `input/cached_input/cache_write/output` in USD per million tokens, `-` where there is no price of its own. Prices of long inputs
    /// follow as `>threshold:` and the same four.
    public var version: String {
        let usual = Self.text(input, cachedInput, cacheWrite, output)
        guard let long = longContext else { return usual }
        return usual + ">\(long.above):" + Self.text(long.input, long.cachedInput, long.cacheWrite, long.output)
    }

    private static func text(_ prices: PricePerMillion?...) -> String {
        prices.map { $0?.decimalString ?? "-" }.joined(separator: "/")
    }

    /// Reads what ``version`` wrote; `nil` for anything else.
    public init?(version: String) {
        let parts = version.split(separator: ">", maxSplits: 1, omittingEmptySubsequences: false)
        guard let usual = parts.first.flatMap(Self.prices) else { return nil }
        var longContext: LongContextPrices?
        if parts.count == 2 {
            let rest = parts[1].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard rest.count == 2, let above = Int64(rest[0]), above >= 0, let long = Self.prices(rest[1]) else { return nil }
            longContext = LongContextPrices(
                above: above, input: long.input, cachedInput: long.cached, cacheWrite: long.written, output: long.output)
        }
        self.init(
            input: usual.input, cachedInput: usual.cached, cacheWrite: usual.written, output: usual.output, longContext: longContext)
    }

    private typealias Prices = (input: PricePerMillion, cached: PricePerMillion?, written: PricePerMillion?, output: PricePerMillion)

    private static func prices(_ text: Substring) -> Prices? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 4, let input = PricePerMillion(decimal: parts[0]), let output = PricePerMillion(decimal: parts[3]) else {
            return nil
        }
        let ofCached = parts[1] == "-" ? nil : PricePerMillion(decimal: parts[1])
        let ofWritten = parts[2] == "-" ? nil : PricePerMillion(decimal: parts[2])
        guard (ofCached == nil) == (parts[1] == "-"), (ofWritten == nil) == (parts[2] == "-") else { return nil }
        return (input, ofCached, ofWritten, output)
    }

    /// The cost of `usage`, rounded once, to the nearest nano-dollar (half up). Saturates instead of overflowing.
    /// - Precondition: none; an implausible usage (a part larger than its whole) is priced as if the part were the whole.
    public func cost(of usage: TokenUsage) -> NanoUSD {
        if let long = longContext, usage.input > long.above {
            return Self.cost(of: usage, long.input, long.cachedInput ?? long.input, long.cacheWrite ?? long.input, long.output)
        }
        return Self.cost(of: usage, input, cachedInput ?? input, cacheWrite ?? input, output)
    }

    private static func cost(
        of usage: TokenUsage, _ input: PricePerMillion, _ cachedInput: PricePerMillion, _ cacheWrite: PricePerMillion,
        _ output: PricePerMillion
    ) -> NanoUSD {
        let plainInput = max(0, Int128(usage.input) - Int128(usage.cachedInput) - Int128(usage.cacheWrite))
        var millionths = plainInput * Int128(input.nanos)
        millionths += Int128(usage.cachedInput) * Int128(cachedInput.nanos)
        millionths += Int128(usage.cacheWrite) * Int128(cacheWrite.nanos)
        millionths += Int128(usage.output) * Int128(output.nanos)
        return NanoUSD(nanos: Int64(clamping: (millionths + 500_000) / 1_000_000))
    }
}

/// How a model's calls are charged.
public enum Pricing: Hashable, Sendable {
    /// By the list.
    case listed(PriceList)
    /// `price: free`: every call costs nothing, by decision of the policy.
    case free
    /// `unpriced: allow`: the price is not known; calls are recorded at zero and marked as unpriced.
    case unpriced

    /// The cost of `usage`.
    public func cost(of usage: TokenUsage) -> NanoUSD {
        if case .listed(let prices) = self { prices.cost(of: usage) } else { .zero }
    }

    /// Reads what ``version`` wrote; `nil` for anything else.
    public init?(version: String) {
        switch version {
        case "free": self = .free
        case "unpriced": self = .unpriced
        default:
            guard let prices = PriceList(version: version) else { return nil }
            self = .listed(prices)
        }
    }

    /// What a usage record stores as `price_version`.
    public var version: String {
        switch self {
        case .listed(let prices): prices.version
        case .free: "free"
        case .unpriced: "unpriced"
        }
    }
}
