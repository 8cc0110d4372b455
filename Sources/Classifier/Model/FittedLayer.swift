/// The layer that `purser fit` adds to the built-in complexity: a new score with the built-in one as a term.
struct FittedLayer: Sendable {
    /// The weight of the built-in share.
    let builtInWeight: Float
    let expert: LinearExpert
    let curve: ScoreCurve

    init(builtInWeight: Float, expert: LinearExpert, curve: ScoreCurve) {
        self.builtInWeight = builtInWeight
        self.expert = expert
        self.curve = curve
    }

    init(_ section: UnsafeRawBufferPointer) throws(ClassifierModelError) {
        var reader = ModelReader(section, part: "fitted section")
        builtInWeight = try reader.float()
        expert = try LinearExpert(&reader)
        curve = try ScoreCurve(&reader)
        guard reader.isAtEnd else { throw ClassifierModelError("its fitted section has an unexpected size") }
    }

    /// The share of the training prompts that are easier, 0…1.
    func share(builtIn: Double, _ numbers: PromptNumbers, _ columns: SIMD16<Float>) -> Double {
        curve.share(of: builtInWeight * Float(builtIn) + expert.score(numbers, columns))
    }
}
