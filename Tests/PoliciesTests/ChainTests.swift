import Chat
import Policies
import Testing

/// Fallback orders, exclusions, and permissions for names.
@Suite struct ChainTests {
    @Test func entriesCarryTheirTerms() throws {
        let policies = try snapshot(
            models + """
                  inner: {fallback: [{use: sonnet, timeout: 30s, max_output_tokens: 500}, mini]}
                  v: {fallback: [{use: inner, timeout: 20s, max_output_tokens: 700, settings: {a: 1}}, big]}
                """)
        let calls = try policies.decide("v").calls
        #expect(calls.map(\.model.name) == ["sonnet", "mini", "big"])
        #expect(calls.map(\.timeout) == [.seconds(20), .seconds(20), nil])
        #expect(calls.map(\.maxOutputTokens) == [500, 700, nil])
        #expect(calls.map { $0.settings.map { String(decoding: $0, as: UTF8.self) } } == [#"{"a":1}"#, #"{"a":1}"#, nil])
    }

    @Test func aListIsShortForAFallback() throws {
        #expect(try snapshot(models + "  v: [big, mini]\n").decide("v").names == ["big", "mini"])
    }

    @Test func requestedNamesAreAFallbackOrder() throws {
        let policies = try snapshot(models + "  v: [big, mini]\n")
        let decision = try policies.decide("free", "v", "mini")
        #expect(decision.names == ["free", "big", "mini"], "a model that comes up twice is tried once")
        #expect(decision.trace.requested == ["free", "v", "mini"] && decision.trace.route == "v")
        #expect(try policies.decide("big", "mini").trace.route == DecisionTrace.direct)
        let settings = try policies.decide("big", "mini") {
            $0.facts.models[1] = RequestedModel(name: "mini", settings: Array("{\"a\":1}".utf8))
        }
        #expect(settings.calls.map(\.settings) == [nil, Array("{\"a\":1}".utf8)])
    }

    @Test func aHedgeRacesTheFirstTwo() throws {
        let policies = try snapshot(models + "  v: {fallback: [big, sonnet, mini], hedge: {after: 1500ms}}\n")
        guard case .firstOf(let plans) = try policies.decide("v").plan, plans.count == 2,
            case .race(let legs, .milliseconds(1500)) = plans[0]
        else {
            Issue.record("no race behind which a fallback stands")
            return
        }
        #expect(legs.flatMap(\.calls).map(\.model.name) == ["big", "sonnet"] && plans[1].firstCall?.model.name == "mini")
        // With one of the two unavailable there is no race.
        guard case .race(let rest, _) = try policies.decide("v", state: TestState(down: ["big"])).plan else {
            Issue.record("no race of the two that are left")
            return
        }
        #expect(rest.flatMap(\.calls).map(\.model.name) == ["sonnet", "mini"])
        guard case .call = try policies.decide("v", state: TestState(down: ["big", "mini"])).plan else {
            Issue.record("more than a call")
            return
        }
    }

