public import Core
internal import GRDB
public import Limits

/// What a ledger says at one moment about what was spent.
public struct LedgerSums: Sendable {
    /// What was spent, by payer, model and stretch of time.
    public let totals: [SpendingTotal]
    /// Up to which records of the journals that goes.
    public let reach: JournalReach
    /// No record is of a later time; up to a quarter of an hour later than the latest one. `nil`: there is none.
    public let latest: WallTime?
}

extension UsageReader {
    /// What was spent, cut at `moments`, and up to which records; see ``LedgerStore/sums(cutAt:)``.
    public func sums(cutAt moments: [WallTime]) throws(LedgerFailure) -> LedgerSums {
        do {
            let journals = try PendingRecords(ledger: path)
            return try snapshot { db in
                let pending = try journals.missing(in: db, UsageQuery())
                return LedgerSums(
                    totals: try Self.totals(moments, db, pending), reach: try Self.reach(journals, db), latest: try Self.latest(pending, db)
                )
            }
        } catch {
            throw .from(error, path)
        }
    }

    /// The file has all up to its positions, the copies of the journals have what comes behind those.
    private static func reach(_ journals: PendingRecords, _ db: Database) throws -> JournalReach {
        var reach = JournalReach()
        for (name, position) in try LedgerSchema.journalPositions(db) {
            if let loop = Int(name) { reach.last[loop] = position.sequence }
        }
        for image in journals.images {
            guard let loop = Int(image.name), let last = image.items.last else { continue }
            reach.last[loop] = max(reach.last[loop] ?? 0, last.sequence)
        }
        return reach
    }

    private static func latest(_ pending: [UsageRecord], _ db: Database) throws -> WallTime? {
        let quarter = try Int64.fetchOne(db, sql: "SELECT max(start) FROM spending WHERE span = 0")
        let stored = quarter.map { WallTime(microseconds: ($0 + 1).multipliedSaturated(by: SpendingTable.quarterMicroseconds)) }
        return ([stored] + pending.map(\.time)).compactMap(\.self).max { $0.microseconds < $1.microseconds }
    }
}

extension Int64 {
    fileprivate func multipliedSaturated(by factor: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}
