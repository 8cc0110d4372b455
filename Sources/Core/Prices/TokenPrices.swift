/// The price of each kind of token. A kind without a price of its own is charged like the more general kind.
public struct TokenPrices: Hashable, Sendable {
    /// Price of input tokens that are neither cached nor cache-written, nor audio.
    public var input: PricePerMillion
    /// Price of input tokens read from the prompt cache; `nil`: as `input`.
    public var cachedInput: PricePerMillion?
    /// Price of input tokens written to the prompt cache; `nil`: as `input`.
    public var cacheWrite: PricePerMillion?
    /// Price of input tokens written to the prompt cache for an hour; `nil`: as `cacheWrite`.
    public var cacheWriteHour: PricePerMillion?
    /// Price of audio input tokens; `nil`: as `input`.
    public var audioInput: PricePerMillion?
    /// Price of output tokens, reasoning included.
    public var output: PricePerMillion
    /// Price of audio output tokens; `nil`: as `output`.
    public var audioOutput: PricePerMillion?

    /// Makes prices.
    public init(
        input: PricePerMillion, cachedInput: PricePerMillion? = nil, cacheWrite: PricePerMillion? = nil,
        cacheWriteHour: PricePerMillion? = nil, audioInput: PricePerMillion? = nil, output: PricePerMillion,
        audioOutput: PricePerMillion? = nil
    ) {
        self.input = input
        self.cachedInput = cachedInput
        self.cacheWrite = cacheWrite
        self.cacheWriteHour = cacheWriteHour
        self.audioInput = audioInput
        self.output = output
        self.audioOutput = audioOutput
    }

    /// The prices by the names that policies and catalogue files have for them, in the order of a price page.
    public var named: [(name: String, price: PricePerMillion)] {
        let all = [
            ("input", input), ("cached_input", cachedInput), ("cache_write", cacheWrite), ("cache_write_1h", cacheWriteHour),
            ("audio_input", audioInput), ("output", output), ("audio_output", audioOutput),
        ]
        return all.compactMap { name, price in price.map { (name, $0) } }
    }

    /// The same prices, each changed by `change`.
    func map(_ change: (PricePerMillion) -> PricePerMillion) -> TokenPrices {
        TokenPrices(
            input: change(input), cachedInput: cachedInput.map(change), cacheWrite: cacheWrite.map(change),
            cacheWriteHour: cacheWriteHour.map(change), audioInput: audioInput.map(change), output: change(output),
            audioOutput: audioOutput.map(change))
    }

    /// The cost of `usage`, rounded once, to the nearest nano-dollar (half up). Saturates instead of overflowing.
    func cost(of usage: TokenUsage) -> NanoUSD {
        if usage.isPlain {
            let millionths = Int128(usage.input) * Int128(input.nanos) + Int128(usage.output) * Int128(output.nanos)
            return NanoUSD(nanos: Int64(clamping: (millionths + 500_000) / 1_000_000))
        }
        let write = cacheWrite ?? input
        // Parts that exceed their whole (never in a credible usage) are each priced.
        let plain = max(0, Int128(usage.input) - Int128(usage.cachedInput) - Int128(usage.cacheWrite) - Int128(usage.audioInput))
        let shortWrite = max(0, Int128(usage.cacheWrite) - Int128(usage.cacheWriteHour))
        var millionths = plain * Int128(input.nanos)
        millionths += Int128(usage.cachedInput) * Int128((cachedInput ?? input).nanos)
        millionths += shortWrite * Int128(write.nanos)
        millionths += Int128(usage.cacheWriteHour) * Int128((cacheWriteHour ?? write).nanos)
        millionths += Int128(usage.audioInput) * Int128((audioInput ?? input).nanos)
        millionths += max(0, Int128(usage.output) - Int128(usage.audioOutput)) * Int128(output.nanos)
        millionths += Int128(usage.audioOutput) * Int128((audioOutput ?? output).nanos)
        return NanoUSD(nanos: Int64(clamping: (millionths + 500_000) / 1_000_000))
    }

    /// The highest price that an input token of a call can have.
    func dearestInput(_ demands: PriceDemands) -> PricePerMillion {
        var dearest = max(input, cachedInput ?? input, cacheWrite ?? input)
        if demands.cachesForAnHour, let cacheWriteHour { dearest = max(dearest, cacheWriteHour) }
        if demands.hasAudioInput, let audioInput { dearest = max(dearest, audioInput) }
        return dearest
    }

    /// The highest price that an output token of a call can have.
    func dearestOutput(_ demands: PriceDemands) -> PricePerMillion {
        demands.wantsAudio ? max(output, audioOutput ?? output) : output
    }
}
