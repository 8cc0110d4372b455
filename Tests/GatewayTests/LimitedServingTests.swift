import Chat
import Core
import EventLoop
import Ledger
import Limits
import Testing

@testable import Gateway

/// Limits at work in a whole gateway: what is refused, what waits, and what answers say of them.
@Suite struct LimitedServingTests {
    private func limited(_ limits: String, _ body: (RunningGateway) async throws -> Void) async throws {
        try await serving(RunningGateway.policies(limits: limits), RunningGateway.Choices(), body)
    }

    /// What the admin listener says of a limit.
    private func state(_ running: RunningGateway, _ member: String, of index: Int = 0) async throws -> String? {
        try await running.askAdmin("GET", "/admin/v1/budgets").value("data.\(index).\(member)")
    }

    @Test func answersSayWhatIsLeft() async throws {
        try await limited("[{usd: 1, per: day}, {requests: 100, per: hour}, {tokens: 5000, per: total}]") { running in
            let heard = try await running.chat()
            #expect(heard.status == 200)
            #expect(heard.fields["x-ratelimit-limit-requests"] == "100" && heard.fields["x-ratelimit-remaining-requests"] == "99")
            #expect(heard.fields["x-ratelimit-limit-tokens"] == "5000")
            let reset = try #require(heard.fields["x-ratelimit-reset-requests"])
            #expect(reset.hasSuffix("s") && !reset.hasPrefix("0"), "\(reset)")
            #expect(heard.fields["x-ratelimit-reset-tokens"] == nil, "a total is never reset")
            let left = try #require(heard.fields["x-purser-budget-left-usd"].flatMap { NanoUSD(decimal: $0) })
            #expect(left.nanos < 1_000_000_000 && left.nanos > 990_000_000)
            let second = try await running.chat(["x-purser-explain: true"])
            #expect(try second.value("purser.budget.0.scope") == "acme/research" && second.value("purser.budget.0.limit") == "1")
        }
    }

    @Test func whereNothingIsLimitedNothingIsSaid() async throws {
        try await serving { running in
            let heard = try await running.chat()
            #expect(heard.fields.keys.allSatisfy { !$0.hasPrefix("x-ratelimit") && $0 != "x-purser-budget-left-usd" })
        }
    }

    @Test func aRateThatIsSpentRefusesAndSaysWhenItIsReset() async throws {
        try await limited("[{requests: 1, per: hour}]") { running in
            #expect(try await running.chat().status == 200)
            let heard = try await running.chat()
            #expect(heard.status == 429 && heard.code == "rate_limit_exceeded" && heard.body.contains("acme/research"))
            #expect(heard.fields["x-ratelimit-remaining-requests"] == "0" && heard.fields["retry-after"] != nil)
            #expect(running.provider.bodies.count == 1)
        }
    }

    @Test func moneyThatIsSpentRefusesForGood() async throws {
        try await limited("[{usd: 0.000001, per: total}]") { running in
            let heard = try await running.chat()
            #expect(heard.status == 402 && heard.code == "budget_exceeded" && heard.fields["x-should-retry"] == "false")
            #expect(heard.fields["x-purser-budget-left-usd"] == "0.000001" && running.provider.bodies.isEmpty)
        }
    }

