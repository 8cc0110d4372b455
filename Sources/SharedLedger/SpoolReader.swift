internal import Core
internal import FoundationEssentials
internal import GRDB
internal import Ledger

/// A record as it lies in the spool.
struct SpooledRecord {
    /// Its number in the spool.
    let sequence: Int64
    /// Its place in the spool's chain of records.
    let hash: [UInt8]
    let record: UsageRecord
}

/// The SQLite file in which records wait for PostgreSQL, seen by the thread that brings them there. Confined to that thread.
final class SpoolReader {
    private let path: String
    private let queue: DatabaseQueue
    private var names: NameReader

    /// - Parameter path: of a ledger that is open for writing elsewhere in this process.
    init(path: String) throws(LedgerFailure) {
        self.path = path
        var configuration = Configuration()
        configuration.label = "spool"
        configuration.busyMode = .timeout(2)
        // Two connections must not copy the log at the same time; the writer does it.
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA wal_autocheckpoint = 0") }
        let queue = try translatingFailures(path) { try DatabaseQueue(path: path, configuration: configuration) }
        self.queue = queue
        names = queue.inDatabase { NameReader($0) }
    }

    /// The spool's own name for itself.
    func identity() throws(LedgerFailure) -> String {
        try translatingFailures(path) { try queue.inDatabase { try LedgerSchema.ledgerID($0) } ?? "" }
    }

    /// The number of the last record.
    func last() throws(LedgerFailure) -> Int64 {
        try translatingFailures(path) {
            try queue.inDatabase { try Int64.fetchOne($0, sql: "SELECT value FROM meta WHERE name = 'chain_id'") ?? 0 }
        }
    }

    /// The records behind `sequence`, `limit` at most.
    func records(after sequence: Int64, limit: Int) throws(LedgerFailure) -> [SpooledRecord] {
        try translatingFailures(path) {
            try queue.inDatabase { db in
                var records: [SpooledRecord] = []
                let statement = try db.cachedStatement(
                    sql: "SELECT \(UsageRecord.selected), id, hash FROM usage_record WHERE id > ? AND hash IS NOT NULL ORDER BY id LIMIT ?")
                let rows = try Row.fetchCursor(statement, arguments: [sequence, limit])
                while let row = try rows.next() {
                    guard let record = try UsageRecord(row, &names) else {
                        throw LedgerFailure.corrupt(path: path, detail: "a record makes no sense")
                    }
                    records.append(SpooledRecord(sequence: row["id"], hash: Array(row["hash"] as Data), record: record))
                }
                return records
            }
        }
    }

    /// Removes records up to `sequence` whose calls began before `time`, some at a time, except corrections and
    /// those with something in doubt, which refunds look for. The sums stay.
    /// - Returns: how many there were.
    func remove(through sequence: Int64, before time: WallTime, limit: Int) throws(LedgerFailure) -> Int {
        try translatingFailures(path) {
            try queue.inDatabase { db in
                // Avoids reading all records that are too young: records are stored roughly in the order of their time.
                let oldest = try Row.fetchOne(
                    db, sql: "SELECT id, time FROM usage_record WHERE status < 5 AND in_doubt_nanos IS NULL ORDER BY id LIMIT 1")
                guard let oldest, (oldest["time"] as Int64) < time.microseconds else { return 0 }
                let first: Int64 = oldest["id"]
                try db.execute(
                    sql: "DELETE FROM usage_record WHERE id BETWEEN ? AND ? AND status < 5 AND in_doubt_nanos IS NULL AND time < ?",
                    arguments: [first, min(first + Int64(limit), sequence), time.microseconds])
                return db.changesCount
            }
        }
    }

    func close() { try? queue.close() }
}
