/// Linear least squares with a penalty on the weights.
struct RidgeProblem {
    let matrix: DesignMatrix
    let targets: [Float]
    let examples: [Int]
    let penalty: Float
    let standard: Standard

    private static let iterationLimit = 60
    private static let tolerance: Float = 1e-4

    /// Weights and constant, by conjugate gradients on the normal equations.
    func solve() -> (weights: [Float], constant: Float) {
        let mean = examples.reduce(Float(0)) { $0 + targets[$1] } / Float(max(1, examples.count))
        var weights = [Float](repeating: 0, count: DesignMatrix.columnCount)
        var residual = weights
        for example in examples { matrix.add(example, times: targets[example] - mean, to: &residual, standard) }
        var direction = residual
        var norm = Self.dot(residual, residual)
        let goal = norm * Self.tolerance * Self.tolerance
        for _ in 0..<Self.iterationLimit where norm > goal {
            let image = normal(direction)
            let step = norm / Self.dot(direction, image)
            for index in weights.indices {
                weights[index] += step * direction[index]
                residual[index] -= step * image[index]
            }
            let next = Self.dot(residual, residual)
            for index in direction.indices { direction[index] = residual[index] + next / norm * direction[index] }
            norm = next
        }
        return (weights, mean)
    }

    private func normal(_ vector: [Float]) -> [Float] {
        var image = vector.map { $0 * penalty }
        for example in examples { matrix.add(example, times: matrix.product(example, vector, standard), to: &image, standard) }
        return image
    }

    private static func dot(_ left: [Float], _ right: [Float]) -> Float {
        var sum: Float = 0
        for index in left.indices { sum += left[index] * right[index] }
        return sum
    }
}
