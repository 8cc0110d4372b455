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
