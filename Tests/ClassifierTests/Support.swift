import Chat
import Foundation

@testable import Classifier

func classify(_ prompt: String, system: String = "", turns: Int = 1, with classifier: Classifier = .builtIn) -> Classification {
    var prompt = prompt
    var system = system
    return prompt.withUTF8 { user in
        system.withUTF8 { system in
            classifier.classify(
                ClassifierInput(system: UnsafeRawBufferPointer(system), lastUser: UnsafeRawBufferPointer(user), userTurns: turns))
        }
    }
}

func features(_ prompt: String) -> ClassifierTraining.Features {
    Array(prompt.utf8).withUnsafeBytes { ClassifierTraining.features(of: $0) }
}

func features(_ bytes: [UInt8]) -> ClassifierTraining.Features {
    bytes.withUnsafeBytes { ClassifierTraining.features(of: $0) }
}

/// The model that ships, as a file.
let shippedModel: [UInt8] = ModelFile.write([
    (.table, Classifier.builtIn.table.bytes), (.scales, Classifier.builtIn.scales.encoded),
    (.complexity, Classifier.builtIn.complexitySection),
])

struct LabelledPrompt {
    let prompt: String
    let task: TaskType
}

/// Realistic prompts of this project that the model was never trained on (written there by scripts/train-classifier/train.py).
func realisticPrompts() throws -> [LabelledPrompt] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Corpus/realistic-dev.jsonl")
    let reader = JSONReader()
    return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
        try reader.read(Array(line.utf8)) { value throws(GatewayError) in
            guard let prompt = value["prompt"]?.string, let task = value["task"]?.string.flatMap(TaskType.init(rawValue:)) else {
                throw GatewayError(.invalidRequest, "not a labelled prompt: \(line)")
            }
            return LabelledPrompt(prompt: prompt, task: task)
        }
    }
}

/// Numbers that look random and are the same in every run (SplitMix64).
struct FixedRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
