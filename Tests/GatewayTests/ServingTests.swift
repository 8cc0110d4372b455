import Chat
import Core
import Ledger
import Testing

@testable import Gateway

/// Requests through a whole gateway, in one process with its provider: what the endpoints, and the steps in front of them, say.
@Suite struct ServingTests {
    @Test func aWholeAnswerIsBilledBeforeItIsSent() async throws {
        let records = try await serving { running in
            let heard = try await running.chat()
            #expect(heard.status == 200 && heard.fields["content-type"] == "application/json")
            #expect(try heard.value("choices.0.message.content") == "Hello")
            #expect(heard.fields["x-purser-cost-usd"] == "0.00002" && heard.fields["x-purser-model"] == "house/small")
            #expect(heard.fields["x-purser-route"] == "direct" && heard.fields["x-purser-attempts"] == "1")
            #expect(heard.fields["server-timing"]?.hasPrefix("gateway;dur=") == true)
            #expect(running.provider.bodies.count == 1 && running.provider.bodies[0].contains(#""model":"small""#))
            return try running.records()
        }
        let record = try #require(records.first)
        #expect(records.count == 1 && record.cost == NanoUSD(nanos: 20_000) && record.team == "acme/research")
        #expect(record.model == "house/small" && record.organization == "acme" && record.requestID.hasPrefix("req_"))
    }

    @Test func aStreamIsPassedOnAndEndsWithDone() async throws {
        let records = try await serving { running in
            running.provider.answer(RunningGateway.events)
            let heard = try await running.chat(body: RunningGateway.streamedChat)
            #expect(heard.status == 200 && heard.fields["content-type"] == "text/event-stream; charset=utf-8")
            #expect(heard.fields["cache-control"] == "no-cache" && heard.fields["x-accel-buffering"] == "no")
            #expect(heard.body.contains(#""content":"Hel""#) && heard.body.contains(#""content":"lo""#))
            #expect(heard.body.hasSuffix("data: [DONE]\n\n"))
            return try running.records()
        }
        #expect(records.map(\.cost) == [NanoUSD(nanos: 20_000)] && records.map(\.isStream) == [true])
    }

    /// A stream that breaks off has begun with 200: the error is an event, and there is no `[DONE]`.
    @Test func aStreamThatIsCutEndsWithAnError() async throws {
        try await serving { running in
            running.provider.answer(String(RunningGateway.events.prefix(140)) + "\n\n")
            let heard = try await running.chat(body: RunningGateway.streamedChat)
            #expect(heard.body.contains("\"error\"") && !heard.body.contains("[DONE]"))
        }
    }

    @Test func whoAsksForItGetsAnExplanation() async throws {
        try await serving { running in
            let whole = try await running.chat(["x-purser-explain: true", "x-request-id: mine-1"])
            #expect(try whole.value("purser.request_id") == "mine-1" && whole.value("purser.cost_usd") == "2e-05")
            #expect(try whole.value("purser.attempts.0.model") == "house/small" && whole.value("purser.attempts.0.status") == "ok")
            #expect(try whole.value("purser.attempts.0.role") == "primary" && whole.value("purser.route") == "direct")
            #expect(try await running.chat(["x-purser-explain: yes"]).value("purser") == nil)
            let refused = try await running.chat(["x-purser-explain: true"], body: RunningGateway.chat.replacing("small", with: "none"))
            #expect(try refused.status == 404 && refused.value("purser.requested") == "house/none")
            running.provider.answer(RunningGateway.events)
            let stream = try await running.chat(["x-purser-explain: true"], body: RunningGateway.streamedChat)
            #expect(stream.body.contains("\"purser\":{\"request_id\""))
        }
    }

