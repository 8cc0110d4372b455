import Chat
import Core
import Policies
import Testing

/// The highest costs of calls, and the effect of ceilings. Prices per million: big 30/60, sonnet 3 (3.75 written to the cache)/15, mini
/// .15/.60.
@Suite struct CeilingTests {
    private func text(_ virtual: String) -> String { models + virtual + "\n" }

    /// 1,000 input tokens and 100 output tokens per choice.
    private func small(_ features: inout RequestFeatures) {
        features.facts.inputTokens.upperBound = 1000
        features.facts.inputTokens.estimate = 250
        features.facts.maxOutputTokens = 100
    }

    @Test(
        arguments: [
            ("big", 1, "0.036"), ("mini", 1, "0.00021"), ("sonnet", 1, "0.00525"), ("mini", 3, "0.00033"), ("free", 1, "0"),
            ("unknown", 1, nil),
        ] as [(String, Int, String?)])
    func theWorstCaseIsInputAndOutputAtTheirDearest(_ model: String, _ choices: Int, _ cost: String?) throws {
        let decision = try snapshot(models).decide(model) {
            small(&$0)
            $0.facts.choices = choices
        }
        #expect(decision.worstCase == cost.flatMap { NanoUSD(decimal: $0) })
        #expect(
            decision.calls.map(\.worstCase) == [decision.worstCase] && decision.trace.candidates.first?.estimatedCost == decision.worstCase)
        #expect(decision.calls.first?.maxOutputTokens == nil, "the client's own limit stands in the body already")
    }

    @Test func withoutALimitTheModelsOwnCounts() throws {
        let policies = try snapshot(
            models
                + "  bare: {provider: p, price: {input: 0, output: 1}}\n  window: {provider: p, price: {input: 0, output: 1}, context_window: 1000}\n"
        )
        for (model, cost) in [("mini", "0.0098304"), ("bare", "0.004096"), ("window", "0.001")] {
            let decision = try policies.decide(model)
            #expect(decision.worstCase == NanoUSD(decimal: cost) && decision.calls.first?.maxOutputTokens == nil)
        }
    }

    /// Of `bare` only the price is known: its cost is bounded by what the client requests.
    @Test func theClientsLimitCountsWhereTheModelHasNone() throws {
        let policies = try snapshot(models + "  bare: {provider: p, price: {input: 0, output: 1}}\n")
        let decision = try policies.decide("bare") { $0.facts.maxOutputTokens = 1_000_000 }
        #expect(decision.worstCase == "1")
        let refusal = policies.refusal("bare") {
            $0.facts.maxOutputTokens = 1_000_000
            $0.facts.maxCost = "0.99"
        }
        #expect(refusal?.error.code == .maxCostExceeded)
    }

    @Test func underALimitWhatIsReservedIsSent() throws {
        let policies = try snapshot(models + "  bare: {provider: p, price: {input: 0, output: 1}}\n")
        for (model, limit) in [("bare", 4096), ("mini", 16_384)] as [(String, Int64?)] {
            let call = try #require(try policies.decide(model).calls.first)
            #expect(call.maxOutputTokens == nil && call.clamped(usd: "100", tokens: nil).maxOutputTokens == limit)
        }
        let call = try #require(try policies.decide("bare").calls.first)
        #expect(call.clamped(usd: "0.001", tokens: nil).maxOutputTokens == 1000)
        #expect(call.clamped(usd: nil, tokens: 5000).maxOutputTokens == 4096)
        let own = try #require(try policies.decide("bare") { $0.facts.maxOutputTokens = 9 }.calls.first)
        #expect(own.clamped(usd: "100", tokens: nil).maxOutputTokens == 9)
        #expect(own.clamped(usd: nil, tokens: nil).maxOutputTokens == nil, "without a bound the client's own limit stands in the body")
        let beyond = try #require(try policies.decide("mini") { $0.facts.maxOutputTokens = 50_000 }.calls.first)
        #expect(beyond.clamped(usd: "100", tokens: nil).maxOutputTokens == 16_384, "the model makes no more, so no more is reserved")
    }

    @Test(arguments: [("mini", "0.01935"), ("big", "0.27576"), ("sonnet", "3.94125")] as [(String, NanoUSD)])
    func aFileMayFillTheContext(model: String, input: NanoUSD) throws {
        let policies = try snapshot(models)
        let decision = try policies.decide(model) {
            small(&$0)
            $0.facts.hasFiles = true
            $0.facts.maxOutputTokens = 0
        }
        #expect(decision.worstCase == input)
    }

    @Test func whoThinksUnseen() throws {
        let policies = try snapshot(
            """
            providers:
              p: {kind: openai, base_url: http://h}
              a: {kind: anthropic, base_url: http://h, api_key: k}
            models:
              "o/*": {provider: p, price: {input: 1, output: 1}}
              "a/*": {provider: a, price: {input: 1, output: 1}}
            """)
        let cases: [(String, Bool?, Bool)] = [
            ("o/gpt-5", nil, true), ("o/gpt-5", false, false), ("o/gpt-4o", nil, false), ("o/gpt-4o", true, true), ("o/mine", nil, false),
            ("a/claude-sonnet-4-5", nil, false), ("a/claude-sonnet-4-5", true, true), ("a/claude-opus-5", nil, true),
        ]
        for (model, asks, isUnseen) in cases {
            let call = try #require(try policies.decide(model) { $0.facts.asksToReason = asks }.calls.first)
            #expect(call.thinksUnseen == isUnseen, "\(model) \(String(describing: asks))")
        }
    }

    @Test func aChainCostsWhatAllItsAttemptsCost() throws {
        let policies = try snapshot(text("  v: [big, mini]\n  w: {fallback: [big, mini], hedge: {after: 1s}}\n  u: [mini, unknown]"))
        for name in ["v", "w"] { #expect(try policies.decide(name, with: small).worstCase == "0.03621") }
        #expect(try policies.decide("u", with: small).worstCase == nil)
        let capped = try policies.decide("v") {
            small(&$0)
            $0.facts.maxCost = "0.036"
        }
        #expect(capped.worstCase == "0.036" && capped.plan.worstCase == "0.03621")
    }

    @Test func aRaceRunsOnlyWhereTheCeilingCoversBothLegs() throws {
        let policies = try snapshot(text("  w: {fallback: [big, mini], hedge: {after: 1s}}"))
        for (ceiling, isRace) in [("0.03621", true), ("0.036209999", false)] {
            let plan = try policies.decide("w") {
                small(&$0)
                $0.facts.maxCost = NanoUSD(decimal: ceiling)
            }.plan
            if case .race = plan { #expect(isRace) } else { #expect(!isRace) }
        }
    }

    @Test func aCeilingLeavesOutWhatMayCostMore() throws {
        let decision = try snapshot(text("  v: [big, unknown, mini]")).decide("v") {
            small(&$0)
            $0.facts.maxCost = "0.001"
        }
        #expect(decision.names == ["mini"])
        #expect(
            decision.trace.excluded == [
                "big: it may cost up to 0.036 USD, more than max_cost of 0.001 USD",
                "unknown: its price is not known, so max_cost cannot be kept",
            ])
    }

    @Test func underACeilingTheAllowedOutputIsSentAsLimit() throws {
        let policies = try snapshot(models)
        let call = try #require(try policies.decide("mini") { $0.facts.maxCost = "1" }.calls.first)
        #expect(call.maxOutputTokens == 16_384 && call.worstCase == "0.0098304")
        // Space is left for the input: providers refuse limits that could exceed the context window.
        let long = try policies.decide("big") {
            $0.facts.maxCost = "1"
            $0.facts.inputTokens.upperBound = 8000
            $0.facts.inputTokens.estimate = 2000
        }
        #expect(long.calls.first?.maxOutputTokens == 192)
        // The upper bound alone would leave nothing; the estimate does.
        let longer = try policies.decide("big") {
            $0.facts.maxCost = "1"
            $0.facts.inputTokens.upperBound = 9000
            $0.facts.inputTokens.estimate = 6000
        }
        #expect(longer.calls.first?.maxOutputTokens == 2192)
        #expect(try policies.decide("free") { $0.facts.maxCost = "0" }.calls.first?.maxOutputTokens == nil)
    }

    @Test func aLimitOfThePolicyIsNeverMoreThanTheModelHas() throws {
        let policies = try snapshot(text("  v: {fallback: [{use: big, max_output_tokens: 9999}]}"))
        #expect(try policies.decide("v").calls.first?.maxOutputTokens == 4096)
        #expect(try policies.decide("v") { $0.facts.maxOutputTokens = 5000 }.calls.first?.maxOutputTokens == nil)
        #expect(try policies.decide("v") { $0.facts.maxOutputTokens = 10_000 }.calls.first?.maxOutputTokens == 4096)
    }

    @Test func whatNothingFitsIsRefusedWithTheCheapestThatWould() throws {
        let failure = try #require(
            try snapshot(text("  v: [big, mini]")).refusal("v") {
                small(&$0)
                $0.facts.maxCost = "0.0001"
            })
        #expect(failure.error.code == .maxCostExceeded && failure.error.code.status == 402 && failure.error.param == "max_cost")
        #expect(failure.error.source == .client && failure.error.retry == .never)
        #expect(
            failure.error.publicMessage
                == "max_cost of 0.0001 USD is too little. The cheapest model that would do, mini, may cost up to 0.00021 USD; raise max_cost to that, or set a lower max_tokens."
        )
        let unknown = try #require(try snapshot(models).refusal("unknown") { $0.facts.maxCost = "5" })
        #expect(
            unknown.error.publicMessage == "max_cost of 5 USD cannot be kept: unknown: its price is not known, so max_cost cannot be kept.")
    }

    @Test func whereThePolicyAllowsTheOutputIsClamped() throws {
        let policies = try snapshot(
            text(
                "  v: {fallback: [big, mini], over_ceiling: clamp}\n  own: {provider: p, price: {input: 0, output: 1}, over_ceiling: clamp}"
            ))
        // 1,000 input tokens of mini cost .00015, so .00005 is left for output at .60 a million: 83 tokens.
        let decision = try policies.decide("v") {
            small(&$0)
            $0.facts.maxCost = "0.0002"
        }
        #expect(decision.names == ["mini"] && decision.calls.first?.maxOutputTokens == 83)
        #expect(try #require(decision.worstCase) <= "0.0002" && decision.worstCase == "0.0001998")
        #expect(try policies.decide("own") { $0.facts.maxCost = "0.000016" }.calls.first?.maxOutputTokens == 16)
        #expect(policies.refusal("own") { $0.facts.maxCost = "0.000015" }?.error.code == .maxCostExceeded, "15 tokens are no answer")
        #expect(
            policies.refusal("v") {
                $0.facts.inputTokens.upperBound = 1_000_000; $0.facts.maxCost = "0.1"
            }?.error.code == .maxCostExceeded)
    }

    @Test func whatFitsIsTakenBeforeAnythingIsClamped() throws {
        let policies = try snapshot(text("  v: {fallback: [big, mini], over_ceiling: clamp}"))
        let decision = try policies.decide("v") {
            small(&$0)
            $0.facts.maxCost = "0.03"
        }
        #expect(decision.names == ["mini"] && decision.calls.first?.maxOutputTokens == 100)
    }

    @Test func clampsAcrossChoicesKeepTheCeiling() throws {
        let policies = try snapshot(text("  v: {fallback: [sonnet], over_ceiling: clamp}"))
        for nanos in stride(from: 3_000_000, through: 90_000_000, by: 777_777) as StrideThrough<Int64> {
            let decision = try policies.decide("v") {
                $0.facts.inputTokens.upperBound = 123
                $0.facts.choices = 7
                $0.facts.maxCost = NanoUSD(nanos: nanos + 1_000_000)
            }
            #expect(try #require(decision.worstCase).nanos <= nanos + 1_000_000)
        }
    }

    @Test func absurdNumbersSaturate() throws {
        let decision = try snapshot(models).decide("big") {
            $0.facts.inputTokens.upperBound = .max
            $0.facts.choices = .max
        }
        #expect(decision.worstCase == NanoUSD(nanos: .max))
        #expect(
            try snapshot(models).refusal("big") {
                $0.facts.inputTokens.estimate = .max; $0.facts.maxOutputTokens = .max
            }?.error.code == .invalidRequest)
    }
}
