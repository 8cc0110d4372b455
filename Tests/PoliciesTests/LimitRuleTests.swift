import Chat
import Core
import Policies
import Testing

@Suite struct LimitRuleTests {
    private static let ci = String(repeating: "0a", count: 32)

    private func compiled(_ text: String, _ environment: [String: String] = [:]) throws -> PolicySnapshot {
        let compilation = PolicyCompiler.compile(
            [PolicyFile(path: "main.yaml", text: text)], environment: environment, now: testNow, assumesProvidersOn: true,
            resource: TestFiles.timeZone)
        return try #require(compilation.snapshot, "\(compilation.diagnostics.rendered)")
    }

    /// The one limit of an organization.
    private func rule(_ rule: String, _ environment: [String: String] = [:]) throws -> LimitRule {
        let snapshot = try compiled(models + "organizations: {acme: {limits: [\(rule)]}}\n", environment)
        return try #require(snapshot.limitScopes.first?.limits.first)
    }

    @Test(
        arguments: [
            ("{usd: 500, per: month}", LimitRule(.usd("500"), per: .month)),
            ("{usd: 0.000000001, per: minute}", LimitRule(.usd(NanoUSD(nanos: 1)), per: .minute)),
            ("{usd: '12.50', per: week}", LimitRule(.usd("12.5"), per: .week)),
            ("{usd: 1000000000, per: total}", LimitRule(.usd("1000000000"), per: .total)),
            ("{usd: 0, per: hour}", LimitRule(.usd(.zero), per: .hour)),
            ("{tokens: 200000, per: minute}", LimitRule(.tokens(200_000), per: .minute)),
            ("{requests: 600, per: day, wait: 2s}", LimitRule(.requests(600), per: .day, wait: .seconds(2))),
            ("{requests: 0, per: day}", LimitRule(.requests(0), per: .day)),
            ("{concurrent: 32, wait: 10m}", LimitRule(.concurrent(32), wait: .seconds(600))),
            ("{usd: 40, per: day, soft: true}", LimitRule(.usd("40"), per: .day, soft: true)),
            ("{usd: 40, per: day, soft: false, webhook: }", LimitRule(.usd("40"), per: .day)),
        ])
    func isRead(_ text: String, _ expected: LimitRule) throws { #expect(try rule(text) == expected) }

    @Test func modelsAreNamedAsTheyAreCalled() throws {
        let text = """
            providers: {p: {kind: openai, base_url: http://h}, q: {kind: openai, base_url: http://h, api_key: "${NOWHERE}"}}
            models:
              own/big: {provider: p, price: free, aliases: [large]}
              own/small: {provider: p, price: free}
              "own/ft-*": {provider: p, price: free}
              other/off: {provider: q, price: free}
            organizations:
              acme:
                limits:
                  - {requests: 1, per: day, models: [large, small, own/ft-7, other/off, "own/*"]}
                  - {requests: 2, per: day, models: [large, "*"]}
            """
        let snapshot = try #require(compile(text).snapshot)
        let limits = try #require(snapshot.limitScopes.first).limits
        #expect(limits.map(\.models) == [["own/big", "own/small", "own/ft-7", "other/off", "own/*"], nil])
    }

    @Test(
        arguments: [
            "https://hooks.example/T0/B0/x", "https://hooks.example:8443/?sig=a%20b&x=/", "HTTPS://hooks.example",
            "http://127.0.0.1:9000/alert", "http://127.8.8.8/", "http://localhost/a", "http://[::1]:80/a",
        ])
    func webhook(_ address: String) throws {
        let read = try rule("{usd: 1, per: day, soft: true, webhook: \"${ADDRESS}\"}", ["ADDRESS": address])
        #expect(read.webhook == address)
        let pieces = try rule("{usd: 1, per: day, soft: true, webhook: \"https://h/${A}?t=${B}\"}", ["A": "a", "B": "b"])
        #expect(pieces.webhook == "https://h/a?t=b")
    }

    @Test(
        arguments: [
            "https://hooks.example/#x", "https://hooks.example/a b", "https://hooks.example/?ä", "https://",
            "http://127.0.0.1.evil.example/", "http://127.1/", "http://127.0.0.256/", "http://10.0.0.1/", "http://localhost.example/",
            "ftp://127.0.0.1/", "https://u@h/",
            "https://h/" + String(repeating: "x", count: 2048),
        ])
    func wrongWebhook(_ address: String) {
        let policy = "organizations: {a: {limits: [{usd: 1, per: day, soft: true, webhook: \"${S}\"}]}}"
        let compilation = compile(policy, environment: ["S": address])
        #expect(compilation.errors.contains { $0.message.hasPrefix("the webhook ") })
        #expect(!compilation.diagnostics.rendered.contains(address))
    }

    @Test func withoutItsVariableALimitIsToldToNoWebhook() throws {
        #expect(try rule("{usd: 1, per: day, soft: true, webhook: \"${NOT_SET}\"}") == LimitRule(.usd("1"), per: .day, soft: true))
    }
}

@Suite struct LimitScopeTests {
    private static let text = """
        timezone: Europe/Berlin
        ledger: {fail: open}
        providers: {p: {kind: openai, base_url: http://h}}
        models: {big: {provider: p, price: free}}
        organizations:
          acme:
            limits: [{usd: 500, per: month}]
            teams:
              plain:
              research:
                timezone: +02:00
                weight: 3
                limits: [{usd: 50, per: day}, {concurrent: 32, wait: 2s}]
                each_key: [{usd: 10, per: day}]
                each_user: [{usd: 1, per: day, soft: true, webhook: "https://hooks.example/T0/B0/secret"}]
                keys:
                  - {name: ci, sha256: \(String(repeating: "0a", count: 32)), limits: [{usd: 5, per: day, models: [big]}]}
                  - {name: dev, sha256: \(String(repeating: "0b", count: 32)), limits: []}
                teams: {vision: {each_key: [{requests: 60, per: minute}]}}
          other: {timezone: UTC, weight: 1000, teams: {all: {}}}
        """

