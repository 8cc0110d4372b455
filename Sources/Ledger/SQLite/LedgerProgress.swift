internal import Core
internal import GRDB

/// The state from which the next time mark is written.
struct LedgerProgress {
    /// The id of the last record.
    var lastID: Int64 = 0
    /// The latest time of any record. Records are committed in the order in which calls end, and clocks are set, so it is not always the last one's.
    var latest: Int64 = .min
    /// Records since the last mark.
    var sinceMark = 0

    /// Records between two marks: what a search for a time reads in vain at most.
    static let spacing = 4_096

    /// Reads it from the file; costs at most one spacing of records.
    init(_ db: Database) throws {
        let mark = try Row.fetchOne(db, sql: "SELECT first_id, latest FROM time_mark ORDER BY first_id DESC LIMIT 1")
        let firstID: Int64 = mark?["first_id"] ?? 0
        if let mark { latest = mark["latest"] }
        lastID = max(firstID - 1, 0)
        if let tail = try Row.fetchOne(
            db, sql: "SELECT count(*) AS count, max(id) AS id, max(time) AS time FROM usage_record WHERE id >= ?", arguments: [firstID]),
            let id: Int64 = tail["id"], let time: Int64 = tail["time"]
        {
            lastID = id
            latest = max(latest, time)
            sinceMark = tail["count"]
        }
    }

    var needsMark: Bool { sinceMark >= Self.spacing }

    /// Counts a record that was inserted.
    mutating func count(_ time: WallTime) {
        lastID += 1
        latest = max(latest, time.microseconds)
        sinceMark += 1
    }
}
