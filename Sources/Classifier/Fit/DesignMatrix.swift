/// Prompts as sparse rows of real numbers: hashed features first, then sizes and the built-in score.
struct DesignMatrix {
    /// The number of dense columns: sizes and the built-in score.
    static let denseCount = PromptNumbers.count + 1
    static let builtInIndex = PromptNumbers.count
    static let hashedCount = FeatureSpace.rowCount
    static let columnCount = hashedCount + denseCount

    private(set) var dense: [Float] = []
    private var rows: [UInt16] = []
    private var values: [Float] = []
    private var ends: [Int] = []

    var count: Int { ends.count }

    /// The weight of a section.
    static func gain(_ section: FeatureSpace.Section) -> Float {
        switch section {
        case .whole, .head, .characters: 1
        case .tail: 0.5
        case .bits: 0.2
        }
    }

    mutating func append(_ features: borrowing PromptFeatures, builtInScore: Float) {
        var start = 0
        for section in FeatureSpace.Section.allCases {
            let end = features.ends[section.rawValue]
            let value = Self.gain(section) * FeatureSpace.weight(section, count: end - start)
            for index in start..<end {
                rows.append(features.rows[index])
                values.append(value)
            }
            start = end
        }
        ends.append(rows.count)
        for index in 0..<PromptNumbers.count { dense.append(BinaryLogarithm.of(features.numbers[index: index])) }
        dense.append(builtInScore)
    }

    private func entries(_ example: Int) -> Range<Int> { (example == 0 ? 0 : ends[example - 1])..<ends[example] }

    /// The example's row times `weights`.
    func product(_ example: Int, _ weights: [Float], _ standard: Standard) -> Float {
        var sum: Float = 0
        for entry in entries(example) { sum += values[entry] * weights[Int(rows[entry])] }
        for index in 0..<Self.denseCount {
            sum += standard.value(dense[example * Self.denseCount + index], index) * weights[Self.hashedCount + index]
        }
        return sum
    }

    /// Adds `factor` times the example's row to `target`.
    func add(_ example: Int, times factor: Float, to target: inout [Float], _ standard: Standard) {
        for entry in entries(example) { target[Int(rows[entry])] += values[entry] * factor }
        for index in 0..<Self.denseCount {
            target[Self.hashedCount + index] += standard.value(dense[example * Self.denseCount + index], index) * factor
        }
    }
}