    @Test func aSpentLimitOfOneModelLeavesTheOther() async throws {
        try await limited("[{requests: 0, per: day, models: [house/small]}]") { running in
            let chain = RunningGateway.chat.replacing(#""house/small""#, with: #"["house/small","house/large"]"#)
            let heard = try await running.chat(body: chain)
            #expect(heard.status == 200 && heard.fields["x-purser-model"] == "house/large")
            #expect(try await running.chat().status == 429)
        }
    }

    // MARK: Waiting

    @Test func whoWaitsIsServedWhenOthersEnd() async throws {
        try await limited("[{concurrent: 1, wait: 20s}]") { running in
            running.provider.close()
            let first = try running.begin(body: RunningGateway.chat)
            #expect(await eventually { running.provider.underWay == 1 })
            let second = try running.begin(body: RunningGateway.chat)
            #expect(try await eventuallyIs("1") { try await state(running, "waiting") })
            #expect(running.provider.underWay == 1, "it waits in front of the provider")
            running.provider.open()
            #expect(try await [first.heard().status, second.heard().status] == [200, 200])
            #expect(try await [state(running, "waiting"), state(running, "held")] == ["0", "0"])
        }
    }

    @Test func whoHasWaitedAsLongAsItMayIsRefused() async throws {
        try await limited("[{concurrent: 1, wait: 100ms}]") { running in
            running.provider.close()
            let first = try running.begin(body: RunningGateway.chat)
            #expect(await eventually { running.provider.underWay == 1 })
            let begin = MonotonicTime.now()
            let second = try await running.chat()
            #expect(second.status == 429 && second.code == "rate_limit_exceeded")
            #expect(MonotonicTime.now() - begin >= .milliseconds(100))
            running.provider.open()
            #expect(try await first.heard().status == 200)
        }
    }

    /// A request's own deadline ends its wait before the limit's.
    @Test func nobodyWaitsLongerThanTheClientDoes() async throws {
        try await limited("[{concurrent: 1, wait: 10m}]") { running in
            running.provider.close()
            let first = try running.begin(body: RunningGateway.chat)
            #expect(await eventually { running.provider.underWay == 1 })
            #expect(try await running.chat(["x-purser-timeout: 200ms"]).status >= 400)
            #expect(try await state(running, "waiting") == "0")
            running.provider.open()
            #expect(try await first.heard().status == 200)
        }
    }

    /// Who leaves is out of the line at once: not when its wait would have ended, which is after that of the one in front of it.
    @Test func whoLeavesTheLineHoldsNothing() async throws {
        try await limited("[{concurrent: 1, wait: 10m}]") { running in
            running.provider.close()
            let first = try running.begin(body: RunningGateway.chat)
            #expect(await eventually { running.provider.underWay == 1 })
            let second = try running.begin(body: RunningGateway.chat)
            #expect(try await eventuallyIs("1") { try await state(running, "waiting") })
            var third: Line? = try running.begin(body: RunningGateway.chat)
            #expect(try await eventuallyIs("2") { try await state(running, "waiting") })
            withExtendedLifetime(third) {}
            third = nil
            #expect(try await eventuallyIs("1") { try await state(running, "waiting") })
            running.provider.open()
            #expect(try await [first.heard().status, second.heard().status] == [200, 200])
            #expect(await eventually { running.gateway.isIdle })
            #expect(try await state(running, "held") == "0" && running.provider.bodies.count == 2)
        }
    }

    @Test func manyInLineAreServedOneAfterTheOther() async throws {
        try await limited("[{concurrent: 2, wait: 30s}]") { running in
            let lines = try (0..<20).map { _ in try running.begin(body: RunningGateway.chat) }
            for line in lines { #expect(try await line.heard().status == 200) }
            #expect(running.provider.mostUnderWay <= 2 && running.provider.bodies.count == 20)
            #expect(try await state(running, "held") == "0")
        }
    }

    // MARK: What the ledger knows

    /// A start counts what earlier runs have spent in the windows of now.
    @Test func whatWasSpentBeforeAStartStillCounts() async throws {
        let policies = RunningGateway.policies(limits: "[{usd: 1, per: total}, {requests: 2, per: total}]")
        let folder = try Folder()
        let first = try RunningGateway(policies, in: folder)
        #expect(try await first.chat().status == 200)
        try first.stop()
        let second = try RunningGateway(policies, in: folder)
        #expect(try await [state(second, "spent", of: 0), state(second, "spent", of: 1)] == ["0.00002", "1"])
        #expect(try await second.chat().status == 200)
        #expect(try await second.chat().status == 429)
        try second.stop()
    }

    /// A limit that a reload adds counts what was spent before it was there.
    @Test func aNewLimitCountsWhatWasSpentBefore() async throws {
        try await serving { running in
            #expect(try await running.chat().status == 200)
            try running.folder.write(RunningGateway.policies(limits: "[{requests: 1, per: total}]"))
            #expect(running.gateway.reloadPolicies() == [])
            #expect(try await state(running, "spent") == "1")
            #expect(try await running.chat().status == 429)
        }
    }
}
