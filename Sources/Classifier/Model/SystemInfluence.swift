/// What a system prompt does to the task of the messages under it.
///
/// "Translate whatever the user writes" sets the task of every message; "You are a friendly assistant" sets none. So a system prompt counts by how
/// clearly it asks for one task: by the distance between its best and its second score.
struct SystemInfluence: Sendable {
    /// How much of a system prompt is looked at, in bytes; instructions stand in front.
    static let looked = 1_000

    /// The share of that distance for tasks done to a text that the user sends.
    let textTaskShare: Float
    /// The share for the others, which every message may still choose otherwise.
    let otherShare: Float

    /// The scores of a message under a system prompt with the scores `system`.
    func apply(_ system: SIMD16<Float>, to columns: SIMD16<Float>) -> SIMD16<Float> {
        var best = 0
        for task in 1..<TaskType.allCases.count where system[task] > system[best] { best = task }
        var second = best == 0 ? 1 : 0
        for task in 0..<TaskType.allCases.count where task != best && system[task] > system[second] { second = task }
        var columns = columns
        columns[best] += share(TaskType.allCases[best]) * (system[best] - system[second])
        return columns
    }

    private func share(_ task: TaskType) -> Float {
        switch task {
        case .translate, .summarize, .extract: textTaskShare
        case .code, .math, .creative: otherShare
        // What most system prompts sound like; they ask for nothing in particular.
        case .analysis, .simple, .search: 0
        }
    }
}

/// What the depth of a conversation does to the complexity.
enum Depth {
    private static let shortMessage: Int32 = 12
    private static let strongest = 0.3, fullAfter = 5

    /// A short message late in a conversation ("and the other one?") leans on what came before, so it says little: its share moves to the middle.
    static func apply(turns: Int, words: Int32, to share: Double) -> Double {
        guard turns > 1, words <= shortMessage else { return share }
        let depth = Double(min(turns, fullAfter) - 1) / Double(fullAfter - 1)
        return share + (0.5 - share) * strongest * depth
    }
}
