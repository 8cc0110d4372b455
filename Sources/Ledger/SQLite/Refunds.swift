internal import Core
internal import GRDB

/// A refund that a caller waits for.
struct RefundOrder: Sendable {
    /// A request, or the call of a record with something in doubt.
    let id: String
    let note: String?
    let answer: @Sendable (Result<UsageRecord, LedgerFailure>) -> Void
}

extension LedgerConnection {
    /// Takes back what the record of `id` charged in doubt; see ``LedgerStore/refund(_:note:)``.
    func refund(_ id: String, note: String?) throws(LedgerFailure) -> UsageRecord {
        let refund = try read { try Self.charged(id, $0) }.refund(at: .now, note: note)
        let earlier = try read { try Self.corrections("call_id = ? AND status = \(UsageRecord.Status.refund.stored)", refund.callID, $0) }
        if let earlier = earlier.first {
            let when = earlier.metadata.first { $0.name == "refunded_at" }?.value ?? "an earlier time"
            throw .invalid("what \(id.prefix(120)) was charged in doubt was taken back already, at \(when)")
        }
        try append(refund)
        return refund
    }

    /// The one record with something in doubt that `id` can mean.
    private static func charged(_ id: String, _ db: Database) throws -> UsageRecord {
        let isInDoubt = "(status = \(UsageRecord.Status.inDoubt.stored) OR in_doubt_nanos IS NOT NULL)"
        var found = try corrections("call_id = ? AND \(isInDoubt)", id, db)
        if found.isEmpty { found = try corrections("request_id = ? AND \(isInDoubt)", id, db) }
        guard let record = found.first else {
            throw LedgerFailure.invalid(
                "nothing was charged in doubt for \(id.prefix(120)); `purser ledger list --in-doubt` shows what was")
        }
        if found.count > 1 {
            let calls = found.prefix(20).map(\.callID).joined(separator: ", ")
            throw LedgerFailure.invalid("several requests are named \(id.prefix(120)); give one of their calls instead: \(calls)")
        }
        return record
    }

    /// - Parameter condition: on one argument. The index on corrections is used when a query speaks of nothing else.
    private static func corrections(_ condition: String, _ argument: String, _ db: Database) throws -> [UsageRecord] {
        var names = NameReader(db)
        let rows = try Row.fetchAll(
            db, sql: "SELECT \(UsageRecord.selected) FROM usage_record WHERE \(LedgerSchema.hasDoubt) AND \(condition) ORDER BY id",
            arguments: [argument])
        return try rows.compactMap { try UsageRecord($0, &names) }
    }
}
