import Chat
import Core
import Ledger
import Limits
import Testing

@testable import Execution

@Suite struct LimitRefusalTests {
    private func refusal(_ rules: [LimitRule], spend: Spending, ask: Spending) throws -> LimitRefusal? {
        let limits = LimitTree(
            try LimitConfiguration(scopes: [ScopeRules(path: "acme", limits: rules)]) { _ in nil },
            hooks: LimitHooks(alert: { _ in }, misuse: { _ in })
        ).organization(of: "acme")
        let scopes = RequestScopes(team: "acme")
        if case .held(let hold) = limits.reserve(SpendRequest(scopes, model: "m", amount: spend), at: .now) { hold.settle(spend, at: .now) }
        guard case .refused(let refusal) = limits.reserve(SpendRequest(scopes, model: "m", amount: ask), at: .now) else { return nil }
        return refusal
    }

    @Test func aSpentBudget_is402AndMayBeServedElsewhere() throws {
        let usd = Spending(usd: NanoUSD(nanos: 100), tokens: 0)
        let error = try #require(try refusal([LimitRule(.usd(NanoUSD(nanos: 100)), per: .total)], spend: usd, ask: usd)).gatewayError
        #expect(error.code == .budgetExceeded && error.code.status == 402 && error.retry == .elsewhere && error.retry.isFinal)
        #expect(error.source == .gateway && error.publicMessage.hasPrefix("Budget exceeded: acme has a limit of"))
    }

    @Test func aSpentRate_is429WithATime() throws {
        let one = Spending(requests: 1)
        let error = try #require(try refusal([LimitRule(.requests(1), per: .minute)], spend: one, ask: one)).gatewayError
        guard case .after(let time) = error.retry else {
            Issue.record("\(error.retry)")
            return
        }
        #expect(error.code == .rateLimitExceeded && error.code.status == 429 && time <= .seconds(60) && !error.retry.isFinal)
    }

    @Test func aLedgerThatCannotBeWritten_is503() {
        let error = LedgerFailure.full(path: "/x/ledger.db").gatewayError
        #expect(error.code == .storageUnavailable && error.code.status == 503 && !error.publicMessage.contains("/x"))
        #expect(error.detail?.contains("/x/ledger.db") == true && error.retry == .after(.seconds(1)))
    }
}
