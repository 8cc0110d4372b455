import Chat
import Classifier
import Core
import Policies
import Testing

/// Each condition on both sides of its edge.
@Suite struct ConditionTests {
    private func holds(_ condition: String, zone: String = "UTC", _ change: (inout RequestFeatures) -> Void) throws -> Bool {
        let text = models + "  v: {route: [{when: {\(condition)}, use: big}, {use: mini}]}\ntimezone: \"\(zone)\"\n"
        return try snapshot(text).decide("v", with: change).trace.model == "big"
    }

    @Test(
        arguments: [
            ("input_tokens: 5", 5, true), ("input_tokens: 5", 6, false), ("input_tokens: \">=5\"", 5, true),
            ("input_tokens: \">5\"", 5, false),
            ("input_tokens: \"<5\"", 4, true), ("input_tokens: \"<=5\"", 6, false), ("input_tokens: \"!=5\"", 5, false),
            ("input_tokens: \"!=5\"", 6, true), ("input_tokens: \"==5\"", 5, true), ("input_tokens: \"=5\"", 5, true),
            ("input_tokens: \"100..500\"", 100, true), ("input_tokens: \"100..500\"", 500, true),
            ("input_tokens: \"100..500\"", 501, false),
            ("input_tokens: \"100-500\"", 300, true), ("input_tokens: \">=5 <10\"", 9, true), ("input_tokens: \">=5 <10\"", 10, false),
            ("input_tokens: [1, \">=100\"]", 1, true), ("input_tokens: [1, \">=100\"]", 50, false),
            ("input_tokens: \">9000000000\"", .max, true),
        ] as [(String, Int, Bool)])
    func numbers(_ condition: String, _ tokens: Int, _ expected: Bool) throws {
        let policies = try snapshot(models + "  v: {route: [{when: {\(condition)}, use: unknown}, {use: free}]}\n")
        let trace: DecisionTrace
        do throws(DecisionFailure) {
            trace = try policies.decide("v") { $0.facts.inputTokens.estimate = tokens }.trace
        } catch {
            trace = error.trace
        }
        #expect(trace.rule == (expected ? "1" : "2"))
    }

    @Test func amountsOfMoneyAreExactAndAbsentOnesAreUnlimited() throws {
        for (amount, expected) in [("0.05", true), ("0.049999999", false), (nil, true)] as [(String?, Bool)] {
            let money = amount.flatMap { NanoUSD(decimal: $0) }
            // With a ceiling below the cost of `big` the rule still decides, so the trace is checked and not the model.
            let policies = try snapshot(models + #"  v: {route: [{when: {budget_left: ">=0.05"}, use: big}, {use: mini}]}"# + "\n")
            #expect(try policies.decide("v") { $0.budgetLeft = money }.trace.rule == (expected ? "1" : "2"))
        }
        #expect(try holds("max_cost: \">1\"") { _ in })
        #expect(try !holds("max_cost: \"<1\"") { _ in })
        #expect(try holds("budget_left: \"<0.01\"") { $0.budgetLeft = "-3" })
    }

    @Test func scoresAndLanguages() throws {
        func classified(_ score: Double, _ language: String?) -> (inout RequestFeatures) -> Void {
            { $0.classification = Classification(task: .math, complexityScore: score, complexity: .medium, language: language) }
        }
        #expect(try holds("complexity_score: \">=0.7\"", classified(0.7, nil)))
        #expect(try !holds("complexity_score: \">=0.7\"", classified(0.69999, nil)))
        #expect(try !holds("complexity_score: \">=0.7\"", classified(.nan, nil)))
        #expect(try holds("complexity_score: \"<=1\"", classified(7, nil)))
        #expect(try !holds("complexity_score: \">=0\"") { _ in })
        #expect(try holds("language: [de, fr]", classified(0, "fr")))
        #expect(try !holds("language: [de, fr]", classified(0, "en")))
        #expect(try !holds("language: de", classified(0, nil)))
        #expect(try holds("complexity: [medium, high]", classified(0, nil)))
        #expect(try !holds("task: [code, translate]", classified(0, nil)))
    }

    @Test func flags() throws {
        #expect(try holds("tools: true") { $0.facts.hasTools = true })
        #expect(try !holds("tools: true") { _ in })
        #expect(try holds("tools: false, images: false") { _ in })
        #expect(try !holds("tools: false, images: false") { $0.facts.hasImages = true })
        #expect(
            try holds("stream: true, structured_output: true") {
                $0.facts.stream = true
                $0.facts.wantsStructuredOutput = true
            })
    }

