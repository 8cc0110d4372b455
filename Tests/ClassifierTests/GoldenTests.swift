import Foundation
import Testing

@testable import Classifier

/// The promise "same bytes in, same decision": features, scores and decisions of varied inputs are, bit for bit, those that
/// `Corpus/golden.txt` recorded. A newly trained model or another `FeatureSpace.version` changes them on purpose; the file is then written
/// anew by running this suite with `PURSER_RECORD_GOLDEN=1`.
@Suite("Golden") struct GoldenTests {
    private static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Corpus/golden.txt")

    @Test("same bytes, same decision", arguments: GoldenInputs.Kind.allCases)
    func unchanged(kind: GoldenInputs.Kind) throws {
        let inputs = try GoldenInputs.inputs(kind)
        let found = inputs.map { Self.fingerprint($0) }
        let recorded = try Self.recorded(kind)
        #expect(found.count == recorded.count)
        for (index, (now, before)) in zip(found, recorded).enumerated() {
            #expect(now == before, "\(kind) \(index): \(String(decoding: inputs[index].prompt.prefix(200), as: UTF8.self))")
        }
    }

    @Test("written anew on request", .enabled(if: ProcessInfo.processInfo.environment["PURSER_RECORD_GOLDEN"] != nil))
    func record() throws {
        let lines = try GoldenInputs.Kind.allCases.map { kind in
            try kind.rawValue + " " + GoldenInputs.inputs(kind).map { Self.fingerprint($0) }.joined(separator: " ")
        }
        try (lines.joined(separator: "\n") + "\n").write(to: Self.file, atomically: true, encoding: .utf8)
    }

    /// The recorded fingerprints of a kind's line.
    private static func recorded(_ kind: GoldenInputs.Kind) throws -> [String] {
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { $0.split(separator: " ") }
        let line = try #require(lines.first { $0.first.map(String.init) == kind.rawValue })
        return line.dropFirst().map(String.init)
    }

    /// 32 bits of everything that is computed for an input.
    private static func fingerprint(_ input: GoldenInputs.Input) -> String {
        var sum = Checksum()
        input.prompt.withUnsafeBytes { prompt in
            input.system.withUnsafeBytes { system in
                let found = ClassifierTraining.features(of: prompt)
                found.rows.forEach { sum.add(UInt64($0)) }
                found.sectionEnds.forEach { sum.add(UInt64($0)) }
                found.numbers.forEach { sum.add(UInt64(bitPattern: Int64($0))) }
                let columns = FeatureExtractor.withFeatures(of: prompt) { Classifier.builtIn.columns($0) }
                columns.indices.forEach { sum.add(UInt64(columns[$0].bitPattern)) }
                let result = Classifier.builtIn.classify(ClassifierInput(system: system, lastUser: prompt, userTurns: input.turns))
                sum.add(result.complexityScore.bitPattern)
                (result.task.rawValue + result.complexity.rawValue + (result.language ?? "-")).utf8.forEach { sum.add(UInt64($0)) }
            }
        }
        return sum.text
    }
}

/// FNV-1a over 64-bit numbers, folded to 32 bits.
private struct Checksum {
    private var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ number: UInt64) { value = (value ^ number ^ number >> 29) &* 0x0000_0100_0000_01B3 }

    var text: String {
        let digits = String(UInt32(truncatingIfNeeded: value ^ value >> 32), radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}
