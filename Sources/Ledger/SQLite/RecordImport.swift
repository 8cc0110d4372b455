internal import Core
internal import GRDB
internal import GRDBSQLite

/// Turns what journals say into rows: records with their places in the chain, sums, open holds. Runs inside transactions of its caller;
/// after any error it must be dropped with its connection, for then it knows more than the file.
struct RecordImport {
    private var insert: RecordInsert
    private var names: NameTable
    private var progress: LedgerProgress
    private var chain: ChainHead
    private var spending: SpendingTable
    private(set) var holds: HoldTable
    private let mark: Statement
    private let position: Statement
    private let storeChain: Statement
    /// A buffer into which records that the ledger makes itself are encoded, before they are imported like all others.
    private var scratch: [UInt8] = []

    /// - Throws: `corrupt` when the end of the chain is not known; errors of SQLite.
    init(_ db: Database, path: String) throws {
        insert = try RecordInsert(db)
        names = try NameTable(db)
        progress = try LedgerProgress(db)
        spending = try SpendingTable(db)
        holds = try HoldTable(db)
        guard let chain = try ChainHead(db) else {
            throw LedgerFailure.corrupt(path: path, detail: "the table meta does not say where the chain of records ends")
        }
        self.chain = chain
        mark = try db.makeStatement(sql: "INSERT OR REPLACE INTO time_mark (first_id, latest) VALUES (?, ?)")
        position = try db.makeStatement(
            sql: """
                INSERT INTO journal_position (journal, sequence, resolved) VALUES (?1, ?2, ?3)
                ON CONFLICT DO UPDATE SET sequence = max(sequence, ?2), resolved = max(resolved, ?3)
                """)
        storeChain = try ChainHead.statement(db)
    }

    /// Takes in frames, and notes how far their journals are read.
    mutating func run(_ batches: [JournalBatch]) throws(SQLiteFault) {
        if progress.needsMark { try markTime() }
        for batch in batches {
            for item in batch.items { try take(item, batch) }
            if batch.last > batch.imported { try note(batch.journal, batch.last, resolved: 0) }
        }
        for batch in batches { try holds.storeHolds(of: batch.journal, through: batch.released) }
        try finish()
    }

    private mutating func take(_ item: JournalItem, _ batch: JournalBatch) throws(SQLiteFault) {
        switch item.kind {
        case .hold: try holds.open(item, in: batch.journal)
        case .release: try holds.close(try item.released())
        case .record: try takeRecord(item, batch)
        }
    }

    private mutating func takeRecord(_ item: JournalItem, _ batch: JournalBatch) throws(SQLiteFault) {
        let charge: HoldCharge?
        if item.sequence > batch.imported {
            charge = HoldCharge(try append(item.payload))
        } else {
            guard let record = UsageRecord(journaled: item.payload) else { throw SQLiteFault(code: SQLITE_MISMATCH) }
            charge = HoldCharge(record)
        }
        guard let charge else { return }
        if charge.settles { try holds.close(charge.id) } else { holds.charge(charge, item, in: batch.journal) }
    }

    /// Appends one record, as ``RecordWriter`` wrote it.
    private mutating func append(_ payload: UnsafeRawBufferPointer) throws(SQLiteFault) -> ImportedRecord {
        let hash = chain.hash.next(payload)
        let record = try insert.run(payload, hash, &names)
        progress.count(WallTime(microseconds: record.time))
        chain = ChainHead(id: progress.lastID, hash: hash)
        spending.count(record)
        return record
    }

    /// Appends a record that the ledger makes itself.
    mutating func append(_ record: UsageRecord) throws(SQLiteFault) {
        guard let size = RecordBytes.write(record, to: &scratch) else { throw SQLiteFault(code: SQLITE_TOOBIG) }
        let bytes = scratch
        let result: Result<ImportedRecord, SQLiteFault> = bytes.withUnsafeBytes { bytes in
            do throws(SQLiteFault) {
                return .success(try append(UnsafeRawBufferPointer(rebasing: bytes.prefix(size))))
            } catch {
                return .failure(error)
            }
        }
        _ = try result.get()
    }

    /// Writes what was put together in memory: the end of every transaction.
    mutating func finish() throws(SQLiteFault) {
        try spending.flush()
        try chain.store(storeChain)
    }

    /// Charges all open holds in full: their journals are read to the ends, and no request is left that could settle them.
    /// - Parameter journals: the last frame of each journal; their holds count as done.
    /// - Returns: how many there were.
    mutating func resolveHolds(_ journals: [String: Int64]) throws(SQLiteFault) -> Int {
        let open = try holds.takeAll()
        for hold in open { try append(hold.inDoubt()) }
        for (journal, last) in journals { try note(journal, last, resolved: last) }
        try finish()
        return open.count
    }

    /// Stores all open holds, because the journals are about to be removed.
    mutating func keepHolds() throws(SQLiteFault) { try holds.storeAll() }

    private func note(_ journal: String, _ last: Int64, resolved: Int64) throws(SQLiteFault) {
        Array(journal.utf8).withUnsafeBytes { bindText(position.sqliteStatement, 1, $0, copying: true) }
        sqlite3_bind_int64(position.sqliteStatement, 2, last)
        sqlite3_bind_int64(position.sqliteStatement, 3, resolved)
        try position.run()
    }

    private mutating func markTime() throws(SQLiteFault) {
        mark.bind([progress.lastID + 1, progress.latest])
        try mark.run()
        progress.sinceMark = 0
    }
}

/// The binary form of records that do not come from a journal.
package enum RecordBytes {
    /// A size in bytes that no record reaches.
    private static let limit = 1 << 30

    /// Writes `record` to the beginning of `buffer`, which grows as needed.
    /// - Returns: the number of bytes; `nil` when the record is too large.
    package static func write(_ record: UsageRecord, to buffer: inout [UInt8]) -> Int? {
        while true {
            let size: Int? = buffer.withUnsafeMutableBytes { bytes in
                var writer = RecordWriter(bytes, at: 0)
                writer.append(record)
                return writer.fits ? writer.offset : nil
            }
            if let size { return size }
            guard buffer.count < limit else { return nil }
            buffer = [UInt8](repeating: 0, count: max(2_048, buffer.count * 2))
        }
    }
}

/// What a record changes in the hold that it was paid from.
struct HoldCharge {
    let id: Word
    /// Whether the record is the last one of the hold.
    let settles: Bool
    let cost: NanoUSD
    let tokens: Int64

    /// `nil` when it was paid from none.
    init?(_ record: ImportedRecord) {
        guard let hold = record.hold else { return nil }
        id = Word(bytes: Array(hold))
        settles = record.bits.settlesHold
        cost = NanoUSD(nanos: record.cost) + NanoUSD(nanos: record.inDoubt)
        tokens = record.input.addingSaturated(record.output).addingSaturated(record.inDoubtTokens)
    }

    /// `nil` when it was paid from none.
    init?(_ record: UsageRecord) {
        guard let hold = record.hold else { return nil }
        id = Word(bytes: Array(hold.utf8))
        settles = record.settlesHold
        cost = record.cost + record.inDoubt
        tokens = record.tokens.input.addingSaturated(record.tokens.output).addingSaturated(record.inDoubtTokens)
    }
}
