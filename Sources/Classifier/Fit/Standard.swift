/// Standardizes sizes: distance from the mean in standard deviations, at most three, times a share.
struct Standard {
    /// Sizes have a low weight, because a prompt has hundreds of hashed features; the built-in score has full weight.
    static let sizeShare: Float = 0.1, builtInShare: Float = 1
    static let limit: Float = 3

    let means: [Float]
    let deviations: [Float]

    init(_ matrix: DesignMatrix, _ examples: [Int]) {
        var means = [Float](repeating: 0, count: DesignMatrix.denseCount)
        var deviations = means
        let count = Float(max(1, examples.count))
        for example in examples {
            for index in means.indices { means[index] += matrix.dense[example * DesignMatrix.denseCount + index] / count }
        }
        for example in examples {
            for index in means.indices {
                let difference = matrix.dense[example * DesignMatrix.denseCount + index] - means[index]
                deviations[index] += difference * difference / count
            }
        }
        self.means = means
        self.deviations = deviations.map { $0.squareRoot() }
    }

    static func share(_ index: Int) -> Float { index == DesignMatrix.builtInIndex ? builtInShare : sizeShare }

    @inline(__always)
    func value(_ value: Float, _ index: Int) -> Float {
        guard deviations[index] > 1e-4 else { return 0 }
        return min(max((value - means[index]) / deviations[index], -Self.limit), Self.limit) * Self.share(index)
    }
}
