import Chat
import Core
import EventLoop
import Ledger
import Synchronization
import Testing

@testable import Gateway

/// Requests with an `Idempotency-Key` through a whole gateway: who runs, who joins, and what is kept.
@Suite struct IdempotentServingTests {
    private let once = ["content-type: application/json", "idempotency-key: order-1"]

    private func send(
        _ running: RunningGateway, body: String = RunningGateway.chat, key: String = RunningGateway.key, _ more: [String] = []
    ) async throws -> Heard {
        try await running.ask("POST", "/v1/chat/completions", once + more, body: body, key: key)
    }

    @Test func aRetryGetsTheSameAnswerAndPaysNothing() async throws {
        let records = try await serving { running in
            let (first, second) = (try await send(running), try await send(running))
            #expect(first.status == 200 && second.body == first.body && running.provider.bodies.count == 1)
            #expect(first.fields["idempotency-replayed"] == nil && second.fields["idempotency-replayed"] == "true")
            for name in ["x-request-id", "x-purser-cost-usd", "content-type", "server-timing"] {
                #expect(first.fields[name] != nil && second.fields[name] == first.fields[name])
            }
            return try running.records()
        }
        #expect(records.map(\.cost) == [NanoUSD(nanos: 20_000)])
    }

    @Test func aStreamIsReplayedEventByEvent() async throws {
        try await serving { running in
            running.provider.answer(RunningGateway.events)
            let (first, second) = (
                try await send(running, body: RunningGateway.streamedChat), try await send(running, body: RunningGateway.streamedChat)
            )
            #expect(first.body.hasSuffix("data: [DONE]\n\n") && second.body == first.body && running.provider.bodies.count == 1)
            #expect(second.fields["idempotency-replayed"] == "true" && second.fields["content-type"] == first.fields["content-type"])
        }
    }

    @Test(arguments: [false, true]) func thoseThatComeMeanwhileJoin(isStream: Bool) async throws {
        try await serving { running in
            if isStream { running.provider.answer(RunningGateway.events) }
            running.provider.close()
            let body = isStream ? RunningGateway.streamedChat : RunningGateway.chat
            let lines = try (0..<5).map { _ in try running.begin(once, body: body) }
            #expect(await eventually { running.gateway.idempotency.count == 1 && running.provider.underWay == 1 })
            running.provider.open()
            var heard: [Heard] = []
            for line in lines { heard.append(try await line.heard()) }
            #expect(Set(heard.map(\.body)).count == 1 && heard.allSatisfy { $0.status == 200 } && running.provider.bodies.count == 1)
            #expect(heard.count { $0.fields["idempotency-replayed"] == nil } == 1)
        }
    }

