import Chat
import Policies
import Testing

@Suite struct SplitTests {
    private func policies(_ arms: String, sticky: String = "user") throws -> PolicySnapshot {
        try snapshot(models + "  v: {split: {experiment: mini-vs-sonnet, sticky: \(sticky), arms: {\(arms)}}}\n")
    }

    private static let ninety = "control: {use: mini, weight: 90}, candidate: {use: sonnet, weight: 10}"

    private func arm(_ policies: PolicySnapshot, _ user: String) throws -> String? {
        try policies.decide("v") { $0.facts.user = user }.trace.arm
    }

    @Test func theArmIsInTheTraceAndDecides() throws {
        let trace = try policies(Self.ninety).decide("v") { $0.facts.user = "ann" }.trace
        #expect(trace.experiment == "mini-vs-sonnet" && trace.assignedBy == nil)
        #expect(trace.model == (trace.arm == "control" ? "mini" : "sonnet"))
    }

    /// Computed once by an independent implementation in another language: a change of the hash moves users between the arms of running
    /// experiments.
    @Test func assignmentsNeverChange() throws {
        let policies = try policies("a: {use: mini, weight: 50}, b: {use: sonnet, weight: 30}, c: {use: big, weight: 20}")
        let expected = ["a", "b", "b", "a", "a", "c", "c", "a", "a", "a", "c", "b", "b", "a", "a", "b"]
        #expect(try expected.indices.map { try arm(policies, "user-\($0)") } == expected)
    }

    @Test func unitsAreSharedByWeight() throws {
        let policies = try policies("a: {use: mini, weight: 50}, b: {use: sonnet, weight: 30}, c: {use: big, weight: 20}")
        var counts: [String: Int] = [:]
        for user in 0..<10_000 { counts[try arm(policies, "u\(user)") ?? "", default: 0] += 1 }
        // Three standard deviations of a binomial share of 10,000.
        for (name, share) in [("a", 0.5), ("b", 0.3), ("c", 0.2)] {
            #expect(abs(Double(counts[name, default: 0]) / 10_000 - share) < 0.015, "\(counts)")
        }
    }

    @Test func aChangedWeightMovesOnlyWhoMust() throws {
        let (before, after) = (
            try policies("a: {use: mini, weight: 50}, b: {use: sonnet, weight: 30}, c: {use: big, weight: 20}"),
            try policies("a: {use: mini, weight: 50}, b: {use: sonnet, weight: 30}, c: {use: big, weight: 40}")
        )
        for user in 0..<3000 {
            let (old, new) = (try arm(before, "u\(user)"), try arm(after, "u\(user)"))
            #expect(old == new || new == "c", "nobody moves between the arms whose weights are as they were")
        }
    }

    @Test func experimentsAreIndependent() throws {
        let one = try policies("a: {use: mini}, b: {use: sonnet}")
        let other = try snapshot(models + "  v: {split: {experiment: other, sticky: user, arms: {a: {use: mini}, b: {use: sonnet}}}}\n")
        let same = try (0..<4000).filter { try arm(one, "u\($0)") == arm(other, "u\($0)") }.count
        #expect(abs(same - 2000) < 150)
    }

    @Test func whoHasNoUnitGoesByTheKeyAndThenByChance() throws {
        let policies = try policies(Self.ninety)
        let byKey = try policies.decide("v") { $0.keyID = "acme/t#ci" }.trace
        #expect(byKey.assignedBy == "key")
        #expect(
            try byKey.arm
                == policies.decide("v") {
                    $0.keyID = "acme/t#ci"; $0.seed = 5
                }.trace.arm)
        #expect(try policies.decide("v").trace.assignedBy == "chance")
    }

    @Test(arguments: ["key", "session", "metadata.tenant"])
    func theUnitIsThePolicysChoice(_ sticky: String) throws {
        let policies = try policies("a: {use: mini}, b: {use: sonnet}", sticky: sticky)
        var arms: Set<String> = []
        for unit in 0..<40 {
            let trace = try policies.decide("v") {
                $0.keyID = sticky == "key" ? "k\(unit)" : "same"
                $0.session = sticky == "session" ? "s\(unit)" : nil
                $0.facts.metadata = sticky == "metadata.tenant" ? ["tenant": "t\(unit)"] : [:]
                $0.facts.user = "same"
            }.trace
            #expect(trace.assignedBy == nil)
            arms.insert(trace.arm ?? "")
        }
        #expect(arms == ["a", "b"])
    }

    @Test func anArmThatIsDownIsNotReplacedByAnother() throws {
        let policies = try policies("a: {use: mini}, b: {use: mini}")
        // It stays in the plan: the run reports until when the target is unavailable.
        let decision = try policies.decide("v", state: TestState(down: ["mini"]))
        #expect(decision.names == ["mini"] && decision.trace.arm != nil)
    }
}
