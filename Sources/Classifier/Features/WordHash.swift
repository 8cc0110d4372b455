/// The hash of a word: FNV-1a over its lower-cased UTF-8, so that tables made at start and prompts agree.
enum WordHash {
    static let seed: UInt32 = 2_166_136_261

    @inline(__always)
    static func step(_ hash: UInt32, _ byte: UInt8) -> UInt32 { step(hash, UInt32(byte)) }

    @inline(__always)
    static func step(_ hash: UInt32, _ byte: UInt32) -> UInt32 { (hash ^ byte) &* 16_777_619 }

    /// The hash of a whole word, without apostrophes ("don't" is "dont").
    static func of(_ word: some StringProtocol) -> UInt32 { word.utf8.reduce(seed) { $1 == UInt8(ascii: "'") ? $0 : step($0, $1) } }

    /// The hash of two characters.
    @inline(__always)
    static func of(_ first: UInt8, _ second: UInt8) -> UInt32 { step(step(seed, first), second) }

    /// Spreads a hash over all bits (the finalizer of MurmurHash3), so that its high bits may index a table.
    @inline(__always)
    static func spread(_ hash: UInt32) -> UInt32 {
        var hash = hash
        hash ^= hash >> 16
        hash = hash &* 0x85EB_CA6B
        hash ^= hash >> 13
        hash = hash &* 0xC2B2_AE35
        return hash ^ (hash >> 16)
    }
}