    @Test func anotherRequestUnderTheSameKeyIsRefused() async throws {
        try await serving { running in
            #expect(try await send(running).status == 200)
            let others = [
                try await send(running, body: RunningGateway.chat + " "), try await send(running, ["x-purser-explain: true"]),
                try await send(running, ["x-purser-max-cost: 1"]),
                try await running.ask("POST", "/chat/completions", once, body: RunningGateway.chat),
            ]
            for heard in others {
                #expect(
                    try heard.status == 422 && heard.code == "idempotency_key_reused" && heard.value("error.param") == "Idempotency-Key")
            }
            #expect(running.provider.bodies.count == 1)
        }
    }

    @Test func theSameValueOfAnotherClientIsAnotherKey() async throws {
        try await serving { running in
            let other = try running.keys.create(team: "acme/research").plaintext
            #expect(try await [send(running).status, send(running, key: other).status] == [200, 200])
            #expect(running.provider.bodies.count == 2)
        }
    }

    @Test func failuresAreNotKept() async throws {
        try await serving { running in
            running.provider.answer("{}", status: 500)
            #expect(try await send(running).status == 502)
            #expect(try await send(running, body: "no JSON").status == 400)
            #expect(running.gateway.idempotency.count == 0)
            running.provider.answer(RunningGateway.answer)
            let heard = try await send(running)
            #expect(heard.status == 200 && heard.fields["idempotency-replayed"] == nil)
        }
    }

    /// The client was told of the failure in the stream, and tries again with the same key.
    @Test func aStreamThatFailsIsNotKept() async throws {
        try await serving { running in
            running.provider.answer(String(RunningGateway.events.prefix(140)) + "\n\n")
            let failed = try await send(running, body: RunningGateway.streamedChat)
            #expect(failed.status == 200 && failed.body.contains("\"error\"") && running.gateway.idempotency.count == 0)
            running.provider.answer(RunningGateway.events)
            let heard = try await send(running, body: RunningGateway.streamedChat)
            #expect(heard.body.hasSuffix("data: [DONE]\n\n") && heard.fields["idempotency-replayed"] == nil)
        }
    }

    /// It runs on for the retry, which the network may only have delayed.
    @Test func aClientThatLeavesDoesNotCancel() async throws {
        let records = try await serving { running in
            running.provider.close()
            var line: Line? = try running.begin(once, body: RunningGateway.chat)
            #expect(await eventually { running.provider.underWay == 1 })
            withExtendedLifetime(line) {}
            line = nil
            let activity = running.gateway.activities.activity(of: try keyID(running), in: "acme/research")
            #expect(await eventually { activity.idleRequests.load(ordering: .relaxed) == 1 }, "it counts as one without a client")
            #expect(!running.gateway.isIdle)
            running.provider.open()
            #expect(await eventually { running.gateway.isIdle && activity.idleRequests.load(ordering: .relaxed) == 0 })
            let heard = try await send(running)
            #expect(heard.status == 200 && heard.fields["idempotency-replayed"] == "true" && running.provider.bodies.count == 1)
            return try running.records()
        }
        #expect(records.map(\.cost) == [NanoUSD(nanos: 20_000)])
    }

    private func keyID(_ running: RunningGateway) throws -> String {
        try #require(running.gateway.activities.keysSeen(within: .seconds(600), before: .now()).first)
    }

    @Test func withoutAClientItRunsForItsTimeOnly() async throws {
        var limits = IdempotencyLimits()
        limits.unattended = .milliseconds(50)
        try await serving(RunningGateway.policies(), RunningGateway.Choices(idempotency: limits)) { running in
            running.provider.close()
            var line: Line? = try running.begin(once, body: RunningGateway.chat)
            #expect(await eventually { running.provider.underWay == 1 })
            withExtendedLifetime(line) {}
            line = nil
            #expect(await eventually { running.gateway.isIdle })
            running.provider.open()
            let heard = try await send(running)
            #expect(heard.status == 409 && heard.code == "idempotency_answer_not_kept" && heard.fields["x-should-retry"] == "false")
        }
    }

    @Test func aShutdownEndsThoseWithoutAClient() async throws {
        try await serving { running in
            running.provider.close()
            var line: Line? = try running.begin(once, body: RunningGateway.chat)
            #expect(await eventually { running.provider.underWay == 1 })
            withExtendedLifetime(line) {}
            line = nil
            running.gateway.abortUnattended()
            #expect(await eventually { running.gateway.isIdle })
        }
    }

    @Test(arguments: [false, true]) func whatIsTooLargeIsPassedOnAndNotKept(isStream: Bool) async throws {
        var limits = IdempotencyLimits()
        limits.answerBytes = 100
        try await serving(RunningGateway.policies(), RunningGateway.Choices(idempotency: limits)) { running in
            if isStream { running.provider.answer(RunningGateway.events) }
            let body = isStream ? RunningGateway.streamedChat : RunningGateway.chat
            let first = try await send(running, body: body)
            #expect(first.status == 200 && first.body.utf8.count > 100)
            let second = try await send(running, body: body)
            #expect(second.status == 409 && second.code == "idempotency_answer_not_kept")
            #expect(running.provider.bodies.count == 1 && running.gateway.idempotency.bytes == 0)
        }
    }

    /// Keys and bytes of answers that are left.
    private func remembered(_ running: RunningGateway) -> Int {
        running.gateway.forgetExpired()
        return running.gateway.idempotency.count + running.gateway.idempotency.bytes
    }

    @Test func anAnswerIsForgottenAfterItsTime() async throws {
        var limits = IdempotencyLimits()
        limits.keep = .milliseconds(1)
        try await serving(RunningGateway.policies(), RunningGateway.Choices(idempotency: limits)) { running in
            let first = try await send(running)
            #expect(first.status == 200)
            #expect(await eventually { remembered(running) == 0 })
            #expect(try await send(running).fields["idempotency-replayed"] == nil)
            #expect(running.provider.bodies.count == 2)
        }
    }

    @Test func moreKeysThanAreRememberedAreRefusedWhileAllRun() async throws {
        var limits = IdempotencyLimits()
        limits.keys = 1
        try await serving(RunningGateway.policies(), RunningGateway.Choices(idempotency: limits)) { running in
            running.provider.close()
            let first = try running.begin(once, body: RunningGateway.chat)
            #expect(await eventually { running.provider.underWay == 1 })
            let second = try await running.chat(["idempotency-key: order-2"])
            #expect(second.status == 503 && second.code == "overloaded" && second.fields["retry-after"] == "1")
            running.provider.open()
            #expect(try await first.heard().status == 200)
            #expect(try await running.chat(["idempotency-key: order-2"]).status == 200)
        }
    }

    // MARK: Slow clients

    /// A stream of some eight megabytes, of which little is kept.
    private func servingMuch(_ body: (RunningGateway) async throws -> Void) async throws {
        var limits = IdempotencyLimits()
        limits.answerBytes = 10_000
        let piece = String(repeating: "x", count: 8_000)
        let event =
            #"data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"\#(piece)"}}]}"#
        try await serving(RunningGateway.policies(), RunningGateway.Choices(idempotency: limits)) { running in
            running.provider.answer(String(repeating: event + "\n\n", count: 1_000) + RunningGateway.events)
            running.provider.close()
            try await body(running)
        }
    }

    @Test func whatIsNotKeptGoesAtThePaceOfItsFirstClient() async throws {
        try await servingMuch { running in
            let line = try running.begin(once, body: RunningGateway.streamedChat, isNarrow: true)
            #expect(await eventually { running.provider.underWay == 1 })
            running.provider.open()
            let heard = try await line.heard()
            #expect(heard.body.utf8.count > 8_000_000 && heard.body.hasSuffix("data: [DONE]\n\n"))
            #expect(running.gateway.idempotency.bytes == 0)
        }
    }

    @Test func whoIsTooFarBehindLosesAnAnswerThatIsNotKept() async throws {
        try await servingMuch { running in
            let first = try running.begin(once, body: RunningGateway.streamedChat)
            #expect(await eventually { running.provider.underWay == 1 })
            let second = try running.begin(once, body: RunningGateway.streamedChat, isNarrow: true)
            #expect(await eventually { running.gateway.places.count == 2 }, "the run has the first one's place")
            running.provider.open()
            #expect(try await first.heard().body.hasSuffix("data: [DONE]\n\n"))
            let heard = try await second.heard()
            #expect(heard.status == 200 && heard.body.contains("idempotency_answer_not_kept") && !heard.body.contains("[DONE]"))
        }
    }
}
