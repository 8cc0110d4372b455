import Chat
import Classifier
import Core
import Policies
import Testing

@Suite struct RouteTests {
    private static let rules = """
          auto:
            route:
              - {when: {task: code}, use: sonnet}
              - {name: cheap, when: {complexity: low}, use: mini}
              - {when: {complexity: high, max_cost: ">=0.05"}, use: big, fallback: [mini]}
              - {use: mini, timeout: 20s, max_output_tokens: 100, settings: {temperature: 0, stop: ["a", null], deep: {x: true, y: "q\\"uote"}}}
        """

    private func classification(_ task: TaskType, _ tier: ComplexityTier, score: Double = 0.5) -> Classification {
        Classification(task: task, complexityScore: score, complexity: tier, language: "en")
    }

    @Test(
        arguments: [
            (.code, .high, nil, "sonnet", "1"), (.math, .low, nil, "mini", "cheap"), (.math, .high, nil, "big", "3"),
            (.math, .high, "0.6", "big", "3"), (.math, .high, "0.04", "mini", "4"), (.math, .medium, nil, "mini", "4"),
        ] as [(TaskType, ComplexityTier, String?, String, String)])
    func theFirstRuleThatHoldsDecides(_ task: TaskType, _ tier: ComplexityTier, _ ceiling: String?, _ model: String, _ rule: String) throws
    {
        let decision = try snapshot(models + Self.rules).decide("auto") {
            $0.classification = classification(task, tier)
            $0.facts.maxCost = ceiling.flatMap { NanoUSD(decimal: $0) }
        }
        #expect(decision.trace.model == model && decision.trace.rule == rule && decision.trace.route == "auto")
    }

    @Test func theCallCarriesWhatTheRuleSays() throws {
        let call = try #require(try snapshot(models + Self.rules).decide("auto").calls.first)
        #expect(call.timeout == .seconds(20) && call.maxOutputTokens == 100)
        let settings = String(decoding: try #require(call.settings), as: UTF8.self)
        #expect(settings == #"{"temperature":0,"stop":["a",null],"deep":{"x":true,"y":"q\"uote"}}"#)
    }

    @Test func theClientsSettingsGoBeforeThePolicys() throws {
        let decision = try snapshot(models + Self.rules).decide("auto") {
            $0.facts.models = [RequestedModel(name: "auto", settings: Array("{}".utf8))]
        }
        #expect(decision.calls.first?.settings == Array("{}".utf8))
    }

    @Test func onlyRulesThatAskNeedAClassificationOrABudget() throws {
        let policies = try snapshot(
            models + Self.rules + """

                  byTools: {route: [{when: {tools: true}, use: big}, {use: mini}]}
                  thrifty: {route: [{when: {budget_left: ">=5"}, use: auto}, {use: mini}]}
                  outer: {fallback: [big, auto]}
                """)
        let cases: [([String], FeatureNeeds)] = [
            (["auto"], .classification), (["byTools"], []), (["big"], []), (["outer"], .classification),
            (["big", "auto"], .classification),
            (["?"], []), (["thrifty"], [.classification, .budgetLeft]), (["byTools", "thrifty"], [.classification, .budgetLeft]),
        ]
        for (names, needs) in cases {
            #expect(policies.needs(RequestFacts(models: names.map { RequestedModel(name: $0) })) == needs, "\(names)")
        }
    }

    @Test func aRequestThatNoRuleFitsIsRefused() throws {
        let policies = try snapshot(models + "  v: {route: [{when: {tools: true}, use: big}]}\n")
        let failure = try #require(policies.refusal("v"))
        #expect(failure.error.code == .invalidRequest && failure.error.param == "model")
        #expect(failure.error.publicMessage.hasPrefix("No rule of the model v fits this request"))
        #expect(failure.trace.route == "v" && failure.trace.rule == nil && failure.trace.candidates.isEmpty)
    }

    @Test func aRuleThatMatchedDecidesEvenWhenItsModelCannotBeCalled() throws {
        let policies = try snapshot(models + "  v: {route: [{when: {tools: true}, use: free}, {use: mini}]}\n")
        let failure = try #require(policies.refusal("v") { $0.facts.hasTools = true })
        #expect(failure.error.code == .invalidRequest && failure.trace.rule == "1")
        #expect(failure.error.publicMessage == "No model can take this request: free: it does not take tools.")
    }

    @Test func rulesInsideAnotherModelAreNamedWithIt() throws {
        let policies = try snapshot(models + "  inner: {route: [{name: a, use: mini}]}\n  v: [inner, big]\n")
        let decision = try policies.decide("v")
        #expect(decision.names == ["mini", "big"] && decision.trace.rule == "inner/a" && decision.trace.route == "v")
    }

    @Test func headersThatConditionsLookAtAreListed() throws {
        let policies = try snapshot(
            models + #"  v: {route: [{when: {header.X-Tier: gold, "header.b": "*"}, use: big}, {use: mini}]}"# + "\n")
        #expect(policies.headerNames == ["b", "x-tier"])
    }
}
