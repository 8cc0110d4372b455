import Testing

@testable import Classifier

@Suite("Task probabilities")
struct TaskProbabilityTests {
    private func columns(_ scores: [Int: Float]) -> SIMD16<Float> {
        var columns = SIMD16<Float>()
        for (column, score) in scores { columns[column] = score }
        return columns
    }

    @Test("powers of two are near the real ones and rise")
    func powers() {
        var previous: Float = 0
        for step in stride(from: Float(-29.9), through: 0, by: 0.1) {
            let power = TaskProbabilities.powerOfTwo(step)
            var real: Float = 1
            for _ in 0..<Int(-step * 100 + 0.5) { real *= 0.993_092_5 }
            #expect(abs(power / real - 1) < 0.004)
            #expect(power > previous)
            previous = power
        }
        #expect(TaskProbabilities.powerOfTwo(0) == 1)
        #expect(TaskProbabilities.powerOfTwo(-31) == 0)
        #expect(TaskProbabilities.powerOfTwo(.nan) == 0)
        #expect(TaskProbabilities.powerOfTwo(1) == 0)
    }

    @Test("a certain task gives its points, equal tasks their mean, and the experts' columns count for nothing")
    func means() {
        let points = columns([0: 9, 8: 18])
        #expect(TaskProbabilities.mean(of: points, columns([0: 60])) == 9)
        #expect(TaskProbabilities.mean(of: points, columns([8: 60, 15: 900])) == 18)
        #expect(abs(TaskProbabilities.mean(of: points, columns([:])) - 3) < 0.0001)
    }

    @Test("scores that are no numbers give nothing")
    func notNumbers() {
        #expect(TaskProbabilities.mean(of: columns([0: 9]), columns([0: .nan])) == 0)
        #expect(TaskProbabilities.mean(of: columns([0: 9]), columns([0: .infinity])) == 0)
    }
}
