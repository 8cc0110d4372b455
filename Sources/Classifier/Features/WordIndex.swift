/// Finds known words by their hashes in a few instructions; `Set` would hash them again, slowly.
struct WordIndex: Sendable {
    private struct Place {
        var hash: UInt32 = 0
        var index: Int32 = -1
    }

    /// At most half full; its size is a power of two.
    private var places: [Place]
    private(set) var count = 0

    /// - Parameter words: separated by white space.
    init(_ words: String) { self.init(words.split(whereSeparator: \.isWhitespace).map { WordHash.of($0) }) }

    init(_ hashes: [UInt32]) {
        var size = 2
        while size < 2 * hashes.count { size *= 2 }
        places = Array(repeating: Place(), count: size)
        for hash in hashes where index(of: hash) == nil {
            places[place(of: hash)] = Place(hash: hash, index: Int32(count))
            count += 1
        }
    }

    func contains(_ hash: UInt32) -> Bool { index(of: hash) != nil }

    /// The index of a word in the order of insertion; `nil` for unknown words.
    func index(of hash: UInt32) -> Int? {
        let index = places[place(of: hash)].index
        return index < 0 ? nil : Int(index)
    }

    private func place(of hash: UInt32) -> Int {
        var place = Int(WordHash.spread(hash)) & (places.count - 1)
        while places[place].index >= 0, places[place].hash != hash { place = (place + 1) & (places.count - 1) }
        return place
    }
}
