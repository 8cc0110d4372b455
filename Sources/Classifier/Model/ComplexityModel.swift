/// The complexity score: a prompt's format chooses one of several linear experts, and the format's curve turns its score into a share of usual prompts.
struct ComplexityModel: Sendable {
    private static let formatLimit = 16

    /// A kind of prompt, chosen by its condition unless an earlier format was.
    struct Format: Sendable {
        let condition: Condition
        let expert: Int
        /// What each task adds to the expert's score when its probability is 1.
        let taskPoints: SIMD16<Float>
        let curve: ScoreCurve
    }

    enum Condition: Sendable {
        case always
        case number(Int, atLeast: Float)
        case expert(Int, above: Float)
    }

    let experts: [LinearExpert]
    let formats: [Format]
    /// The thresholds of the tiers medium and high.
    let mediumFrom: Double
    let highFrom: Double

    init(_ section: UnsafeRawBufferPointer) throws(ClassifierModelError) {
        var reader = ModelReader(section, part: "complexity section")
        mediumFrom = Double(try reader.float())
        highFrom = Double(try reader.float())
        guard 0 < mediumFrom, mediumFrom < highFrom, highFrom < 1 else {
            throw ClassifierModelError("its tiers are not cut between 0 and 1")
        }
        let expertCount = Int(try reader.uint32())
        let formatCount = Int(try reader.uint32())
        guard (1...LinearExpert.columns.count).contains(expertCount), (1...Self.formatLimit).contains(formatCount) else {
            throw ClassifierModelError("it has too many or too few experts or formats")
        }
        var experts: [LinearExpert] = []
        for _ in 0..<expertCount { experts.append(try LinearExpert(&reader)) }
        self.experts = experts
        var formats: [Format] = []
        for _ in 0..<formatCount { formats.append(try Format(&reader, expertCount: expertCount)) }
        self.formats = formats
        guard reader.isAtEnd else { throw ClassifierModelError("its complexity section has an unexpected size") }
        guard case .always? = formats.last?.condition else { throw ClassifierModelError("its last format has a condition") }
    }

    /// The share of usual prompts that are easier, 0…1.
    func share(_ numbers: PromptNumbers, _ columns: SIMD16<Float>) -> Double {
        for format in formats where holds(format.condition, numbers, columns) {
            return format.curve.share(
                of: experts[format.expert].score(numbers, columns) + TaskProbabilities.mean(of: format.taskPoints, columns))
        }
        return 0.5
    }

    private func holds(_ condition: Condition, _ numbers: PromptNumbers, _ columns: SIMD16<Float>) -> Bool {
        switch condition {
        case .always: true
        case .number(let index, let least): Float(numbers[index: index]) >= least
        case .expert(let index, let limit): experts[index].score(numbers, columns) > limit
        }
    }

    func tier(of share: Double) -> ComplexityTier { share >= highFrom ? .high : share >= mediumFrom ? .medium : .low }
}

extension ComplexityModel.Format {
    fileprivate init(_ reader: inout ModelReader, expertCount: Int) throws(ClassifierModelError) {
        let kind = try reader.uint32()
        let index = Int(try reader.uint32())
        let limit = try reader.float()
        switch kind {
        case 0: condition = .always
        case 1 where index < PromptNumbers.count: condition = .number(index, atLeast: limit)
        case 2 where index < expertCount: condition = .expert(index, above: limit)
        default: throw ClassifierModelError("a format has an unknown condition")
        }
        expert = Int(try reader.uint32())
        guard expert < expertCount else { throw ClassifierModelError("a format has an expert that does not exist") }
        var points = SIMD16<Float>()
        for task in TaskType.allCases.indices { points[task] = try reader.float() }
        taskPoints = points
        curve = try ScoreCurve(&reader)
    }
}

/// A linear score over one column of the table and the prompt's numbers.
struct LinearExpert: Sendable {
    /// One addend: `weight` times the number's logarithm, clipped.
    struct Term: Sendable {
        let number: Int
        let lowest: Float
        let highest: Float
        let weight: Float
    }

    /// The columns after those of the tasks.
    static let columns = TaskType.allCases.count..<WeightTable.columns
    private static let termLimit = 512

    let column: Int
    let bias: Float
    let terms: [Term]

    init(column: Int, bias: Float, terms: [Term]) {
        self.column = column
        self.bias = bias
        self.terms = terms
    }

    init(_ reader: inout ModelReader) throws(ClassifierModelError) {
        column = Int(try reader.uint32())
        guard Self.columns.contains(column) else { throw ClassifierModelError("an expert has a column that is not its own") }
        bias = try reader.float()
        let count = Int(try reader.uint32())
        guard count <= Self.termLimit else { throw ClassifierModelError("an expert has too many terms") }
        var terms: [Term] = []
        for _ in 0..<count {
            let number = Int(try reader.uint32())
            guard number < PromptNumbers.count else { throw ClassifierModelError("an expert looks at a number that does not exist") }
            terms.append(Term(number: number, lowest: try reader.float(), highest: try reader.float(), weight: try reader.float()))
        }
        self.terms = terms
    }

    func score(_ numbers: PromptNumbers, _ columns: SIMD16<Float>) -> Float {
        var score = bias + columns[column]
        for term in terms { score += term.weight * min(max(BinaryLogarithm.of(numbers[index: term.number]), term.lowest), term.highest) }
        return score
    }
}

/// The logarithm to base 2 of 1 + n, linear between powers of two: exact on every machine.
enum BinaryLogarithm {
    static func of(_ number: Int32) -> Float {
        let value = UInt32(max(0, number)) + 1
        let exponent = 31 - value.leadingZeroBitCount
        return Float(exponent) + Float(value) / Float(UInt32(1) << UInt32(exponent)) - 1
    }
}
