/// The hash that assigns units to arms of experiments and sessions to targets. Part of the policy language: the same text gives the same
/// number in every version and on every machine.
enum StableHash {
    /// FNV-1a (64 bits, offset basis 14695981039346656037, prime 1099511628211) over the UTF-8 of the parts with a zero byte between them,
    /// then MurmurHash3's `fmix64`, because FNV-1a alone mixes its last bytes badly.
    static func hash(_ parts: String...) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for (index, part) in parts.enumerated() {
            if index > 0 { hash = hash &* 0x100_0000_01B3 }
            for byte in part.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
        return mixed(hash)
    }

    static func mixed(_ hash: UInt64) -> UInt64 {
        var hash = hash
        hash = (hash ^ (hash >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        hash = (hash ^ (hash >> 33)) &* 0xC4CE_B9FE_1A85_EC53
        return hash ^ (hash >> 33)
    }

    /// The hash as a number above 0 and below 1.
    static func fraction(_ hash: UInt64) -> Double { (Double(hash >> 11) + 0.5) / Double(1 << 53) }

    /// Weighted rendezvous hashing: the candidate with the highest score gets the unit. Each gets a share of the units in proportion to its
    /// weight, and when a weight changes or a candidate is added or removed, no more units move than necessary (Schindelhauer and
    /// Schomaker, 2005).
    static func score(_ hash: UInt64, weight: Double) -> Double { -weight / logarithm(fraction(hash)) }
}