    @Test func whatCannotTakeTheRequestIsLeftOutWithItsReason() throws {
        let decision = try snapshot(models + "  v: [free, big, mini]\n").decide("v") {
            $0.facts.hasTools = true
            $0.facts.wantsStructuredOutput = true
            $0.facts.inputTokens.estimate = 9000
        }
        #expect(decision.names == ["mini"])
        #expect(
            decision.trace.excluded == [
                "free: it does not take tools and structured output", "big: its context of 8192 tokens is too short for about 9001",
            ])
    }

    @Test func theLimitOfOutputCountsForTheContext() throws {
        let policies = try snapshot(models)
        for (output, fits) in [(1192, true), (1193, false)] as [(Int64, Bool)] {
            let change: (inout RequestFeatures) -> Void = {
                $0.facts.inputTokens.estimate = 7000
                $0.facts.maxOutputTokens = output
            }
            if fits { _ = try policies.decide("big", with: change) } else { #expect(policies.refusal("big", with: change) != nil) }
        }
    }

    @Test func whenNobodyCanTakeItEveryReasonIsGiven() throws {
        let failure = try #require(
            try snapshot(models + "  v: [free, big]\n").refusal("v") {
                $0.facts.hasImages = true
                $0.facts.inputTokens.estimate = 9000
            })
        #expect(failure.error.code == .invalidRequest && failure.error.code.status == 400)
        #expect(
            failure.error.publicMessage
                == "No model can take this request: free: it does not take images; big: its context of 8192 tokens is too short for about 9001."
        )
    }

    @Test func unavailableTargetsAreLeftOut() throws {
        let policies = try snapshot(models + "  v: [big, mini]\n")
        let decision = try policies.decide("v", state: TestState(down: ["big"]))
        #expect(decision.names == ["mini"] && decision.trace.excluded == ["big: it is failing at the moment"])
    }

    @Test func withoutAnyThatIsAvailableAllArePlanned() throws {
        // The run reports until when they are unavailable.
        let policies = try snapshot(models + "  v: [big, mini]\n")
        #expect(try policies.decide("v", state: TestState(down: ["big", "mini"])).names == ["big", "mini"])
        #expect(try policies.decide("big", state: TestState(down: ["big"])).names == ["big"])
    }

    @Test func modelsThatAreOffAreLeftOut() throws {
        let text =
            models.replacing("models:", with: "  off: {kind: openai, base_url: http://o, api_key: \"${NOPE}\"}\nmodels:") + """
                  away: {provider: off, price: free}
                  v: [away, mini]
                  w: [away]
                """
        let policies = try #require(compile(text).snapshot)
        #expect(try policies.decide("v").trace.excluded == ["away: provider off is off: NOPE is not set"])
        #expect(policies.refusal("w")?.error.code == .noHealthyUpstream)
        #expect(policies.refusal("away")?.error.publicMessage == "The model away is not served: provider off is off: NOPE is not set.")
        #expect(try snapshot(text).decide("w").names == ["away"], "where providers are taken as on")
    }

    @Test func unknownNamesComeWithTheNearestAlsoBehindOthers() throws {
        let policies = try snapshot(models)
        for failure in [policies.refusal("minni"), policies.refusal("big", "minni")] {
            #expect(
                failure?.error.code == .modelNotFound && failure?.error.publicMessage == "There is no model \"minni\". Did you mean mini?")
            #expect(failure?.trace.candidates.isEmpty == true)
        }
    }

    @Test func beingAllowedAVirtualModelSuffices() throws {
        let policies = try snapshot(
            models + """
                  v: [big, mini]
                organizations: {acme: {teams: {t: {models: [v]}, u: {models: [mini]}}}}
                """)
        let (team, other) = (try #require(policies.team("acme/t")), try #require(policies.team("acme/u")))
        #expect(
            try policies.decide(RequestFeatures(requestedModels: ["v"]), allowed: team, state: FreshTargetState()).names == ["big", "mini"])
        for (names, who) in [(["big"], team), (["v", "big"], team), (["v"], other)] {
            do throws(DecisionFailure) {
                _ = try policies.decide(RequestFeatures(requestedModels: names), allowed: who, state: FreshTargetState())
                Issue.record("\(names) were taken")
            } catch {
                #expect(error.error.code == .modelNotAllowed)
            }
        }
    }

    @Test func prefersTheCheapestTheFastestOrTheBest() throws {
        let policies = try snapshot(
            models + """
                  cheap: {among: [big, sonnet, mini], prefer: cheapest}
                  fast: {among: [big, sonnet, mini], prefer: fastest}
                  best: {route: [{among: [mini, big, sonnet], prefer: best, fallback: [free], timeout: 9s}]}
                """)
        #expect(try policies.decide("cheap").names == ["mini", "sonnet", "big"])
        #expect(try policies.decide("cheap").trace.candidates.map(\.model) == ["mini", "sonnet", "big"])
        #expect(try policies.decide("best").names == ["sonnet", "big", "mini", "free"])
        #expect(try policies.decide("best").calls.map(\.timeout) == [.seconds(9), .seconds(9), .seconds(9), nil])
        #expect(try policies.decide("fast").names == ["big", "sonnet", "mini"], "nothing measured: as written")
        let measured = TestState(latency: ["big": 900, "sonnet": 300, "mini": 500])
        #expect(try policies.decide("fast", state: measured).names == ["sonnet", "mini", "big"])
        #expect(try policies.decide("fast", state: TestState(latency: ["big": 1, "sonnet": 2])).names == ["mini", "big", "sonnet"])
    }

    @Test func theSameFeaturesGiveTheSameDecision() throws {
        let policies = try snapshot(models + "  v: {balance: [big, sonnet, mini]}\n")
        for seed in 0..<50 as Range<UInt64> {
            #expect(try policies.decide("v") { $0.seed = seed }.names == policies.decide("v") { $0.seed = seed }.names)
        }
    }
}

@Suite struct VirtualListingTests {
    @Test func aVirtualModelIsListedWhereOneOfItsModelsIs() throws {
        let text = """
            providers:
              on: {kind: openai, base_url: http://h}
              off: {kind: openai, base_url: http://h, api_key: "${NOPE}"}
            models:
              here: {provider: on, price: free}
              away: {provider: off, price: free}
              unpriced: {provider: on}
              v: {fallback: [away, here], aliases: [w]}
              gone: [away, unpriced]
            """
        let policies = try #require(compile(text).snapshot)
        #expect(policies.listing.map(\.id) == ["here", "v", "w"] && policies.listing.map(\.model.name) == ["here", "v", "v"])
        #expect(policies.offModels.map(\.name) == ["away", "gone"])
        let failure = try #require(policies.refusal("gone"))
        #expect(failure.error.code == .noHealthyUpstream)
        #expect(failure.trace.excluded == ["away: provider off is off: NOPE is not set", "unpriced: it has no price"])
    }
}
