/// The classifier's features for the training scripts, computed as the program does.
public enum ClassifierTraining {
    /// The features of one prompt.
    public struct Features: Sendable, Equatable {
        /// Rows of the model's table, section after section.
        public let rows: [UInt16]
        /// Where each section ends in `rows`.
        public let sectionEnds: [Int]
        /// The counts that describe the prompt's shape.
        public let numbers: [Int32]
    }

    /// The features of a prompt given as UTF-8.
    public static func features(of prompt: UnsafeRawBufferPointer) -> Features {
        FeatureExtractor.withFeatures(of: prompt) { features in
            Features(
                rows: Array(features.rows), sectionEnds: features.ends.indices.map { features.ends[$0] },
                numbers: (0..<PromptNumbers.count).map { features.numbers[index: $0] })
        }
    }
}
