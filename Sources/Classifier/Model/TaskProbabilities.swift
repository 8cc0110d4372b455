/// The probability of each task: the softmax of the task columns, with operations that give the same bits on every machine.
enum TaskProbabilities {
    /// The mean of the tasks' points, weighted by the tasks' probabilities.
    /// - Parameters:
    ///   - points: one number per task column; other columns do not count.
    ///   - columns: the scores of all columns.
    /// - Returns: 0 if a score is not a number.
    static func mean(of points: SIMD16<Float>, _ columns: SIMD16<Float>) -> Float {
        let tasks = 0..<TaskType.allCases.count
        var highest = columns[0]
        for task in tasks where columns[task] > highest { highest = columns[task] }
        var total: Float = 0
        var weighted: Float = 0
        for task in tasks {
            let power = powerOfTwo((columns[task] - highest) * 1.4426950)
            total += power
            weighted += power * points[task]
        }
        return total > 0 ? weighted / total : 0
    }

    /// 2^x for -30 < x <= 0 within .3 %, 0 for everything else.
    static func powerOfTwo(_ exponent: Float) -> Float {
        guard exponent > -30, exponent <= 0 else { return 0 }
        let whole = exponent.rounded(.down)
        let part = exponent - whole
        return Float(sign: .plus, exponent: Int(whole), significand: 1 + part * (0.6565 + 0.3435 * part))
    }
}
