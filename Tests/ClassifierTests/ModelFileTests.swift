import Testing

@testable import Classifier

@Suite("Model files") struct ModelFileTests {
    @Test("the shipped model: at most 1 MB, read back the same")
    func shipped() throws {
        #expect(shippedModel.count <= 1_000_000)
        let read = try Classifier(model: shippedModel)
        for prompt in ["Write a haiku", "What is 3 * 4?", "Übersetze: ja"] {
            #expect(classify(prompt, with: read).complexityScore == classify(prompt).complexityScore)
            #expect(classify(prompt, with: read).task == classify(prompt).task)
        }
    }

    private func error(_ model: [UInt8]) -> String? {
        do {
            _ = try Classifier(model: model)
            return nil
        } catch {
            return error.description
        }
    }

    @Test(
        "not a model: says so",
        arguments: [[], [0], Array("PURSERCM".utf8), Array(repeating: 0, count: 600_000), Array("{\"id\":1}\n".utf8)] as [[UInt8]])
    func notAModel(bytes: [UInt8]) throws {
        let message = try #require(error(bytes))
        #expect(message.hasPrefix("Not a usable classifier model: "))
    }

    @Test("cut anywhere, or longer") func cut() throws {
        for count in stride(from: 0, to: shippedModel.count, by: 9_973) { #expect(error(Array(shippedModel[..<count])) != nil) }
        #expect(error(shippedModel + [0])?.contains("cut short or has grown") == true)
    }

    @Test("one changed byte anywhere is found") func damaged() {
        var random = FixedRandom(state: 3)
        for _ in 0..<60 {
            var model = shippedModel
            model[Int.random(in: model.indices, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            #expect(error(model) != nil)
        }
    }

    @Test("another version") func version() {
        var model = shippedModel
        model[8] = 9
        #expect(error(model)?.contains("another version") == true)
    }

    /// Made-up contents with a valid checksum: whatever is read, nothing crashes, not even while classifying.
    @Test("forged contents are refused or harmless") func forged() throws {
        var random = FixedRandom(state: 11)
        var accepted = 0
        for round in 0..<300 {
            var scales = Classifier.builtIn.scales.encoded
            var complexity = Classifier.builtIn.complexitySection
            if round % 3 == 0 { scales[Int.random(in: scales.indices, using: &random)] = UInt8.random(in: 0...255, using: &random) }
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                complexity[Int.random(in: complexity.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if round % 5 == 0 { complexity.removeLast(Int.random(in: 1..<complexity.count, using: &random)) }
            let model = ModelFile.write([(.table, Classifier.builtIn.table.bytes), (.scales, scales), (.complexity, complexity)])
            guard let classifier = try? Classifier(model: model) else { continue }
            accepted += 1
            let score = classify("How many apples are left if 3 of 10 are eaten? A) 1\nB) 2\nC) 7", with: classifier).complexityScore
            #expect(score >= 0 && score <= 1)
        }
        #expect(accepted > 20)
    }

    @Test("sections: missing, twice, of the wrong size") func sections() {
        let table = Classifier.builtIn.table.bytes, scales = Classifier.builtIn.scales.encoded,
            complexity = Classifier.builtIn.complexitySection
        #expect(error(ModelFile.write([(.table, table), (.scales, scales)]))?.contains("has no complexity section") == true)
        #expect(
            error(ModelFile.write([(.table, table), (.table, table), (.scales, scales), (.complexity, complexity)]))?.contains(
                "two sections") == true)
        #expect(error(ModelFile.write([(.table, table + [0]), (.scales, scales), (.complexity, complexity)])) != nil)
        #expect(error(ModelFile.write([(.table, table), (.scales, scales + [0]), (.complexity, complexity)])) != nil)
        #expect(error(ModelFile.write([(.table, table), (.scales, scales), (.complexity, complexity + [0])])) != nil)
        #expect(error(ModelFile.write([(.table, table), (.scales, scales), (.complexity, complexity), (.fitted, [1, 2, 3])])) != nil)
    }
}

@Suite("The curve of scores") struct ScoreCurveTests {
    @Test("rises strictly, within 0 and 1, far beyond its points") func rises() {
        let curve = ScoreCurve(quantilesOf: (0..<1_000).map { Float($0 % 97) })
        let shares = stride(from: Float(-1e4), to: 1e4, by: 0.5).map { curve.share(of: $0) }
        #expect(zip(shares, shares.dropFirst()).allSatisfy { $0 < $1 })
        #expect(shares.allSatisfy { $0 > 0 && $0 < 1 })
        #expect(abs(curve.share(of: 48) - 0.5) < 0.02)
    }

    @Test("is made of whatever there is", arguments: [[], [2], [2, 2, 2, 2], [1, 2]] as [[Float]]) func few(samples: [Float]) {
        let curve = ScoreCurve(quantilesOf: samples)
        #expect(curve.share(of: 1) < curve.share(of: 3))
    }
}

@Suite("Numbers") struct ExactnessTests {
    @Test(arguments: [(0, 0), (1, 1), (2, 1.5), (3, 2), (7, 3), (11, 3.5), (Int32.max, 31), (-5, 0)] as [(Int32, Float)])
    func binaryLogarithm(number: Int32, logarithm: Float) { #expect(BinaryLogarithm.of(number) == logarithm) }
}