    private func snapshot(_ text: String = text) throws -> PolicySnapshot {
        try PoliciesTests.snapshot(text, resource: TestFiles.timeZone)
    }

    @Test func everyScopeIsRead() throws {
        let snapshot = try snapshot()
        #expect(
            snapshot.limitScopes == [
                ScopeRules(path: "acme", limits: [LimitRule(.usd("500"), per: .month)], timeZone: "Europe/Berlin"),
                ScopeRules(
                    path: "acme/research",
                    limits: [LimitRule(.usd("50"), per: .day), LimitRule(.concurrent(32), wait: .seconds(2))],
                    eachKey: [LimitRule(.usd("10"), per: .day)],
                    eachUser: [LimitRule(.usd("1"), per: .day, soft: true, webhook: "https://hooks.example/T0/B0/secret")],
                    timeZone: "+02:00", weight: 3),
                ScopeRules(path: "acme/research/vision", eachKey: [LimitRule(.requests(60), per: .minute)]),
                ScopeRules(path: "other", timeZone: "UTC", weight: 1000),
            ])
        #expect(
            snapshot.limitKeys == [
                KeyRules(id: "acme/research#ci", team: "acme/research", limits: [LimitRule(.usd("5"), per: .day, models: ["big"])])
            ])
        #expect(snapshot.keys.map(\.id) == ["acme/research#ci", "acme/research#dev"])
        #expect(snapshot.failsOpen)
    }

    @Test func everyNamedZoneIsThere() throws {
        let zones = try snapshot().zones
        #expect(zones.mapValues { $0.offset(at: 1_783_000_000) } == ["Europe/Berlin": 7200, "+02:00": 7200, "UTC": 0])
    }

    @Test func withoutLimitsThereIsNothing() throws {
        let snapshot = try snapshot("ledger:\norganizations: {acme: {limits: [], teams: {a: {weight: 1, each_key: []}, b: }}}\n")
        #expect(snapshot.limitScopes.isEmpty && snapshot.limitKeys.isEmpty && snapshot.zones.isEmpty && !snapshot.failsOpen)
        #expect(!PolicySummary.text(of: snapshot).contains("Limits"))
    }

    @Test func teamsMayBeAsDeepAsFilesCanBe() throws {
        var team = "{limits: [{usd: 1, per: day}]}"
        for depth in 1...11 { team = "{teams: {t\(depth): \(team)}}" }
        let snapshot = try snapshot("organizations: {acme: \(team)}\n")
        #expect(snapshot.limitScopes.map { $0.path.split(separator: "/").count } == [12])
    }

    @Test func summaryListsEveryLimitAndNoWebhook() throws {
        let summary = PolicySummary.text(of: try snapshot())
        #expect(!summary.contains("hooks.example") && !summary.contains("secret"))
        #expect(
            summary.components(after: "Limits\n") == """
                  acme                            time zone Europe/Berlin
                  acme                            usd 500 per month
                  acme/research                   time zone +02:00, weight 3
                  acme/research                   usd 50 per day
                  acme/research                   concurrent 32               waits up to 2s
                  acme/research, each key         usd 10 per day
                  acme/research, each user        usd 1 per day               soft; tells a webhook
                  acme/research/vision, each key  requests 60 per minute
                  other                           time zone UTC, weight 1000
                  acme/research#ci                usd 5 per day               models big
                  shared ledger away              requests go on unlimited

                """)
    }
}

