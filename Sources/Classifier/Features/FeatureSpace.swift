/// The numbering of features. Changing anything here or in what writes features needs a newly trained model: `version` says so to old files.
enum FeatureSpace {
    static let version: UInt16 = 1
    /// Features are hashed into this many rows of the model's table.
    static let rowBits: UInt32 = 15
    static let rowCount = 1 << Int(rowBits)
    /// Room for the features of any prompt.
    static let rowCapacity = 12_288

    /// Groups of features; a prompt's features of one group share a weight of 1/√(their number).
    enum Section: Int, CaseIterable {
        /// Words and pairs of words anywhere.
        case whole
        /// What the request begins with, and what its last line begins with.
        case head
        /// What it ends with.
        case tail
        /// Sequences of four characters near the beginning and the end.
        case characters
        /// Groups of words and sizes; these count fully.
        case bits
    }
}
