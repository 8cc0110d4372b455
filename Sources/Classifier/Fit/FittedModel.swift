/// A learnt score as a layer of a model file; the built-in part is not changed.
struct FittedModel {
    let base: Classifier
    let weights: [Float]
    let constant: Float
    let standard: Standard

    /// The column of the table that shipped models leave free for the learnt weights.
    static let column = WeightTable.columns - 1

    /// The model file. Its curve goes through the quantiles of `samples`.
    func file(samples: [Float]) -> [UInt8] {
        let hashed = weights[..<DesignMatrix.hashedCount]
        let unit = max(hashed.reduce(0) { max($0, $1.magnitude) } / 127, .leastNormalMagnitude)
        var table = base.table.bytes
        for (row, weight) in hashed.enumerated() {
            table[row * WeightTable.columns + Self.column] = UInt8(bitPattern: Int8(max(-127, min(127, (weight / unit).rounded()))))
        }
        var scales = base.scales
        scales.units[Self.column] = unit
        scales.biases[Self.column] = 0
        for section in FeatureSpace.Section.allCases { scales.gains[section.rawValue][Self.column] = DesignMatrix.gain(section) }
        let layer = FittedLayer(builtInWeight: builtInWeight, expert: expert, curve: ScoreCurve(quantilesOf: samples))
        return ModelFile.write([
            (.table, table), (.scales, scales.encoded), (.complexity, base.complexitySection), (.fitted, layer.encoded),
        ])
    }

    private var builtInWeight: Float {
        standard.factor(DesignMatrix.builtInIndex) * weights[DesignMatrix.hashedCount + DesignMatrix.builtInIndex]
    }

    /// The weights on the numbers, with the standardization undone.
    private var expert: LinearExpert {
        var bias = constant - builtInWeight * standard.means[DesignMatrix.builtInIndex]
        var terms: [LinearExpert.Term] = []
        for index in 0..<PromptNumbers.count {
            let weight = standard.factor(index) * weights[DesignMatrix.hashedCount + index]
            guard weight != 0 else { continue }
            let (mean, reach) = (standard.means[index], Standard.limit * standard.deviations[index])
            bias -= weight * mean
            terms.append(.init(number: index, lowest: mean - reach, highest: mean + reach, weight: weight))
        }
        return LinearExpert(column: Self.column, bias: bias, terms: terms)
    }
}

extension Standard {
    /// The factor for a difference from the mean.
    func factor(_ index: Int) -> Float { deviations[index] > 1e-4 ? Self.share(index) / deviations[index] : 0 }
}
