import EventLoop
import Testing

@testable import Execution

@Suite struct RetryBudgetTests {
    private static let start = MonotonicTime(nanoseconds: 1_000_000_000_000)

    /// How many of `count` retries, one behind the other, a team gets.
    private func take(_ budget: inout RetryBudget, _ team: String, _ count: Int, at seconds: Double) -> Int {
        let now = Self.start + .milliseconds(Int(seconds * 1_000))
        return (0..<count).count { _ in budget.withdraw(for: team, at: now) }
    }

    @Test func aTeamAloneHasMostOfWhatIsCommon() {
        var budget = RetryBudget()
        #expect(take(&budget, "a", 100, at: 0) == 75)
    }

    @Test func whatATeamEarnsIsItsOwn() {
        var budget = RetryBudget()
        for _ in 0..<100 { budget.deposit(for: "a") }
        #expect(take(&budget, "b", 100, at: 0) == 75)
        #expect(take(&budget, "a", 100, at: 0) >= 20)
        var full = RetryBudget()
        for _ in 0..<10_000 { full.deposit(for: "a") }
        #expect((100...180).contains(take(&full, "a", 1_000, at: 0)), "what can be saved up is bounded")
    }

    /// A team that takes every retry it can get, for a minute, leaves the next one some at any moment.
    @Test func aGreedyTeamLeavesRetriesToOthers() {
        var budget = RetryBudget()
        var greedy = 0
        for step in 0..<600 {
            greedy += take(&budget, "greedy", 50, at: Double(step) / 10)
            if step > 50, step % 50 == 0 { #expect(take(&budget, "modest", 3, at: Double(step) / 10) == 3, "step \(step)") }
        }
        #expect((300...720).contains(greedy), "what is saved up and ten a second, not more and not far less: \(greedy)")
    }

    @Test func manyGreedyTeamsTogetherGetNoMoreThanOne() {
        var budget = RetryBudget()
        var taken = 0
        for step in 0..<600 { for team in 0..<20 { taken += take(&budget, "\(team)", 5, at: Double(step) / 10) } }
        #expect(taken <= 710)
    }

    @Test func whatWasTakenIsForgotten() {
        var budget = RetryBudget()
        #expect(take(&budget, "a", 100, at: 0) == 75)
        #expect(take(&budget, "a", 100, at: 20) >= 70)
    }
}
