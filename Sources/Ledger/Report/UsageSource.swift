/// Where usage can be read: one gateway's ledger in SQLite, or several gateways' in PostgreSQL.
public protocol UsageSource {
    /// Hands the records that fit `query` to `body`, one by one. (Its groups are not looked at.)
    /// - Throws: ``LedgerFailure``, or what `body` throws, which ends the reading.
    func forEachRecord(_ query: UsageQuery, _ body: (UsageRecord) throws -> Void) throws

    /// The sums of the records that fit `query`, by its groups; the dearest group first.
    func totals(_ query: UsageQuery) throws(LedgerFailure) -> [UsageTotal]
}

extension UsageReader: UsageSource {}
