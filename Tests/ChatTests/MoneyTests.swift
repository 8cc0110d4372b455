import Testing

@testable import Chat

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
        let long = try LongContextPrices(above: 200_000, input: price("2.5"), cachedInput: price("0.25"), output: price("15"))
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
}