/// Models that must have a price, and those that need none.
@Suite struct PricedBudgetTests {
    private func errors(_ organization: String) -> [String] {
        let text =
            models
            + "  odd: [unknown, big]\n  nested: {fallback: [odd, mini]}\n  even: [big, mini]\norganizations: {acme: \(organization)}\n"
        return compile(text).errors.map { String($0.message.prefix { $0 != "," }) }
    }

    @Test(
        arguments: [
            "{limits: [{usd: 5, per: day, soft: true}], teams: {a: {}}}", "{limits: [{tokens: 5, per: day}], teams: {a: {}}}",
            "{limits: [{usd: 5, per: day}], teams: {a: {models: [even, big, unknown]}}}",
            "{limits: [{usd: 5, per: day, models: [big, m*]}], teams: {a: {}}}",
            "{limits: [{usd: 5, per: day}]}", "{teams: {a: {limits: [{usd: 5, per: day}], models: [even]}, b: {models: [odd]}}}",
        ])
    func isTaken(_ organization: String) { #expect(errors(organization).isEmpty) }

    @Test(
        arguments: [
            "{limits: [{usd: 5, per: day}], teams: {a: {models: [odd]}}}", "{limits: [{usd: 0, per: day}], teams: {a: {models: [odd]}}}",
            "{teams: {a: {each_user: [{usd: 5, per: day}], teams: {b: {models: [\"o*\"]}}, models: []}}}",
        ])
    func isRefused(_ organization: String) {
        #expect(errors(organization).count == 1)
        #expect(errors(organization).first?.hasPrefix("the virtual model \"odd\" (main.yaml:9:3) may call \"unknown\"") == true)
    }

    @Test func anUnpricedModelOfItsOwnNameIsANotice() {
        let text =
            models
            + "organizations: {acme: {limits: [{usd: 5, per: day}, {usd: 1, per: day, models: [mini]}], teams: {a: , b: {models: [mini]}}}}\n"
        #expect(
            compile(text).notices.map { "\($0.line):\($0.column) \($0.message)" } == [
                "9:33 calls of \"unknown\" have no price, so they do not count in this limit of usd 5 per day"
            ])
    }

    @Test func nestedModelsAreSeenThrough() {
        let found = errors("{limits: [{usd: 5, per: day}], teams: {a: {models: [nested]}}}")
        #expect(found == ["the virtual model \"nested\" (main.yaml:10:3) may call \"unknown\""])
    }
}

extension String {
    /// The rest after the first `text`.
    fileprivate func components(after text: String) -> String? { firstRange(of: text).map { String(self[$0.upperBound...]) } }
}
