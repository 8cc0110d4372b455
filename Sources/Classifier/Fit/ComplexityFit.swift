/// Learns the complexity score for a pair of models from their results on given prompts.
///
/// A linear score over the built-in features is learnt by ridge regression on strong − weak, with the built-in model's score as one of its
/// inputs: with few or uninformative rows it stays near the built-in model.
public struct ComplexityFit {
    /// The fewest rows that can be learnt from.
    public static let fewestRows = 50

    /// Progress, for display.
    public enum Progress: Sendable {
        /// One of `of` strengths of the penalty has been tried.
        case tried(Int, of: Int)
        case learning
    }

    /// A learnt model, and its quality on rows that it was not trained on.
    public struct Outcome: Sendable {
        /// The model file.
        public let model: [UInt8]
        /// APGR of the learnt score by five-fold cross-validation; `nil` if strong gains nothing.
        public let apgr: Double?
        /// APGR of the base model's score on the same rows.
        public let builtInAPGR: Double?
    }

    private static let folds = 5
    private static let penalties: [Float] = [4, 16, 64, 256]

    private let base: Classifier
    private var matrix = DesignMatrix()
    private var weak: [Double] = []
    private var strong: [Double] = []

    /// A fit on top of a model; the layer of an earlier fit is not kept.
    public init(base: Classifier = .builtIn) { self.base = base }

    /// The number of rows.
    public var count: Int { weak.count }

    /// Adds a row: what the weak and the strong model achieved on a prompt given as UTF-8, typically 0 or 1 each.
    /// - Throws: `ClassifierFitError` for numbers outside -1000…1000.
    public mutating func add(prompt: UnsafeRawBufferPointer, weak: Double, strong: Double) throws(ClassifierFitError) {
        guard weak.magnitude <= 1000, strong.magnitude <= 1000 else {
            throw ClassifierFitError("\"weak\" and \"strong\" must lie between -1000 and 1000")
        }
        FeatureExtractor.withFeatures(of: prompt) { features in
            matrix.append(features, builtInScore: Float(base.builtInShare(features.numbers, base.columns(features))))
        }
        self.weak.append(weak)
        self.strong.append(strong)
    }

    /// Learns the score from the rows.
    /// - Throws: `ClassifierFitError` when there are too few rows or all show the same gain.
    public func learn(progress: (Progress) -> Void) throws(ClassifierFitError) -> Outcome {
        guard count >= Self.fewestRows else {
            throw ClassifierFitError("there are \(count) rows; at least \(Self.fewestRows) are needed, and some 1,500 make a good model")
        }
        let gains = zip(strong, weak).map { Float($0 - $1) }
        guard let first = gains.first, gains.contains(where: { $0 != first }) else {
            throw ClassifierFitError("strong - weak is the same in all rows, so there is nothing to tell apart")
        }
        let (penalty, predictions) = bestPenalty(gains, progress)
        progress(.learning)
        let all = Array(0..<count)
        let standard = Standard(matrix, all)
        let (weights, constant) = RidgeProblem(matrix: matrix, targets: gains, examples: all, penalty: penalty, standard: standard).solve()
        let builtIn = all.map { Double(matrix.dense[$0 * DesignMatrix.denseCount + DesignMatrix.builtInIndex]) }
        return Outcome(
            model: FittedModel(base: base, weights: weights, constant: constant, standard: standard).file(samples: predictions),
            apgr: RoutingQuality.apgr(scores: predictions.map(Double.init), weak: weak, strong: strong),
            builtInAPGR: RoutingQuality.apgr(scores: builtIn, weak: weak, strong: strong))
    }

    /// The penalty with the best cross-validated predictions of the gains, and these predictions.
    private func bestPenalty(_ gains: [Float], _ progress: (Progress) -> Void) -> (Float, [Float]) {
        var best: (error: Float, penalty: Float, predictions: [Float])?
        for (index, penalty) in Self.penalties.enumerated() {
            let predictions = crossValidate(gains, penalty)
            let error = zip(gains, predictions).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
            if best.map({ error < $0.error }) ?? true { best = (error, penalty, predictions) }
            progress(.tried(index + 1, of: Self.penalties.count))
        }
        return best.map { ($0.penalty, $0.predictions) } ?? (Self.penalties[0], gains)
    }

    private func crossValidate(_ gains: [Float], _ penalty: Float) -> [Float] {
        var predictions = [Float](repeating: 0, count: count)
        for fold in 0..<Self.folds {
            let inside = (0..<count).filter { Self.fold(of: $0) != fold }
            let standard = Standard(matrix, inside)
            let (weights, constant) = RidgeProblem(matrix: matrix, targets: gains, examples: inside, penalty: penalty, standard: standard)
                .solve()
            for example in 0..<count where Self.fold(of: example) == fold {
                predictions[example] = constant + matrix.product(example, weights, standard)
            }
        }
        return predictions
    }

    /// The fold of a row, by a hash: neighbouring rows are often alike.
    private static func fold(of row: Int) -> Int { Int(WordHash.spread(UInt32(truncatingIfNeeded: row) &+ 1) % UInt32(folds)) }
}

/// Why nothing can be learnt from the rows.
public struct ClassifierFitError: Error, Sendable, CustomStringConvertible {
    /// The reason, for people.
    public let description: String
    init(_ description: String) { self.description = description }
}
