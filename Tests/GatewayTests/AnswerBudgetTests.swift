import Testing

@testable import Gateway

@Suite struct AnswerBudgetTests {
    @Test func bytesAreTakenUpToTheLimitAndGivenBack() {
        let budget = AnswerBudget(limit: 100)
        #expect(budget.take(60) && budget.take(40))
        #expect(!budget.take(1) && budget.bytes == 100)
        budget.give(60)
        #expect(budget.take(60) && budget.bytes == 100)
    }

    @Test func whatIsTakenCountsInTheWholeToo() {
        let whole = AnswerBudget(limit: 100)
        let (one, other) = (AnswerBudget(limit: .max, within: whole), AnswerBudget(limit: 30, within: whole))
        #expect(one.take(70) && other.take(20))
        #expect(whole.bytes == 90 && one.bytes == 70 && other.bytes == 20)
        one.give(70)
        other.give(20)
        #expect(whole.bytes == 0 && one.bytes == 0 && other.bytes == 0)
    }

    @Test func whatThePartOrTheWholeRefusesIsTakenFromNeither() {
        let whole = AnswerBudget(limit: 100)
        let (one, other) = (AnswerBudget(limit: .max, within: whole), AnswerBudget(limit: 30, within: whole))
        #expect(!other.take(31))
        #expect(whole.bytes == 0 && other.bytes == 0)
        #expect(one.take(90) && !other.take(20))
        #expect(whole.bytes == 90 && other.bytes == 0)
        #expect(other.take(10))
    }

    @Test func manyThreadsNeverTakeMoreThanThereIs() async {
        let whole = AnswerBudget(limit: 1_000)
        let taken = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let part = AnswerBudget(limit: .max, within: whole)
                    var kept = 0
                    for number in 0..<5_000 where part.take(7) {
                        if number % 3 == 0 { part.give(7) } else { kept += 7 }
                    }
                    return kept
                }
            }
            return await group.reduce(0, +)
        }
        // A try that fails may have made another fail, but nothing is lost or counted twice.
        #expect(taken == whole.bytes && taken <= 1_000 && taken > 900)
    }
}
