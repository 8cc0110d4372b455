internal import CClassifierModel

/// Finds the task of a conversation and how much a strong model would gain on it, in microseconds and without a call.
///
/// The same bytes give the same result on every machine: sums are integers, and floating-point operations have a fixed order.
public final class Classifier: Sendable {
    /// The model that ships in the program.
    public static let builtIn: Classifier = {
        let bytes = UnsafeRawBufferPointer(start: purser_classifier_model(), count: purser_classifier_model_size())
        do {
            return try Classifier(bytes) { (rows) throws(ClassifierModelError) in try WeightTable(permanent: rows) }
        } catch {
            preconditionFailure("the model built into the program: \(error)")
        }
    }()

    let table: WeightTable
    let scales: ColumnScales
    /// The complexity section as it was read, for model files that are made from this model.
    let complexitySection: [UInt8]
    private let complexity: ComplexityModel
    private let fitted: FittedLayer?

    /// Reads a model file.
    /// - Throws: `ClassifierModelError` unless the file is a complete, undamaged model of this version.
    public convenience init(model: [UInt8]) throws(ClassifierModelError) {
        let file = UnsafeMutableRawBufferPointer.allocate(byteCount: model.count, alignment: 16)
        defer { file.deallocate() }
        file.copyBytes(from: model)
        try self.init(UnsafeRawBufferPointer(file)) { (rows) throws(ClassifierModelError) in try WeightTable(copying: rows) }
    }

    private init(
        _ file: UnsafeRawBufferPointer, table: (UnsafeRawBufferPointer) throws(ClassifierModelError) -> WeightTable
    ) throws(ClassifierModelError) {
        let sections = try ModelFile.sections(of: file)
        func section(_ name: ModelFile.Section) throws(ClassifierModelError) -> UnsafeRawBufferPointer {
            guard let section = sections[name] else { throw ClassifierModelError("it has no \(name.name)") }
            return section
        }
        self.table = try table(section(.table))
        scales = try ColumnScales(section(.scales))
        complexity = try ComplexityModel(section(.complexity))
        complexitySection = Array(try section(.complexity))
        // Word tables are initialized with the first model, not with the first request.
        _ = (Lexicon.shared, Dressing.shared)
        fitted = try sections[.fitted].map { (bytes) throws(ClassifierModelError) in try FittedLayer(bytes) }
    }

    /// Classifies a conversation.
    public func classify(_ input: ClassifierInput) -> Classification {
        // Computed before the message's features, not beside them: with two scratch buffers at once the allocator would return the memory
        // to the system after every call.
        let instructions = instructionScores(input.system)
        return FeatureExtractor.withFeatures(of: input.lastUser) { features in
            let columns = columns(features)
            var share = builtInShare(features.numbers, columns)
            if let fitted { share = fitted.share(builtIn: share, features.numbers, columns) }
            share = Depth.apply(turns: input.userTurns, words: features.numbers[.words], to: share)
            return Classification(
                task: Self.best(instructions.map { scales.system.apply($0, to: columns) } ?? columns), complexityScore: share,
                complexity: complexity.tier(of: share), language: LanguageGuess.language(of: features.tokens))
        }
    }

    /// The scores of the system prompt; `nil` without one.
    private func instructionScores(_ system: UnsafeRawBufferPointer) -> SIMD16<Float>? {
        guard !system.isEmpty else { return nil }
        return FeatureExtractor.withFeatures(of: UnsafeRawBufferPointer(rebasing: system.prefix(SystemInfluence.looked))) { columns($0) }
    }

    /// The scores of all columns.
    func columns(_ features: borrowing PromptFeatures) -> SIMD16<Float> { scales.scores(features, table) + scales.biases }

    /// The complexity by the built-in part of the model.
    func builtInShare(_ numbers: PromptNumbers, _ columns: SIMD16<Float>) -> Double { complexity.share(numbers, columns) }

    /// The task with the highest score; the first if several are equal.
    private static func best(_ columns: SIMD16<Float>) -> TaskType {
        var best = 0
        for task in 1..<TaskType.allCases.count where columns[task] > columns[best] { best = task }
        return TaskType.allCases[best]
    }
}
