import Testing

@testable import Classifier

@Suite("Fit") struct FitTests {
    /// Prompts about ships or gardens; the strong model gains on ships, mostly.
    private static func rows(_ count: Int, seed: UInt64, noise: Double) -> [(prompt: String, weak: Double, strong: Double)] {
        var random = FixedRandom(state: seed)
        let things = ["ship": ["mast", "anchor", "harbour", "sail"], "garden": ["rose", "hedge", "spade", "lawn"]]
        let frames = [
            "Tell me about the % in the &.", "why does a % need a &", "Explain how % and & belong together", "Describe the & of a %",
        ]
        return (0..<count).map { _ in
            let topic = Bool.random(using: &random) ? "ship" : "garden"
            let frame = frames.randomElement(using: &random) ?? ""
            let part = things[topic]?.randomElement(using: &random) ?? ""
            let prompt = frame.replacingSign("%", with: topic).replacingSign("&", with: part) + " \(Int.random(in: 1...50, using: &random))"
            let gains = Double.random(in: 0..<1, using: &random) < noise ? Bool.random(using: &random) : topic == "ship"
            return (prompt, gains ? 0 : 1, 1)
        }
    }

    private static func learn(_ rows: [(prompt: String, weak: Double, strong: Double)]) throws -> ComplexityFit.Outcome {
        var fit = ComplexityFit()
        for row in rows { try Array(row.prompt.utf8).withUnsafeBytes { try fit.add(prompt: $0, weak: row.weak, strong: row.strong) } }
        return try fit.learn { _ in }
    }

    private static func apgr(_ rows: [(prompt: String, weak: Double, strong: Double)], _ classifier: Classifier) throws -> Double {
        let scores = rows.map { classify($0.prompt, with: classifier).complexityScore }
        return try #require(RoutingQuality.apgr(scores: scores, weak: rows.map(\.weak), strong: rows.map(\.strong)))
    }

    @Test("learns what the built-in model cannot know") func learns() throws {
        let outcome = try Self.learn(Self.rows(400, seed: 1, noise: 0.3))
        let model = try Classifier(model: outcome.model)
        let unseen = Self.rows(400, seed: 2, noise: 0.3)
        let fitted = try Self.apgr(unseen, model), builtIn = try Self.apgr(unseen, .builtIn)
        #expect(fitted > builtIn + 0.1, "\(fitted) against \(builtIn)")
        #expect(try #require(outcome.apgr) > #require(outcome.builtInAPGR) + 0.1)
        #expect(outcome.model.count <= 1_000_000)
    }

    @Test("keeps the task, and spreads the score over 0…1") func keepsTheRest() throws {
        let rows = Self.rows(400, seed: 1, noise: 0.3)
        let model = try Classifier(model: Self.learn(rows).model)
        for prompt in try realisticPrompts() { #expect(classify(prompt.prompt, with: model).task == classify(prompt.prompt).task) }
        let scores = rows.map { classify($0.prompt, with: model).complexityScore }
        #expect(scores.allSatisfy { $0 > 0 && $0 < 1 })
        #expect(scores.contains { $0 < 0.35 } && scores.contains { $0 > 0.65 })
    }

    @Test("outcomes that are pure chance do not destroy the built-in ranking") func chance() throws {
        let hard = [
            "Prove that every bounded monotone sequence converges.",
            "Implement a B-tree with deletion in Rust and explain the rebalancing.",
        ]
        let easy = ["hello there", "what is the capital of France"]
        let model = try Classifier(model: Self.learn(Self.rows(300, seed: 9, noise: 1)).model)
        #expect(
            hard.allSatisfy { classify($0, with: model).complexityScore > 0 }
                && easy.allSatisfy { classify($0, with: model).complexityScore < 1 })
    }

    @Test("same rows, same bytes") func deterministic() throws {
        let rows = Self.rows(120, seed: 4, noise: 0.2)
        #expect(try Self.learn(rows).model == Self.learn(rows).model)
    }

    @Test("too few rows, nothing to tell apart, absurd numbers") func refusals() throws {
        #expect(throws: ClassifierFitError.self) { try Self.learn(Self.rows(20, seed: 1, noise: 0)) }
        #expect(throws: ClassifierFitError.self) { try Self.learn((0..<80).map { ("prompt \($0)", 1, 1) }) }
        for number in [Double.nan, .infinity, 1e9] {
            #expect(throws: ClassifierFitError.self) { try Self.learn([("a", number, 1)]) }
            #expect(throws: ClassifierFitError.self) { try Self.learn([("a", 0, number)]) }
        }
    }

    @Test("progress is told in order") func progress() throws {
        var fit = ComplexityFit()
        for row in Self.rows(60, seed: 1, noise: 0.2) {
            try Array(row.prompt.utf8).withUnsafeBytes { try fit.add(prompt: $0, weak: row.weak, strong: row.strong) }
        }
        var tried: [Int] = []
        var isLast = false
        _ = try fit.learn {
            switch $0 {
            case .tried(let number, _): tried.append(number)
            case .learning: isLast = true
            }
        }
        #expect(tried == Array(1...tried.count) && tried.count > 1 && isLast)
    }
}

@Suite("Routing quality") struct RoutingQualityTests {
    @Test("perfect, worst and absent ranking") func extremes() throws {
        let weak = (0..<100).map { Double($0 < 50 ? 1 : 0) }, strong = [Double](repeating: 1, count: 100)
        let rising = (0..<100).map(Double.init)
        #expect(try abs(#require(RoutingQuality.apgr(scores: rising, weak: weak, strong: strong)) - 0.75) < 0.001)
        #expect(try abs(#require(RoutingQuality.apgr(scores: rising.map { -$0 }, weak: weak, strong: strong)) - 0.25) < 0.001)
        #expect(RoutingQuality.apgr(scores: rising, weak: strong, strong: strong) == nil)
        #expect(RoutingQuality.apgr(scores: [], weak: [], strong: []) == nil)
    }

    @Test("equal scores count as chance would have it") func ties() throws {
        let weak = (0..<1_000).map { Double($0 % 3 == 0 ? 0 : 1) }, strong = [Double](repeating: 1, count: 1_000)
        #expect(
            try abs(#require(RoutingQuality.apgr(scores: Array(repeating: 0.5, count: 1_000), weak: weak, strong: strong)) - 0.5) < 0.02)
    }
}

extension String {
    fileprivate func replacingSign(_ sign: Character, with text: String) -> String { map { $0 == sign ? text : String($0) }.joined() }
}
