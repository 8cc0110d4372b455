internal import Chat
internal import Classifier

/// Measures classification: each prompt of standard input several times, all prompts in turn, so that the caches are shared.
enum Timing {
    private static let rounds = 9

    static func run() {
        let loadTime = ContinuousClock().measure { _ = Classifier.builtIn }
        let prompts = readPrompts()
        guard !prompts.isEmpty else { return print("no prompts") }
        var times = [[Duration]](repeating: [], count: prompts.count)
        for _ in 0..<rounds {
            for (index, prompt) in prompts.enumerated() { times[index].append(ContinuousClock().measure { classify(prompt) }) }
        }
        // A prompt's time is the median of its rounds, which excludes interruptions.
        let typical = times.map { $0.sorted()[rounds / 2] }
        print("model read in \(loadTime)")
        report("all", typical)
        report("1,900 to 2,100 bytes", zip(prompts, typical).filter { (1_900...2_100).contains($0.0.count) }.map(\.1))
        report("over 4,000 bytes", zip(prompts, typical).filter { $0.0.count > 4_000 }.map(\.1))
    }

    private static func readPrompts() -> [[UInt8]] {
        let reader = JSONReader()
        var prompts: [[UInt8]] = []
        while let line = readLine() {
            let prompt = try? reader.read(Array(line.utf8)) { value in value["prompt"]?.stringBytes.map { Array($0) } ?? [] }
            if let prompt { prompts.append(prompt) }
        }
        return prompts
    }

    private static func classify(_ prompt: [UInt8]) {
        prompt.withUnsafeBytes {
            _ = Classifier.builtIn.classify(
                ClassifierInput(system: UnsafeRawBufferPointer(start: nil, count: 0), lastUser: $0, userTurns: 1))
        }
    }

    private static func report(_ name: String, _ times: [Duration]) {
        let sorted = times.sorted()
        guard let last = sorted.last else { return }
        print("\(name): \(sorted.count) prompts, p50 \(sorted[sorted.count / 2]), p99 \(sorted[sorted.count * 99 / 100]), highest \(last)")
    }
}
