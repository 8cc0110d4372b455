internal import Core
internal import FoundationEssentials

extension KeyDigest {
    /// The digest as SQLite stores it.
    var blob: Data { Data(bytes) }

    /// Reads a digest that SQLite stored.
    init?(blob: Data) { self.init(bytes: blob) }
}
