import Testing

@testable import Core

@Suite struct MoneyTests {
    @Test(arguments: [
        (0, "0"), (1, "0.000000001"), (1_000_000_000, "1"), (150_000_000, "0.15"), (-500_000_000, "-0.5"), (12_000_000_000, "12"),
        (68_400, "0.0000684"), (1_234_567_890, "1.23456789"), (Int64.max, "9223372036.854775807"), (Int64.min, "-9223372036.854775808"),
        (10_000_000_000, "10"), (100, "0.0000001"), (1_000_000_001, "1.000000001"),
    ])
    func amountsAreWrittenExactly(nanos: Int64, text: String) {
        #expect(NanoUSD(nanos: nanos).decimalString == text)
        if nanos != .min { #expect(NanoUSD(decimal: text)?.nanos == nanos) }
    }

    @Test(arguments: ["", "-", ".", ".5", "1e3", "+1", "1,5", " 1", "1 ", "0.0000000001", "9223372037", "--1", "1.2.3", "٣"])
    func whatIsNotAnExactDecimalIsRefused(text: String) {
        #expect(NanoUSD(decimal: text) == nil)
    }

    @Test func trailingZerosBeyondNinePlacesAreFine() {
        #expect(NanoUSD(decimal: "0.1500000000000")?.nanos == 150_000_000)
        #expect(NanoUSD(decimal: "1.")?.nanos == 1_000_000_000)
    }

    @Test func sumsSaturate() {
        #expect(NanoUSD(nanos: .max) + NanoUSD(nanos: 1) == NanoUSD(nanos: .max))
        #expect(NanoUSD(nanos: .min) - NanoUSD(nanos: 1) == NanoUSD(nanos: .min))
    }

    @Test func eachDimensionIsChargedOnce() throws {
        let prices = PriceList(
            input: try #require(PricePerMillion(decimal: "0.15")), cachedInput: PricePerMillion(decimal: "0.075"),
            output: try #require(PricePerMillion(decimal: "0.60")))
        #expect(prices.cost(of: TokenUsage(input: 100, cachedInput: 40, output: 10, reasoning: 5)).decimalString == "0.000018")
        #expect(prices.cost(of: TokenUsage(input: 1_000_000)).decimalString == "0.15")
        #expect(prices.version == "0.15/0.075/-/0.6")
    }

    @Test func aLongInputIsChargedAtItsPricesAsAWhole() throws {
        func price(_ text: String) throws -> PricePerMillion { try #require(PricePerMillion(decimal: text)) }
        let long = try LongContextPrices(above: 200_000, TokenPrices(input: price("2.5"), cachedInput: price("0.25"), output: price("15")))
        let prices = try PriceList(input: price("1.25"), cachedInput: price("0.125"), output: price("10"), longContext: long)
        #expect(prices.cost(of: TokenUsage(input: 200_000, output: 1000)).decimalString == "0.26")
        #expect(prices.cost(of: TokenUsage(input: 200_001, output: 1000)).decimalString == "0.5150025")
        #expect(prices.cost(of: TokenUsage(input: 300_000, cachedInput: 100_000, cacheWrite: 100_000)).decimalString == "0.525")
        #expect(prices.version == "1.25/0.125/-/10>200000:2.5/0.25/-/15")
    }

    @Test func aTenthMoreIsRoundedUp() throws {
        for (price, raised) in [("1.25", "1.375"), ("0", "0"), ("0.000000001", "0.000000002"), ("9223372036", "9223372036.854775807")] {
            #expect(try #require(PricePerMillion(decimal: price)).raisedByATenth.decimalString == raised)
        }
    }

    @Test func costsAreRoundedOnceToTheNearestNanoDollar() throws {
        let prices = PriceList(input: try #require(PricePerMillion(decimal: "0.0375")), output: try #require(PricePerMillion(decimal: "0")))
        #expect(prices.cost(of: TokenUsage(input: 1)).nanos == 38)
        #expect(prices.cost(of: TokenUsage(input: 3)).nanos == 113)
    }

    @Test func implausibleUsageIsRecognisedAndNeverOverflows() throws {
        for usage in [
            TokenUsage(input: -1), TokenUsage(input: 1, cachedInput: 2), TokenUsage(output: 1, reasoning: 2), TokenUsage(input: .max),
        ] {
            #expect(!usage.isPlausible)
        }
        let dear = try #require(PricePerMillion(decimal: "100000"))
        let cost = PriceList(input: dear, output: dear).cost(of: TokenUsage(input: .max, output: .max))
        #expect(cost == NanoUSD(nanos: .max))
    }

    // MARK: Kinds of tokens and tiers

    private func prices(_ version: String) throws -> PriceList { try #require(PriceList(version: version), "\(version)") }

    @Test(arguments: [
        "0.15/0.075/-/0.6", "3/0.3/3.75/15+1h=6>200000:6/0.6/7.5/22.5+1h=12", "2.5/-/-/10+audio_in=40+audio_out=80",
        "priority:2.5/0.25/-/20",
        "flex:1/-/-/2>10:2/-/-/4",
    ])
    func versionsAreReadBack(_ version: String) throws {
        let tier = ServiceTier.allCases.first { version.hasPrefix($0.word) } ?? .standard
        #expect(try prices(version).version(at: tier) == version)
    }

    @Test(arguments: [
        "", "1/2/3", "1/-/-/2+", "1/-/-/2+2h=3", "1/-/-/2+1h=", "1/-/-/2+1h=x", "batch:1/-/-/2", "1/-/-/2>x:1/-/-/2", "priority:",
        "1/-/-/2>5:1/-/-",
    ])
    func otherTextsAreNoVersions(_ version: String) { #expect(PriceList(version: version) == nil) }

    @Test func eachKindOfTokenHasItsPrice() throws {
        let list = try prices("3/0.3/3.75/15+1h=6+audio_in=40+audio_out=80")
        #expect(list.cost(of: TokenUsage(input: 100_000, cacheWrite: 100_000, cacheWriteHour: 100_000)).decimalString == "0.6")
        #expect(list.cost(of: TokenUsage(input: 100_000, cacheWrite: 100_000, cacheWriteHour: 40_000)).decimalString == "0.465")
        #expect(list.cost(of: TokenUsage(input: 1_000, audioInput: 400, output: 500, audioOutput: 100)).decimalString == "0.0318")
        let plain = try prices("3/-/-/15")
        #expect(
            plain.cost(of: TokenUsage(input: 9, cachedInput: 1, cacheWrite: 4, cacheWriteHour: 2, audioInput: 3, output: 5, audioOutput: 5))
                .nanos == 102_000)
    }

    @Test func aTierHasItsOwnPricesOrTheDearestThatAreKnown() throws {
        let standard = try prices("1/0.1/-/2").standard
        let list = PriceList(standard, further: [.flex: try prices("0.5/-/-/1").standard])
        func cost(_ tier: ServiceTier) -> String {
            list.cost(of: TokenUsage(input: 1_000_000, output: 1_000_000, tier: tier)).decimalString
        }
        #expect(cost(.standard) == "3" && cost(.flex) == "1.5" && cost(.priority) == "7.5" && cost(.fast) == "18")
        #expect(list.version(at: .flex) == "flex:0.5/-/-/1" && list.version(at: .priority) == "priority:2.5/0.25/-/5")
        for tier in ServiceTier.allCases {
            let recorded = try prices(list.version(at: tier))
            #expect(recorded.cost(of: TokenUsage(input: 7, output: 5)) == list.cost(of: TokenUsage(input: 7, output: 5, tier: tier)))
        }
    }

    @Test func theBoundIsNeverBelowWhatACallCosts() throws {
        var random = SystemRandomNumberGenerator()
        let list = try prices("3/100/3.75/15+1h=6+audio_in=40+audio_out=80>200:1/0.6/7.5/22.5+1h=12")
        for _ in 0..<2_000 {
            var demands = PriceDemands()
            (demands.cachesForAnHour, demands.hasAudioInput, demands.wantsAudio) = (.random(), .random(), .random())
            demands.tier = ServiceTier.allCases.randomElement(using: &random) ?? .standard
            let bound = (input: Int64.random(in: 0...400), output: Int64.random(in: 0...400))
            var usage = TokenUsage(input: .random(in: 0...bound.input), output: .random(in: 0...bound.output))
            usage.cachedInput = .random(in: 0...usage.input)
            usage.cacheWrite = .random(in: 0...(usage.input - usage.cachedInput))
            if demands.cachesForAnHour { usage.cacheWriteHour = .random(in: 0...usage.cacheWrite) }
            if demands.hasAudioInput { usage.audioInput = .random(in: 0...(usage.input - usage.cachedInput - usage.cacheWrite)) }
            if demands.wantsAudio { usage.audioOutput = .random(in: 0...usage.output) }
            usage.tier = demands.tier
            #expect(list.cost(of: usage) <= list.mostCost(input: bound.input, output: bound.output, demands))
        }
    }

    @Test func whatHasNoPriceIsNotCovered() throws {
        let list = try prices("1/-/-/2")
        var demands = PriceDemands()
        #expect(list.covers(demands))
        demands.tier = .priority
        #expect(!list.covers(demands))
        demands = PriceDemands()
        demands.wantsAudio = true
        #expect(!list.covers(demands))
        #expect(try prices("1/-/-/2+audio_out=3").covers(demands))
        demands.tier = .flex
        #expect(try prices("1/-/-/2+audio_out=3").covers(demands))
    }
}
