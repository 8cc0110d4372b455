/// The numbering of features. A change here, or in the code that writes features, needs a newly trained model and a new `version`, so that
/// old model files are refused.
enum FeatureSpace {
    static let version: UInt16 = 1
    /// Features are hashed into this many rows of the model's table.
    static let rowBits: UInt32 = 15
    static let rowCount = 1 << Int(rowBits)

    /// Groups of features; a prompt's features of one group share a weight of 1/√(their number).
    enum Section: Int, CaseIterable {
        /// Words and pairs of words anywhere.
        case whole
        /// The beginning of the request and of its last line.
        case head
        /// The end of the request.
        case tail
        /// Sequences of four characters near the beginning and the end.
        case characters
        /// Groups of words and sizes; their weight is not divided.
        case bits
    }

    /// Kinds of features: the same words are different features in different kinds.
    enum Salt {
        static let word: UInt32 = 1, pair: UInt32 = 2, headWord: UInt32 = 3, headPair: UInt32 = 4, headTriple: UInt32 = 5,
            opening: UInt32 = 6
        static let tailWord: UInt32 = 7, tailPair: UInt32 = 8, characters: UInt32 = 9
        static let headClass: UInt32 = 11, classPair: UInt32 = 12, firstClass: UInt32 = 13, number: UInt32 = 14, lastLineClass: UInt32 = 15
        static let shape: UInt32 = 17
    }

    /// The row of a feature, below `rowCount`.
    @inline(__always)
    static func row(_ salt: UInt32, _ hash: UInt32) -> Int {
        Int(WordHash.spread(hash &+ salt &* 0x9E37_79B9) >> (32 - rowBits))
    }
}
