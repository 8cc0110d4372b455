/// Facts about single words: their classes and the languages in which they are frequent.
///
/// The row of a word's feature is also its position here, so that one calculation finds both.
struct Lexicon: Sendable {
    struct Entry {
        var hash: UInt32 = 0
        /// One bit per language of `LanguageWords`.
        var languages: UInt32 = 0
        /// One bit per `WordClass`.
        var classes: UInt64 = 0
    }

    static let shared = Lexicon()

    /// The number of entries: half the number of rows.
    private static let placeCount = FeatureSpace.rowCount / 2
    /// Never freed: there is one lexicon for the life of the program.
    private nonisolated(unsafe) let table: UnsafePointer<Entry>

    private init() {
        let table = UnsafeMutablePointer<Entry>.allocate(capacity: Self.placeCount)
        table.initialize(repeating: Entry(), count: Self.placeCount)
        self.table = UnsafePointer(table)
        for kind in WordClass.allCases {
            let words = kind.words + " " + (ForeignWords.lists[kind] ?? "")
            for word in words.split(separator: " ") { add(word, to: table) { $0.classes |= 1 << UInt64(kind.rawValue) } }
        }
        for (index, language) in LanguageWords.all.enumerated() {
            for word in language.words.split(separator: " ") { add(word, to: table) { $0.languages |= 1 << UInt32(index) } }
        }
    }

    /// Changes the entry of a word, taking a free place for a new one. The table stays less than half full.
    private func add(_ word: Substring, to table: UnsafeMutablePointer<Entry>, _ change: (inout Entry) -> Void) {
        let hash = WordHash.of(word)
        var place = FeatureSpace.row(FeatureSpace.Salt.word, hash) >> 1
        while table[place].hash != hash && table[place].hash != 0 { place = (place + 1) & (Self.placeCount - 1) }
        table[place].hash = hash
        change(&table[place])
    }

    /// The entry of the word with this hash, the feature of which has this row; an empty one if the word is unknown.
    @inline(__always)
    func entry(of hash: UInt32, row: Int) -> Entry {
        var place = row >> 1 & (Self.placeCount - 1)
        while true {
            if table[place].hash == hash { return table[place] }
            if table[place].hash == 0 { return Entry() }
            place = (place + 1) & (Self.placeCount - 1)
        }
    }
}
