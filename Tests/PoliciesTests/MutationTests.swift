import Chat
import Core
import Policies
import Testing

/// SplitMix64: the same mutations for the same seed.
private struct Random: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

@Suite struct MutationTests {
    private static let fragments: [[UInt8]] =
        [
            "&a ", "*a", "!!str ", "${", "${A}", "{", "}", "[", "]", ": ", "- ", "\n", "\t", "\"", "'", "|\n", "---\n", "#", "\u{0}",
            "\u{FEFF}", "\u{2028}", "é", "null", "-1",
            "1e999", "99999999999999999999999", "<<: ",
        ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0xEE, 0x80, 0x80]]

    private static func mutate(_ bytes: [UInt8], _ random: inout Random) -> [UInt8] {
        var result = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let start = Int.random(in: 0...result.count, using: &random)
            let end = min(result.count, start + Int.random(in: 0...12, using: &random))
            switch Int.random(in: 0..<4, using: &random) {
            case 0: result.insert(contentsOf: fragments.randomElement(using: &random) ?? [], at: start)
            case 1: result.removeSubrange(start..<end)
            case 2: result.insert(contentsOf: result[start..<end], at: Int.random(in: 0...result.count, using: &random))
            default: if start < result.count { result[start] = UInt8.random(in: 0...255, using: &random) }
            }
        }
        return result
    }

    @Test func twoThousandMutationsNeverCrashAndNeverPassWithAnError() throws {
        let seed = UInt64.random(in: .min ... .max)
        print("mutation seed: \(seed)")
        var random = Random(state: seed)
        let seeds =
            try TestFiles.policies(in: "Corpus") + TestFiles.policies(in: "../../policies")
            + TestFiles.policies(in: "../../policies/examples")
        try #require(!seeds.isEmpty)
        for round in 0..<2000 {
            let seedFile = seeds[round % seeds.count]
            let file = PolicyFile(path: seedFile.path, bytes: Self.mutate(seedFile.bytes, &random))
            let compilation = PolicyCompiler.compile([file], environment: ["OPENAI_API_KEY": "environment-secret"], now: testNow)
            #expect((compilation.snapshot == nil) == !compilation.errors.isEmpty, "seed \(seed), round \(round)")
            #expect(
                compilation.errors.count <= PolicyLimits.diagnostics && !compilation.diagnostics.rendered.contains("environment-secret"))
            if let snapshot = compilation.snapshot {
                #expect(!PolicySummary.text(of: snapshot).contains("environment-secret"))
                _ = snapshot.resolve("openai/gpt-4o")
                exercise(snapshot)
            }
        }
    }

    /// Decides for every name and runs the tests; the results do not matter.
    private func exercise(_ snapshot: PolicySnapshot) {
        for result in snapshot.runTests() { _ = PolicyTestReport.text(of: [result]) + result.trace.text }
        for listed in snapshot.listing {
            var features = RequestFeatures(requestedModels: [listed.id])
            features.facts.maxCost = NanoUSD(nanos: 1000)
            features.facts.inputTokens.estimate = .max
            features.facts.inputTokens.upperBound = .max
            features.wallTime = .min
            do throws(DecisionFailure) {
                _ = try snapshot.decide(features, allowed: ModelSet.everything, state: FreshTargetState()).worstCase
            } catch { #expect(!error.error.publicMessage.isEmpty) }
        }
        _ = CostSummary.text(of: snapshot)
    }
}