    @Test func aFailureOfTheProviderNamesItsAttempts() async throws {
        let records = try await serving { running in
            running.provider.answer(#"{"error":{"message":"sk-secret is down"}}"#, status: 500)
            let heard = try await running.chat()
            #expect(heard.status == 502 && heard.code == "upstream_error" && !heard.body.contains("sk-secret"))
            #expect(try heard.value("error.attempts.0.model") == "house/small")
            #expect(running.log.count(of: "request failed") == 1)
            return try running.records()
        }
        #expect(records.allSatisfy { $0.cost == .zero })
    }

    // MARK: Keys

    @Test(
        arguments: [
            ([], "invalid_api_key"), (["authorization: Bearer \(RunningGateway.key)"], nil),
            (["authorization: bEaReR  \(RunningGateway.key)"], nil),
            (["x-api-key: \(RunningGateway.key)"], nil), (["api-key: \(RunningGateway.key)"], nil),
            (["authorization: Bearer"], "invalid_api_key"), (["authorization: \(RunningGateway.key)"], "invalid_api_key"),
            (["authorization: Basic \(RunningGateway.key)"], "invalid_api_key"), (["authorization: Bearer x"], "invalid_api_key"),
            (["x-api-key: \(RunningGateway.key)", "x-api-key: \(RunningGateway.key)"], "invalid_api_key"),
            (["authorization: Bearer x", "x-api-key: \(RunningGateway.key)"], "invalid_api_key"),
            (["authorization: Basic x", "x-api-key: \(RunningGateway.key)"], nil),
        ] as [([String], String?)])
    func aKeyComesInOneOfThreeFields(_ lines: [String], _ code: String?) async throws {
        try await serving { running in
            let heard = try await running.ask("GET", "/v1/models", lines, key: nil)
            #expect(heard.code == code && heard.status == (code == nil ? 200 : 401))
            #expect(heard.fields["www-authenticate"] == (code == nil ? nil : "Bearer"))
        }
    }

    @Test func aKeyWorksAsSoonAsItIsMade() async throws {
        try await serving { running in
            let key = try running.keys.create(team: "acme/research", models: ["house/small"])
            #expect(try await running.chat(key: key.plaintext).status == 200)
            let other = try await running.chat(body: RunningGateway.chat.replacing("small", with: "large"), key: key.plaintext)
            #expect(other.status == 403 && other.code == "model_not_allowed")
            try running.keys.revoke(key.id)
            running.gateway.keys.refresh()
            let revoked = try await running.chat(key: key.plaintext)
            #expect(revoked.status == 401 && revoked.code == "invalid_api_key")
        }
    }

    @Test func anExpiredKeyIsLikeAnUnknownOne() async throws {
        try await serving { running in
            let key = try running.keys.create(team: "acme/research", expires: WallTime(microseconds: WallTime.now.microseconds - 1))
            let (expired, unknown) = (try await running.chat(key: key.plaintext), try await running.chat(key: "sk-unknown"))
            #expect(expired.status == 401 && expired.body == unknown.body)
        }
    }

    @Test func aKeyOfATeamThatIsNotThereIsToldSo() async throws {
        try await serving { running in
            let key = try running.keys.create(team: "acme/gone")
            let heard = try await running.chat(key: key.plaintext)
            #expect(heard.status == 403 && heard.code == "model_not_allowed" && heard.body.contains("acme/gone"))
        }
    }

    @Test func aKeySeesTheModelsOfItsTeamOnly() async throws {
        try await serving { running in
            let sales = try running.keys.create(team: "acme/sales").plaintext
            let (all, some) = (try await running.ask("GET", "/v1/models"), try await running.ask("GET", "/models/", key: sales))
            #expect(all.body.contains("house/small") && all.body.contains("house/large"))
            #expect(!some.body.contains("house/small") && some.body.contains("house/large"))
            let one = try await running.ask("GET", "/v1/models/house%2Flarge", key: sales)
            #expect(try one.value("id") == "house/large" && one.value("owned_by") == "house" && one.value("created") == "1735689600")
            #expect(try await running.ask("GET", "/v1/models/small").value("display_name") == "house/small")
            #expect(try await running.ask("GET", "/v1/models/house/small", key: sales).code == "model_not_allowed")
            #expect(try await running.ask("GET", "/v1/models/house/none").code == "model_not_found")
        }
    }

    // MARK: Requests that are refused

    @Test(
        arguments: [
            (["content-type: text/plain"], 415, "content-type"), (["content-type: application/jsonx"], 415, "content-type"),
            (["content-type: application/json", "content-encoding: compress"], 415, "content-encoding"),
            (["content-type: application/json; charset=utf-8"], 200, ""), (["content-type: APPLICATION/JSON"], 200, ""),
            (["content-type: application/x-www-form-urlencoded"], 200, ""), ([], 200, ""),
            (["x-purser-timeout: 30"], 400, "x-purser-timeout"), (["x-purser-timeout: 0s"], 400, "x-purser-timeout"),
            (["x-purser-timeout: -1s"], 400, "x-purser-timeout"), (["x-purser-timeout: 1.5s"], 400, "x-purser-timeout"),
            (["x-purser-timeout: 25h"], 400, "x-purser-timeout"), (["x-purser-timeout: 1441m"], 400, "x-purser-timeout"),
            (["x-purser-timeout: 1440m"], 200, ""), (["x-purser-timeout: 30000ms"], 200, ""), (["x-purser-timeout: 30s"], 200, ""),
            (["x-purser-max-cost: -1"], 400, "x-purser-max-cost"), (["x-purser-max-cost: much"], 400, "x-purser-max-cost"),
            (["x-purser-max-cost:"], 400, "x-purser-max-cost"), (["x-purser-max-cost: 0.05"], 200, ""),
            (["x-purser-max-cost: 1", "x-purser-max-cost: 1"], 400, "x-purser-max-cost"),
            (["idempotency-key: a", "Idempotency-Key: b"], 400, "idempotency-key"), (["idempotency-key:"], 400, "Idempotency-Key"),
            (["idempotency-key: two words"], 400, "Idempotency-Key"), (["idempotency-key: k\u{e4}se"], 400, "Idempotency-Key"),
            (["idempotency-key: \(String(repeating: "x", count: 256))"], 400, "Idempotency-Key"),
            (["idempotency-key: \(String(repeating: "x", count: 255))"], 200, ""), (["x-purser-metadata: [1]"], 400, nil),
            (["x-purser-metadata: {\"a\":\"b\"}"], 200, ""),
        ] as [([String], Int, String?)])
    func headersAreCheckedBeforeAnybodyIsCalled(_ lines: [String], _ status: Int, _ param: String?) async throws {
        try await serving { running in
            let heard = try await running.ask("POST", "/v1/chat/completions", lines, body: RunningGateway.chat)
            #expect(heard.status == status, "\(heard.body)")
            if status != 200, let param { #expect(try heard.value("error.param") == param) }
            #expect(running.provider.bodies.count == (status == 200 ? 1 : 0))
            #expect((heard.fields["accept-encoding"] != nil) == (status == 415))
        }
    }

    @Test(
        arguments: [
            ("GET", "/v1/chat/completions", 405, "POST"), ("DELETE", "/v1/models", 405, "GET, HEAD"), ("GET", "/v1/embeddings", 404, nil),
            ("GET", "/admin/v1/status", 404, nil),
        ] as [(String, String, Int, String?)])
    func whatIsNotThereIsToldWithoutAKey(_ method: String, _ path: String, _ status: Int, _ allowed: String?) async throws {
        try await serving { running in
            let heard = try await running.ask(method, path, key: nil)
            #expect(heard.status == status && heard.fields["allow"] == allowed && heard.fields["x-request-id"] != nil)
        }
    }

    @Test func whatIsNoHTTPIsAnsweredInTheAPIsWords() async throws {
        try await serving { running in
            let heard = try await running.ask("GET", "/v1/models", ["host: other"])
            #expect(heard.status == 400 && heard.code == "invalid_request_error")
            #expect(heard.fields["x-request-id"]?.hasPrefix("req_") == true && heard.fields["connection"] == "close")
        }
    }

    @Test(arguments: [
        ("mine", true), ("a-b_c.d:9", true), (String(repeating: "x", count: 128), true), (String(repeating: "x", count: 129), false),
        ("two words", false), ("a/b", false), ("\u{e4}", false), ("", false), ("a\"b", false),
    ])
    func theClientsRequestIDIsUsedWherePlain(_ id: String, _ isUsed: Bool) async throws {
        try await serving { running in
            let heard = try await running.ask("GET", "/v1/models", ["x-request-id: \(id)"])
            #expect((heard.fields["x-request-id"] == id) == isUsed)
            if !isUsed { #expect(heard.fields["x-request-id"]?.hasPrefix("req_") == true) }
        }
    }

    @Test func theLowerCeilingOfBodyAndHeaderCounts() async throws {
        try await serving { running in
            let body = String(RunningGateway.chat.dropLast()) + #","max_cost":0.000001}"#
            for (lines, body) in [(["x-purser-max-cost: 1"], body), (["x-purser-max-cost: 0.000001"], RunningGateway.chat)] {
                let heard = try await running.chat(lines, body: body)
                #expect(heard.status == 402 && heard.code == "max_cost_exceeded" && heard.fields["x-should-retry"] == "false")
            }
            #expect(running.provider.bodies.isEmpty)
        }
    }

    @Test func tagsOfTheHeaderAreInTheRecord() async throws {
        let records = try await serving { running in
            _ = try await running.chat([#"x-purser-metadata: {"b":"2","a":"1"}"#])
            return try running.records()
        }
        #expect(records[0].metadata.map(\.name) == ["a", "b"] && records[0].metadata.map(\.value) == ["1", "2"])
    }

    // MARK: Browsers

    @Test func aPreflightNeedsNoKey() async throws {
        try await serving(RunningGateway.policies(more: "cors: {origins: [\"https://app.example\"]}")) { running in
            let lines = ["origin: https://app.example", "access-control-request-method: POST"]
            let asked = try await running.ask(
                "OPTIONS", "/v1/chat/completions", lines + ["access-control-request-headers: x-stainless-os, authorization"], key: nil)
            #expect(asked.status == 204 && asked.fields["access-control-allow-origin"] == "https://app.example")
            #expect(asked.fields["access-control-allow-headers"] == "x-stainless-os, authorization")
            let usual = try await running.ask("OPTIONS", "/v1/models", lines + ["access-control-request-headers: a;b"], key: nil)
            #expect(usual.fields["access-control-allow-headers"]?.hasPrefix("authorization, ") == true)
            let foreign = try await running.ask(
                "OPTIONS", "/v1/models", ["origin: https://evil.example", "access-control-request-method: POST"], key: nil)
            #expect(foreign.status == 403 && foreign.code == "origin_not_allowed")
            #expect(foreign.fields["access-control-allow-origin"] == nil)
            let answered = try await running.ask("GET", "/v1/models", ["origin: https://app.example"], key: nil)
            #expect(answered.status == 401 && answered.fields["access-control-allow-origin"] == "https://app.example")
        }
    }

    @Test func withoutRulesThereIsNoPreflight() async throws {
        try await serving { running in
            let heard = try await running.ask(
                "OPTIONS", "/v1/models", ["origin: https://app.example", "access-control-request-method: POST"], key: nil)
            #expect(heard.status == 405 && heard.fields["access-control-allow-origin"] == nil && heard.fields["vary"] == nil)
        }
    }

    // MARK: State

    @Test func readinessFollowsTheState() async throws {
        try await serving { running in
            let ready = try await running.ask("GET", "/readyz", key: nil)
            #expect(
                ready.status == 200
                    && ready.body
                        == #"{"status":"ready","ledger":"ok","draining":false,"memory":"ok","requests":"ok","policies":"ok","keys":"ok"}"#
            )
            running.gateway.memory.enter(.scarce)
            #expect(try await running.ask("GET", "/readyz", key: nil).status == 200)
            running.gateway.memory.enter(.exhausted)
            let exhausted = try await running.ask("GET", "/readyz", key: nil)
            #expect(try exhausted.status == 503 && exhausted.value("memory") == "exhausted")
            #expect(try await running.ask("GET", "/v1/models").code == "overloaded")
            #expect(try await running.ask("GET", "/healthz", key: nil).status == 200)
            running.gateway.memory.enter(.enough)
            running.gateway.beginDraining()
            let draining = try await running.ask("GET", "/readyz", key: nil)
            #expect(try draining.status == 503 && draining.value("status") == "not ready" && draining.value("draining") == "1")
            #expect(try await running.chat().status == 200, "those that are here are served")
        }
    }

    @Test func withoutAPlaceARequestIsRefusedAndItsPlaceComesBack() async throws {
        try await serving(RunningGateway.policies(), RunningGateway.Choices(maxRequests: 1)) { running in
            running.provider.close()
            let first = try running.begin(body: RunningGateway.chat)
            #expect(await eventually { running.provider.underWay == 1 })
            let second = try await running.chat()
            #expect(second.status == 503 && second.code == "overloaded" && second.fields["retry-after-ms"] == "1000")
            let readiness = try await running.ask("GET", "/readyz", key: nil)
            #expect(try readiness.status == 503 && readiness.value("requests") == "full")
            running.provider.open()
            #expect(try await first.heard().status == 200)
            #expect(await eventually { running.gateway.isIdle })
            #expect(try await running.chat().status == 200)
        }
    }

    @Test func oneKeyHasAsManyPlacesAsItMay() async throws {
        try await serving(RunningGateway.policies(), RunningGateway.Choices(maxRequestsPerKey: 1)) { running in
            running.provider.close()
            let first = try running.begin(body: RunningGateway.chat)
            #expect(await eventually { running.provider.underWay == 1 })
            let second = try await running.chat()
            #expect(second.status == 503 && second.body.contains("--max-requests-per-key"))
            let other = try running.begin(body: RunningGateway.chat, key: try running.keys.create(team: "acme/research").plaintext)
            #expect(await eventually { running.provider.underWay == 2 })
            running.provider.open()
            #expect(try await [first.heard().status, other.heard().status] == [200, 200])
        }
    }

    /// A client that leaves gives back its place, its memory and its reservation.
    @Test func aClientThatLeavesGivesEverythingBack() async throws {
        try await serving(RunningGateway.policies(limits: "[{concurrent: 1}]")) { running in
            running.provider.close()
            var line: Line? = try running.begin(body: RunningGateway.chat)
            #expect(await eventually { running.provider.underWay == 1 })
            #expect(!running.gateway.isIdle)
            withExtendedLifetime(line) {}
            line = nil
            #expect(await eventually { running.gateway.isIdle })
            running.provider.open()
            #expect(await eventually { running.provider.underWay == 0 })
            #expect(try await running.chat().status == 200)
        }
    }
}
