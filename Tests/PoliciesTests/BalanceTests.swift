import Chat
import Policies
import Testing

@Suite struct BalanceTests {
    private func policies(_ balance: String) throws -> PolicySnapshot {
        var text = "providers: {p: {kind: openai, base_url: http://h}}\nmodels:\n"
        for name in ["a", "b", "c", "d"] { text += "  \(name): {provider: p, price: free}\n" }
        return try snapshot(text + "  v: {balance: \(balance)}\n")
    }

    /// How often each target comes first.
    private func shares(
        _ policies: PolicySnapshot, rounds: Int = 4000, state: TestState = TestState(),
        _ change: (Int, inout RequestFeatures) -> Void = { _, _ in }
    ) throws -> [String: Double] {
        var counts: [String: Double] = [:]
        for round in 0..<rounds {
            let decision = try policies.decide("v", state: state) {
                $0.seed = UInt64(round)
                change(round, &$0)
            }
            counts[decision.trace.model ?? "", default: 0] += 1 / Double(rounds)
        }
        return counts
    }

    @Test func weightsAreSharesOfTheTraffic() throws {
        let shares = try shares(policies("{targets: [{use: a, weight: 6}, {use: b, weight: 3}, {use: c}]}"))
        for (name, share) in [("a", 0.6), ("b", 0.3), ("c", 0.1)] { #expect(abs(shares[name, default: 0] - share) < 0.03, "\(shares)") }
    }

    @Test func prioritiesComeInOrderAndAllOthersFollowAsFallbacks() throws {
        let policies = try policies("{targets: [{use: c, priority: 2}, {use: a}, {use: d, priority: 3}, {use: b}]}")
        for seed in 0..<40 as Range<UInt64> {
            let names = try policies.decide("v") { $0.seed = seed }.names
            #expect(Set(names.prefix(2)) == ["a", "b"] && names.suffix(2) == ["c", "d"])
        }
        #expect(try shares(policies, rounds: 500).keys.sorted() == ["a", "b"])
    }

    @Test func whatIsDownComesLastAndIsNotPlanned() throws {
        let decision = try policies("[a, b, c]").decide("v", state: TestState(down: ["a", "b"]))
        #expect(decision.names == ["c"] && decision.trace.candidates.last?.excludedBecause == "it is failing at the moment")
        #expect(decision.trace.candidates.first?.model == "c")
        let lower = try policies("{targets: [a, {use: b, priority: 2}]}").decide("v", state: TestState(down: ["a"]))
        #expect(lower.names == ["b"])
    }

    @Test func theLeastBusyComesFirst() throws {
        let policies = try policies("{targets: [a, {use: b, weight: 4}, c], strategy: least_busy}")
        let decision = try policies.decide("v", state: TestState(busy: ["a": 3, "b": 7, "c": 9]))
        #expect(decision.names == ["b", "a", "c"], "b has four times the room")
        let idle = try shares(policies, rounds: 600)
        #expect(idle.values.allSatisfy { $0 > 0.05 }, "equals share by chance: \(idle)")
    }

    @Test func measuredLatencyIsComparedAmongTwo() throws {
        let policies = try policies("{targets: [a, b, c, d], strategy: latency}")
        let state = TestState(latency: ["a": 100, "b": 200, "c": 300, "d": 400])
        let shares = try shares(policies, state: state)
        // Of two drawn from four, the best is among them with 1/2, the second best wins with 2/6, the third with 1/6, the worst never.
        for (name, share) in [("a", 0.5), ("b", 1.0 / 3), ("c", 1.0 / 6), ("d", 0)] {
            #expect(abs(shares[name, default: 0] - share) < 0.03, "\(shares)")
        }
        let busy = try self.policies("{targets: [a, b], strategy: latency}")
        #expect(try busy.decide("v", state: TestState(latency: ["a": 100, "b": 150], busy: ["a": 1])).trace.model == "b")
        #expect(try busy.decide("v", state: TestState(latency: ["a": 100])).trace.model == "b", "what was never measured goes first")
    }

    @Test func affinityKeepsAConversationWhereItIs() throws {
        let policies = try policies("{targets: [a, b, c], affinity: session}")
        var homes: [String: String] = [:]
        for session in 0..<300 {
            let names = try policies.decide("v") { $0.session = "s\(session)" }.names
            homes["s\(session)"] = names[0]
            #expect(
                try policies.decide("v") {
                    $0.session = "s\(session)"; $0.seed = 99
                }.names == names, "whatever the seed")
            #expect(try policies.decide("v") { $0.facts.metadata = ["session_id": "s\(session)"] }.names == names, "by metadata as well")
        }
        for name in ["a", "b", "c"] { #expect(homes.values.filter { $0 == name }.count > 70) }
        // Without one target only its conversations move, and each to its own second choice.
        let rest = try self.policies("{targets: [a, b], affinity: session}")
        for (session, home) in homes where home != "c" { #expect(try rest.decide("v") { $0.session = session }.trace.model == home) }
    }

    @Test func affinityGoesByWeightAndUnit() throws {
        let policies = try policies("{targets: [{use: a, weight: 3}, b], affinity: metadata.tenant}")
        let shares = try shares(policies) { round, features in features.facts.metadata = ["tenant": "t\(round)"] }
        #expect(abs(shares["a", default: 0] - 0.75) < 0.03)
        let byUser = try self.policies("{targets: [a, b], affinity: user}")
        let byKey = try self.policies("{targets: [a, b], affinity: key}")
        #expect(try byUser.decide("v") { $0.facts.user = "x" }.names == byKey.decide("v") { $0.keyID = "x" }.names)
    }

    @Test func virtualTargetsAreBalancedToo() throws {
        let text = models + "  inner: [big, mini]\n  v: {balance: {targets: [inner, sonnet], strategy: least_busy}}\n"
        let decision = try snapshot(text).decide("v", state: TestState(busy: ["mini": 4]))
        #expect(decision.names == ["sonnet", "big", "mini"])
    }

    @Test func aHedgeRacesTheFirstTwoOfTheOrder() throws {
        let text = models + "  v: {balance: {targets: [big, {use: mini, priority: 2}, {use: sonnet, priority: 3}]}, hedge: {after: 2s}}\n"
        guard case .firstOf(let plans) = try snapshot(text).decide("v").plan, case .race(let legs, .seconds(2)) = plans[0] else {
            Issue.record("no race")
            return
        }
        #expect(legs.compactMap(\.firstCall?.model.name) == ["big", "mini"] && plans.count == 2)
    }
}
