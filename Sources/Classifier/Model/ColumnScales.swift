/// Converts sums of the table's rows to scores, one per column.
struct ColumnScales: Sendable {
    static let sectionCount = FeatureSpace.Section.allCases.count

    /// The weight of each section in each column.
    var gains: [SIMD16<Float>]
    /// The value of one unit in each column, and the bias.
    var units: SIMD16<Float>
    var biases: SIMD16<Float>
    let system: SystemInfluence

    init(_ section: UnsafeRawBufferPointer) throws(ClassifierModelError) {
        var reader = ModelReader(section, part: "scales")
        var gains: [SIMD16<Float>] = []
        for _ in 0..<Self.sectionCount { gains.append(SIMD16(try reader.floats(WeightTable.columns))) }
        self.gains = gains
        units = SIMD16(try reader.floats(WeightTable.columns))
        biases = SIMD16(try reader.floats(WeightTable.columns))
        system = SystemInfluence(textTaskShare: try reader.float(), otherShare: try reader.float())
        guard reader.isAtEnd else { throw ClassifierModelError("its scales have an unexpected size") }
    }

    /// Scores of all columns without their biases.
    func scores(_ features: borrowing PromptFeatures, _ table: WeightTable) -> SIMD16<Float> {
        var scores = SIMD16<Float>.zero
        var start = 0
        for section in FeatureSpace.Section.allCases {
            let end = features.ends[section.rawValue]
            let sum = SIMD16<Float>(table.sum(UnsafeBufferPointer(rebasing: features.rows[start..<end])))
            scores += sum * gains[section.rawValue] * FeatureSpace.weight(section, count: end - start)
            start = end
        }
        return scores * units
    }
}

extension FeatureSpace {
    /// The weight of each feature of a section that has `count` of them in this prompt.
    static func weight(_ section: Section, count: Int) -> Float {
        section == .bits ? 1 : 1 / Float(max(count, 1)).squareRoot()
    }
}