    @Test func callers() throws {
        #expect(try holds("user: [ann, \"bot-*\"]") { $0.facts.user = "bot-7" })
        #expect(try !holds("user: [ann, \"bot-*\"]") { $0.facts.user = "bob" })
        #expect(try !holds("user: \"*\"") { _ in })
        #expect(try holds("team: acme/research") { $0.team = "acme/research" })
        #expect(try holds("team: acme/research") { $0.team = "acme/research/vision" })
        #expect(try !holds("team: acme/research") { $0.team = "acme/research2" })
        #expect(try holds("key: ci") { $0.keyName = "ci" })
        #expect(try holds("key: \"acme/research#ci\"") { $0.keyID = "acme/research#ci" })
        #expect(try !holds("key: ci") { $0.keyName = "cd" })
    }

    @Test func headersAndMetadata() throws {
        #expect(try holds("header.X-Tier: [gold, silver]") { $0.headers = ["x-tier": "silver"] })
        #expect(try !holds("header.X-Tier: gold") { _ in })
        #expect(try holds("metadata.tier: 1") { $0.facts.metadata = ["tier": "1"] })
        #expect(try !holds("metadata.tier: 1") { $0.facts.metadata = ["tier": "2"] })
    }

    /// 2026-01-05 is a Monday.
    @Test(
        arguments: [
            ("time_of_day: \"9:00-17:00\"", "UTC", 9 * 60, true), ("time_of_day: \"9:00-17:00\"", "UTC", 17 * 60, false),
            ("time_of_day: \"22:00-6:00\"", "UTC", 23 * 60, true), ("time_of_day: \"22:00-6:00\"", "UTC", 5 * 60 + 59, true),
            ("time_of_day: \"22:00-6:00\"", "UTC", 6 * 60, false), ("time_of_day: \">=18:00\"", "UTC", 18 * 60, true),
            ("time_of_day: \"<09:30\"", "UTC", 9 * 60 + 30, false), ("time_of_day: [\"0:00-1:00\", \"12:00-24:00\"]", "UTC", 1439, true),
            ("time_of_day: \"9:00-17:00\"", "+02:00", 7 * 60, true), ("time_of_day: \"9:00-17:00\"", "-0530", 7 * 60, false),
            ("weekday: mon", "UTC", 0, true), ("weekday: [tuesday, sun]", "UTC", 0, false), ("weekday: fri-mon", "UTC", 0, true),
            ("weekday: tue-sun", "UTC", 1439, false), ("weekday: sun", "-01:00", 30, true), ("weekday: tue", "+01:00", 1410, true),
        ] as [(String, String, Int64, Bool)])
    func timesOfTheWeek(_ condition: String, _ zone: String, _ minute: Int64, _ expected: Bool) throws {
        #expect(try holds(condition, zone: zone) { $0.wallTime = 1_767_571_200 + minute * 60 } == expected)
    }

    @Test func timesBeforeTheEpochAndAtTheEndsOfTheRangeDoNotTrap() throws {
        for time in [Int64.min, -1, 0, Int64.max] { _ = try holds("time_of_day: \"9:00-17:00\", weekday: mon") { $0.wallTime = time } }
        // 1969-12-31 was a Wednesday.
        #expect(try holds("weekday: wed, time_of_day: \"23:59-24:00\"") { $0.wallTime = -1 })
    }
}
