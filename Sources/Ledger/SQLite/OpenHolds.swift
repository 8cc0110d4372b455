internal import Core
internal import FoundationEssentials
internal import GRDB
internal import GRDBSQLite

/// The holds that are open, as far as the journals are read.
struct OpenHolds {
    /// A hold that is open.
    struct Open {
        let journal: String
        /// The last frame of the journal that is accounted for.
        fileprivate(set) var sequence: Int64
        /// The first frame that is not in the table; `nil`: the table knows everything.
        fileprivate(set) var unstoredSince: Int64?
        /// Whether the table has a row, perhaps an old one.
        fileprivate(set) var isStored: Bool
        /// As ``HoldRecord/write(to:)`` wrote it.
        fileprivate(set) var frame: [UInt8]
        /// What the records of the request have charged already.
        fileprivate(set) var charged = NanoUSD.zero
        /// The tokens that they have used.
        fileprivate(set) var tokens: Int64 = 0

        /// Notes that frame `sequence` is accounted for.
        fileprivate mutating func note(_ sequence: Int64) {
            self.sequence = sequence
            if unstoredSince == nil { unstoredSince = sequence }
        }
    }

    private(set) var all: [Word: Open] = [:]

    /// Reads the holds that are stored in the table `hold`.
    init(_ db: Database) throws {
        let rows = try Row.fetchCursor(db, sql: "SELECT id, journal, sequence, charged_nanos, charged_tokens, frame FROM hold")
        while let row = try rows.next() {
            var open = Open(journal: row[1], sequence: row[2], unstoredSince: nil, isStored: true, frame: Array(row[5] as Data))
            open.charged = NanoUSD(nanos: row[3])
            open.tokens = row[4]
            all[Word(bytes: Array(row[0] as Data))] = open
        }
    }

    /// A hold, or the new amount of one.
    /// - Throws: `SQLITE_MISMATCH` when the bytes are not a hold.
    mutating func open(_ item: JournalItem, in journal: String) throws(SQLiteFault) {
        guard let id = HoldRecord.id(in: item.payload) else { throw SQLiteFault(code: SQLITE_MISMATCH) }
        let word = Word(bytes: Array(id))
        guard var known = all[word] else {
            all[word] = Open(
                journal: journal, sequence: item.sequence, unstoredSince: item.sequence, isStored: false, frame: Array(item.payload))
            return
        }
        if known.isReckoned(item, journal) { return }
        known.frame = Array(item.payload)
        known.note(item.sequence)
        all[word] = known
    }

    /// A record of a request that has a hold and goes on.
    mutating func charge(_ charge: HoldCharge, _ item: JournalItem, in journal: String) {
        guard var known = all[charge.id], !known.isReckoned(item, journal) else { return }
        known.charged = known.charged + charge.cost
        known.tokens = known.tokens.addingSaturated(charge.tokens)
        known.note(item.sequence)
        all[charge.id] = known
    }

    /// The end of a hold.
    /// - Returns: what was open; `nil` when it was not.
    @discardableResult
    mutating func close(_ id: Word) -> Open? { all.removeValue(forKey: id) }

    /// Notes that the table knows all about a hold.
    mutating func noteStored(_ id: Word) {
        all[id]?.unstoredSince = nil
        all[id]?.isStored = true
    }
}

extension OpenHolds.Open {
    /// Whether this hold already accounts for `item`, because it was stored and the journal is read again.
    fileprivate func isReckoned(_ item: JournalItem, _ journal: String) -> Bool { journal == self.journal && item.sequence <= sequence }

    /// The record that is made of it when its request will never be settled.
    /// - Throws: `SQLITE_CORRUPT` when the table holds a frame that cannot be read.
    func inDoubt() throws(SQLiteFault) -> UsageRecord {
        guard let hold = frame.withUnsafeBytes({ HoldRecord(journaled: $0) }) else { throw SQLiteFault(code: SQLITE_CORRUPT) }
        return hold.inDoubt(after: charged, tokens)
    }
}

extension JournalItem {
    /// The id of the hold that this, a release, ends.
    /// - Throws: `SQLITE_MISMATCH` when the bytes are not a release.
    func released() throws(SQLiteFault) -> Word {
        var reader = RecordReader(payload)
        guard let id = reader.textBytes(), reader.isAtEnd else { throw SQLiteFault(code: SQLITE_MISMATCH) }
        return Word(bytes: Array(id))
    }
}
