/// What is known about single words: their classes and the languages they are frequent in.
struct Lexicon: Sendable {
    struct Entry {
        var hash: UInt32 = 0
        /// One bit per language of `LanguageWords`.
        var languages: UInt32 = 0
        /// One bit per `WordClass`.
        var classes: UInt64 = 0
    }

    static let shared = Lexicon()

    private static let tableBits: UInt32 = 14
    private let table: [Entry]

    private init() {
        var table = [Entry](repeating: Entry(), count: 1 << Int(Self.tableBits))
        for kind in WordClass.allCases {
            let words = kind.words + " " + (ForeignWords.lists[kind] ?? "")
            for word in words.split(separator: " ") {
                Self.entry(of: WordHash.of(word), in: &table) { $0.classes |= 1 << UInt64(kind.rawValue) }
            }
        }
        for (index, language) in LanguageWords.all.enumerated() {
            for word in language.words.split(separator: " ") {
                Self.entry(of: WordHash.of(word), in: &table) { $0.languages |= 1 << UInt32(index) }
            }
        }
        self.table = table
    }

    /// Changes the entry of a word, taking a free place for a new one. The table stays less than half full.
    private static func entry(of hash: UInt32, in table: inout [Entry], _ change: (inout Entry) -> Void) {
        var place = Int(WordHash.spread(hash) >> (32 - tableBits))
        while table[place].hash != hash && table[place].hash != 0 { place = (place + 1) & (table.count - 1) }
        table[place].hash = hash
        change(&table[place])
    }

    /// Hands out the table, so that a prompt's words are looked up without further checks.
    func withLookup<R>(_ body: (LexiconLookup) -> R) -> R {
        table.withUnsafeBufferPointer { body(LexiconLookup(table: $0)) }
    }

    /// A borrowed view of the table.
    struct LexiconLookup {
        fileprivate let table: UnsafeBufferPointer<Entry>

        /// The entry of the word with this hash; an empty one if the word is unknown.
        @inline(__always)
        func callAsFunction(_ hash: UInt32) -> Entry {
            var place = Int(WordHash.spread(hash) >> (32 - Lexicon.tableBits))
            while true {
                let entry = table[place]
                if entry.hash == hash || entry.hash == 0 { return entry }
                place = (place + 1) & (table.count - 1)
            }
        }
    }
}
