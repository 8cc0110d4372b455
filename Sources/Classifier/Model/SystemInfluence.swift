/// The influence of a system prompt on the task of the messages after it.
///
/// "Translate whatever the user writes" sets the task of every message; "You are a friendly assistant" sets none. So the weight of a system
/// prompt is the distance between its best and its second score.
struct SystemInfluence: Sendable {
    /// The bytes of a system prompt that are read; instructions usually come first.
    static let looked = 1_000

    /// The factor for tasks that are done to a text of the user's.
    let textTaskShare: Float
    /// The factor for other tasks, which a message may override.
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
        // The scores of typical system prompts, which ask for no particular task.
        case .analysis, .simple, .search: 0
        }
    }
}

/// The influence of a conversation's depth on the complexity.
enum Depth {
    private static let shortMessage: Int32 = 12
    private static let strongest = 0.3, fullAfter = 5

    /// A short message late in a conversation ("and the other one?") depends on earlier ones and says little, so its share moves towards
    /// the middle.
    static func apply(turns: Int, words: Int32, to share: Double) -> Double {
        guard turns > 1, words <= shortMessage else { return share }
        let depth = Double(min(turns, fullAfter) - 1) / Double(fullAfter - 1)
        return share + (0.5 - share) * strongest * depth
    }
}
