import Chat
import Core
import Foundation
import Ledger
import Testing

@testable import Gateway

/// The admin listener of a whole gateway.
@Suite struct AdminServingTests {
    @Test(arguments: ["/admin/v1/status", "/admin/v1/budgets", "/admin/v1/reload", "/admin/v1/ledger/refund"])
    func whoHasNoKeyLearnsNothing(_ path: String) async throws {
        try await serving { running in
            for key in [nil, RunningGateway.key, "sk-other"] {
                for method in ["GET", "POST", "DELETE"] {
                    let heard = try await running.askAdmin(method, path, key: key)
                    #expect(heard.status == 401 && heard.fields["allow"] == nil)
                }
            }
            let known = try await running.askAdmin("DELETE", path)
            #expect(known.status == 405 && known.fields["allow"] != nil && known.fields["cache-control"] == "no-store")
        }
    }

    @Test func healthNeedsNoKeyButAHostOfItsOwn() async throws {
        try await serving { running in
            let heard = try await running.askAdmin("GET", "/healthz", key: nil)
            #expect(heard.status == 200 && heard.body == #"{"status":"ok"}"#)
            #expect(heard.fields["x-request-id"]?.hasPrefix("req_") == true)
            #expect(try await running.askAdmin("GET", "http://evil.example/healthz").status == 400, "it names another host")
            #expect(try await running.askAdmin("GET", "/none").code == "not_found")
        }
    }

    @Test func theStatusHasTheReasonsThatReadinessKeepsToItself() async throws {
        try await serving { running in
            #expect(try await running.askAdmin("GET", "/admin/v1/status").value("policies_version") == "1")
            try running.folder.write("models: {a: {provider: nobody}}\n")
            #expect(running.gateway.reloadPolicies().count > 0)
            let status = try await running.askAdmin("GET", "/admin/v1/status")
            #expect(try status.value("policies") == "refused" && status.value("policies_error")?.contains("nobody") == true)
            let open = try await running.ask("GET", "/readyz", key: nil)
            #expect(try open.status == 200 && open.value("policies") == "refused" && !open.body.contains("nobody"))
        }
    }

    // MARK: Budgets

    @Test(arguments: [
        ("", 2), ("?scope=acme", 2), ("?scope=acme/research", 1), ("?scope=acme%2Fsales", 1), ("?scope=acme/res", 0), ("?scope=other", 0),
    ])
    func budgetsAreThoseOfAScopeAndBelow(_ query: String, _ count: Int) async throws {
        let policies = RunningGateway.policies(limits: "[{usd: 1, per: day}]")
            .replacing("{models: [house/large]}", with: "{models: [house/large], limits: [{requests: 5, per: day}]}")
        try await serving(policies) { running in
            let heard = try await running.askAdmin("GET", "/admin/v1/budgets" + query)
            #expect(try heard.status == 200 && heard.value("object") == "list")
            #expect(heard.body.components(separatedBy: "\"waiting\":0").count - 1 == count)
        }
    }

    @Test(arguments: ["?scope=", "?scope", "?scope=a&scope=b", "?scope=%ff", "?other=a", "?scope=a&other=b", "?SCOPE=a"])
    func anyOtherQueryIsRefused(_ query: String) async throws {
        try await serving { running in
            let heard = try await running.askAdmin("GET", "/admin/v1/budgets" + query)
            #expect(try heard.status == 400 && heard.value("error.param") == "scope")
        }
    }

    // MARK: Reload

    @Test func aReloadTakesAllFilesOrNone() async throws {
        try await serving { running in
            try running.folder.write(RunningGateway.policies().replacing("aliases: [small]", with: "aliases: [tiny]"))
            let taken = try await running.askAdmin("POST", "/admin/v1/reload")
            #expect(taken.status == 200 && taken.body == #"{"reloaded":true,"errors":[]}"#)
            #expect(try await running.ask("GET", "/v1/models/tiny").status == 200)
            try running.folder.write("models: [", to: "b.yaml")
            let refused = try await running.askAdmin("POST", "/admin/v1/reload")
            #expect(try refused.status == 422 && refused.value("reloaded") == "0" && refused.value("errors.0")?.contains("b.yaml") == true)
            #expect(try await running.ask("GET", "/v1/models/tiny").status == 200)
            #expect(running.log.count(of: "policies refused") == 1 && running.log.count(of: "policies reloaded") == 1)
        }
    }

