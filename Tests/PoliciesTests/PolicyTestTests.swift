import Policies
import Testing

/// The policies' own tests: what they are given reaches the decision, and what they expect is compared.
@Suite struct PolicyTestTests {
    private func results(_ tests: String..., virtual: String = "") throws -> [PolicyTestResult] {
        try snapshot(models + virtual + "tests:\n" + tests.map { "  - \($0)\n" }.joined()).runTests()
    }

    @Test func passAndFailureAreTold() throws {
        let results = try results(
            "{name: right, given: {model: mini, prompt: Hi}, expect: {model: mini, route: direct}}",
            "{given: {model: mini, prompt: \"Hi there\"}, expect: {model: big, refused: max_cost_exceeded}}",
            "{name: unknown, given: {model: nothing-of-that, prompt: Hi}, expect: {refused: model_not_found}}")
        #expect(results.map(\.hasPassed) == [true, false, true])
        #expect(
            PolicyTestReport.text(of: results) == """
                Tests
                  main.yaml:11: test 2 failed
                    given: mini, "Hi there"
                    model: expected big, got mini
                    refused: expected max_cost_exceeded, got taken by mini
                  2 passed, 1 failed

                """)
        #expect(PolicyTestReport.text(of: Array(results.prefix(1))) == "Tests\n  1 passed\n" && PolicyTestReport.text(of: []).isEmpty)
    }

    /// Each member of `given` selects the one rule that tests it.
    @Test(
        arguments: [
            ("user: ann", "user: ann"), ("team: acme/t", "team: acme/t"), ("key: ci, team: acme/t", "key: ci"),
            ("key: \"acme/t#ci\"", "key: \"acme/t#ci\""), ("metadata: {a: 1}", "metadata.a: 1"), ("headers: {X-A: b}", "header.x-a: b"),
            ("max_cost: 5", "max_cost: 5"), ("budget_left: 5", "budget_left: 5"), ("tools: true", "tools: true"),
            ("images: true", "images: true"),
            ("structured_output: true", "structured_output: true"), ("stream: true", "stream: true"),
            ("input_tokens: 77", "input_tokens: 77"),
            ("time: \"2026-01-06T09:30:00\"", "weekday: tue, time_of_day: \"9:30-9:31\""),
            ("time: \"2026-01-06T09:30:00+01:00\"", "time_of_day: \"10:30-10:31\""),
            ("user: ann", "weekday: mon, time_of_day: \"14:00-14:01\""),
        ])
    func whatIsGivenArrives(_ given: String, _ condition: String) throws {
        let virtual =
            "  v: {route: [{when: {\(condition)}, use: sonnet}, {use: mini}]}\ntimezone: \"+02:00\"\norganizations: {acme: {teams: {t: {}}}}\n"
        let results = try results("{given: {model: v, prompt: Hi, \(given)}, expect: {model: sonnet, rule: 1}}", virtual: virtual)
        #expect(results.allSatisfy { $0.hasPassed }, "\(PolicyTestReport.text(of: results))")
        let other = try self.results("{given: {model: v, prompt: Hi, time: \"2026-01-09T00:00:00\"}, expect: {rule: 2}}", virtual: virtual)
        #expect(condition.contains("max_cost") || condition.contains("budget_left") || other.allSatisfy { $0.hasPassed })
    }

    @Test func sessionsReachTheAffinity() throws {
        let virtual = "  v: {balance: {targets: [big, mini], affinity: session}}\n"
        let tests = (0..<20).map { "{name: \"\($0)\", given: {model: v, prompt: Hi, session: s\($0)}, expect: {model: mini}}" }
        let firsts = try tests.map { try results($0, virtual: virtual).map(\.hasPassed) }
        #expect(Set(firsts) == [[true], [false]])
    }

    @Test func theConversationIsClassified() throws {
        let virtual = "  v: {route: [{when: {task: code}, use: sonnet}, {use: mini}]}\n"
        let results = try results(
            "{name: a, given: {model: v, prompt: \"Write a Python function that sorts a list of tuples.\"}, expect: {task: code, model: sonnet}}",
            "{name: b, given: {model: mini, system: You help., messages: [{role: user, content: Hi!}, {role: assistant, content: Hello.}, {role: user, content: Thanks!}]}, expect: {task: simple}}",
            virtual: virtual)
        #expect(results.allSatisfy { $0.hasPassed }, "\(PolicyTestReport.text(of: results))")
    }

    @Test func whoAsksMayBeRefused() throws {
        let organizations =
            "organizations: {acme: {teams: {t: {models: [mini, big], keys: [{name: ci, sha256: \(String(repeating: "ab", count: 32)), models: [mini]}]}}}}\n"
        let results = try results(
            "{name: a, given: {model: sonnet, prompt: Hi, team: acme/t}, expect: {refused: model_not_allowed}}",
            "{name: b, given: {model: big, prompt: Hi, team: acme/t}, expect: {model: big}}",
            "{name: c, given: {model: big, prompt: Hi, team: acme/t, key: ci}, expect: {refused: model_not_allowed}}",
            "{name: d, given: {model: mini, prompt: Hi, key: \"acme/t#ci\"}, expect: {model: mini}}",
            virtual: organizations)
        #expect(results.allSatisfy { $0.hasPassed }, "\(PolicyTestReport.text(of: results))")
    }

    @Test func listsLimitsAndExclusionsAreCompared() throws {
        let results = try results(
            "{name: a, given: {model: v, prompt: Hi, tools: true}, expect: {models: [mini, big], excluded: [free]}}",
            "{name: b, given: {model: v, prompt: Hi}, expect: {excluded: [free]}}",
            "{name: c, given: {model: mini, prompt: Hi, max_cost: 1}, expect: {max_tokens: 16384}}",
            "{name: d, given: {model: mini, prompt: Hi}, expect: {max_tokens: 16384}}", virtual: "  v: [free, mini, big]\n")
        #expect(results.map(\.hasPassed) == [true, false, true, false])
        #expect(results[1].mismatches.map(\.got) == ["none"] && results[3].mismatches.map(\.got) == ["none"])
    }
}
