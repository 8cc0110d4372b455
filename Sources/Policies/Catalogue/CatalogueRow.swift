internal import Chat

/// Prices as they stand on a price page: USD per million tokens, decimals as text so that they never become floating point.
struct WrittenPrices: Sendable {
    let input: String
    let cached: String?
    let write: String?
    let output: String

    /// - Parameters:
    ///   - cached: for input that is read from the prompt cache; without it, as `input`.
    ///   - write: for input that is written to the prompt cache; without it, as `input`.
    init(_ input: String, cached: String? = nil, write: String? = nil, _ output: String) {
        self.input = input
        self.cached = cached
        self.write = write
        self.output = output
    }
}

/// A line of the catalogue.
struct CatalogueRow: Sendable {
    let name: String
    /// Other names of the same model that no rule of ``UpstreamName`` explains.
    let aliases: [String]
    let prices: WrittenPrices
    /// Prices of calls with more input tokens than `above`.
    let long: (above: Int64, prices: WrittenPrices)?
    let window: Int
    let answer: Int
    let capabilities: ModelCapabilities
    let regional: RegionalPrice

    /// - Parameters:
    ///   - window: the most tokens of input and output together.
    ///   - answer: the most tokens of an answer.
    init(
        _ name: String, also aliases: [String] = [], _ prices: WrittenPrices, long: (above: Int64, prices: WrittenPrices)? = nil,
        window: Int, answer: Int, _ capabilities: ModelCapabilities, regional: RegionalPrice = .same
    ) {
        self.name = name
        self.aliases = aliases
        self.prices = prices
        self.long = long
        self.window = window
        self.answer = answer
        self.capabilities = capabilities
        self.regional = regional
    }

    /// The row as a model; `nil` when a price is not a decimal, which the tests rule out.
    var model: KnownModel? {
        guard let price = priceList else { return nil }
        return KnownModel(
            name: name, price: price, contextWindow: window, maxOutputTokens: answer, capabilities: capabilities, regionalPrice: regional)
    }

    private var priceList: PriceList? {
        guard let usual = ReadPrices(prices) else { return nil }
        guard let long else {
            return PriceList(input: usual.input, cachedInput: usual.cached, cacheWrite: usual.write, output: usual.output)
        }
        guard let raised = ReadPrices(long.prices) else { return nil }
        let longContext = LongContextPrices(
            above: long.above, input: raised.input, cachedInput: raised.cached, cacheWrite: raised.write, output: raised.output)
        return PriceList(
            input: usual.input, cachedInput: usual.cached, cacheWrite: usual.write, output: usual.output, longContext: longContext)
    }
}

private struct ReadPrices {
    let input: PricePerMillion
    let cached: PricePerMillion?
    let write: PricePerMillion?
    let output: PricePerMillion

    init?(_ written: WrittenPrices) {
        guard let input = PricePerMillion(decimal: written.input), let output = PricePerMillion(decimal: written.output) else { return nil }
        cached = written.cached.flatMap { PricePerMillion(decimal: $0) }
        write = written.write.flatMap { PricePerMillion(decimal: $0) }
        guard (cached == nil) == (written.cached == nil), (write == nil) == (written.write == nil) else { return nil }
        self.input = input
        self.output = output
    }
}