    @Test(arguments: [
        ("", "", 422), ("?force=true", "", 200), ("?force=1", "", 200), ("?force", "", 200), ("?force=false", "", 422),
        ("?force=0", "", 422), ("", #"{"force": true}"#, 200), ("", #"{"force": false}"#, 422), ("", "{}", 422), ("", " \n", 422),
        ("?force=true", #"{"force": false}"#, 200), ("?force=yes", "", 400), ("?forced", "", 400), ("", "[true]", 400),
        ("", #"{"force": "true"}"#, 400), ("", #"{"forced": true}"#, 400), ("", "{", 400),
    ])
    func whatIsInUseIsTakenAwayByForceOnly(_ query: String, _ body: String, _ status: Int) async throws {
        try await serving { running in
            #expect(try await running.chat().status == 200)
            try running.folder.write(RunningGateway.policies().replacing("  research:", with: "  renamed:"))
            let heard = try await running.askAdmin("POST", "/admin/v1/reload" + query, body: body)
            #expect(heard.status == status, "\(heard.body)")
            if status == 422 { #expect(heard.body.contains("acme/research") && heard.body.contains("--force")) }
            #expect(try await running.askAdmin("GET", "/admin/v1/status").value("policies_version") == (status == 200 ? "2" : "1"))
        }
    }

    @Test func compressedBodiesAreNotTaken() async throws {
        try await serving { running in
            let heard = try await running.askAdmin("POST", "/admin/v1/reload", ["content-encoding: gzip"], body: "{}")
            #expect(heard.status == 415 && heard.code == "unsupported_media_type")
        }
    }

    // MARK: Refunds

    @Test(
        arguments: [
            ("{}", "id"), (#"{"id":""}"#, "id"), (#"{"id":5}"#, "id"), (#"{"id":"\#(String(repeating: "x", count: 257))"}"#, "id"),
            (#"{"id":"a","note":5}"#, "note"), (#"{"id":"a","note":"\#(String(repeating: "x", count: 1_001))"}"#, "note"),
            (#"{"id":"a","else":1}"#, "else"), ("[]", nil), ("", nil), ("{", nil),
        ] as [(String, String?)])
    func aRefundNamesWhatIsWrongWithIt(_ body: String, _ param: String?) async throws {
        try await serving { running in
            let heard = try await running.askAdmin("POST", "/admin/v1/ledger/refund", body: body)
            #expect(heard.status == 400 && heard.code == "invalid_request_error")
            if let param { #expect(try heard.value("error.param") == param) }
        }
    }

    @Test func whatIsNotInDoubtIsNotRefunded() async throws {
        try await serving { running in
            let id = try #require(try await running.chat().fields["x-request-id"])
            for id in [id, "req_unknown"] {
                let heard = try await running.askAdmin("POST", "/admin/v1/ledger/refund", body: #"{"id":"\#(id)","note":null}"#)
                #expect(heard.status == 409 && heard.code == "not_refundable" && heard.fields["x-should-retry"] == "false")
            }
        }
    }

    /// A client that leaves while the provider works leaves a cost that nobody knows: it counts in the limit until it is refunded.
    @Test func whatIsInDoubtIsRefundedOnceInLedgerAndLimits() async throws {
        try await serving(RunningGateway.policies(limits: "[{usd: 1, per: total}]")) { running in
            running.provider.close()
            var line: Line? = try running.begin(["x-request-id: lost"], body: RunningGateway.chat)
            #expect(await eventually { running.provider.underWay == 1 })
            withExtendedLifetime(line) {}
            line = nil
            #expect(await eventually { running.gateway.isIdle })
            func amount(_ member: String) async throws -> Int64 {
                let text = try await running.askAdmin("GET", "/admin/v1/budgets").value("data.0.\(member)")
                return try #require(NanoUSD(decimal: text ?? "")).nanos
            }
            let (spent, inDoubt) = (try await amount("spent"), try await amount("in_doubt"))
            #expect(inDoubt > 0 && spent > inDoubt, "what was certainly sent is not in doubt")
            #expect(
                try await eventuallyIs(200) {
                    try await running.askAdmin("POST", "/admin/v1/ledger/refund", body: #"{"id":"lost","note":"it was me"}"#).status
                })
            #expect(try await [amount("spent"), amount("in_doubt"), amount("held")] == [spent - inDoubt, 0, 0])
            let again = try await running.askAdmin("POST", "/admin/v1/ledger/refund", body: #"{"id":"lost"}"#)
            #expect(again.code == "not_refundable")
            #expect(running.log.count(of: "refunded") == 1)
        }
    }
}
