import Chat
import Core
import Testing

@testable import Execution
@testable import Policies

/// What a call costs, by what was reported and what was seen of its answer.
@Suite struct CallCostTests {
    /// A call with at most 10 output tokens; a token of any kind costs 1,000 nano-dollars.
    private func cost() throws -> CallCost {
        let snapshot = try RunBench.snapshot("breaker: off")
        var features = RequestFeatures(requestedModels: ["m0"])
        features.facts.maxOutputTokens = 10
        features.facts.inputTokens = InputTokens(estimate: 40, upperBound: 100)
        let decision = try snapshot.decide(features, allowed: ModelSet.everything, state: FreshTargetState())
        let planned = try #require(decision.plan.firstCall)
        return CallCost(planned: planned, pricing: try #require(planned.model.pricing), input: features.facts.inputTokens)
    }

    private func outcome(_ usage: TokenUsage?, atLeast least: TokenUsage? = nil, _ seen: CallCost.Seen) throws -> CallOutcome {
        var outcome = CallOutcome()
        try cost().settle(&outcome, usage, atLeast: least, seen)
        return outcome
    }

    @Test func aReport_isChargedAsItIs() throws {
        let outcome = try outcome(TokenUsage(input: 7, output: 3), CallCost.Seen(wholeBytes: 5_000, isWhole: true))
        #expect(!outcome.isEstimated && outcome.cost.nanos == 10_000 && outcome.inDoubt == .zero && outcome.inDoubtTokens == 0)
    }

    /// What was shown is an upper bound of what was used, besides the input that was reserved.
    @Test func aWholeAnswerWithoutAReport_isEstimatedAndTheRestIsInDoubt() throws {
        let reserved = try cost().planned.extent
        let outcome = try outcome(nil, CallCost.Seen(textBytes: 6, events: 2, isStream: true, isWhole: true))
        #expect(outcome.isEstimated && outcome.usage.output == 2)
        #expect(outcome.usage.input + outcome.usage.output + outcome.inDoubtTokens == reserved.input + 6)
    }

    @Test func aStreamThatBroke_mayHaveSentMoreThanWasSeen() throws {
        let reserved = try cost().planned.extent
        let outcome = try outcome(nil, CallCost.Seen(textBytes: 6, events: 2, isStream: true))
        #expect(outcome.usage.input + outcome.usage.output + outcome.inDoubtTokens == reserved.tokens)
    }

    @Test func anAnswerThatNobodySaw_isReservedInFull() throws {
        var outcome = CallOutcome()
        let cost = try cost()
        cost.settleInDoubt(&outcome, CallCost.Seen())
        #expect(outcome.isEstimated && outcome.cost == .zero && outcome.inDoubt == cost.planned.worstCase)
        #expect(outcome.inDoubtTokens == cost.planned.extent.tokens)
    }

    @Test func anEstimate_isNotBelowWhatWasReported() throws {
        let outcome = try outcome(
            nil, atLeast: TokenUsage(input: 90, cachedInput: 80, output: 9), CallCost.Seen(textBytes: 3, isStream: true))
        #expect(outcome.usage.input >= 90 && outcome.usage.output == 9 && outcome.usage.cachedInput == 0)
    }

    @Test(arguments: [(0, 0, 0), (256, 50, 0), (1_056, 50, 50), (1_056, 400, 100), (1_856, 10, 100)])
    func theLeastOutput_isThatOfLongTokens(bytes: Int, events: Int, least: Int64) {
        #expect(CallCost.Seen(textBytes: bytes, events: events, isStream: true).leastOutput == least)
    }
}
