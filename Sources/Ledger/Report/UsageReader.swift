internal import GRDB

/// Reads a ledger beside its writer, in this or another process. Never writes or checkpoints.
///
/// Each call sees the ledger as it was at one moment, with every record whose commit had returned, wherever it is: in the SQLite file or
/// still in a journal.
public final class UsageReader: Sendable {
    let path: String
    private let queue: DatabaseQueue

    /// Opens the ledger at `path`.
    /// - Throws: ``LedgerFailure``: `cannotOpen` when there is none, `newerVersion`, `corrupt`, `foreign`, `inputOutput`.
    public init(path: String) throws(LedgerFailure) {
        self.path = path
        guard FileIdentity(path) != nil else {
            throw .cannotOpen(path: path, detail: "there is no ledger; it is made by the first `purser serve` with this --store")
        }
        var configuration = Configuration()
        configuration.readonly = true
        configuration.label = "usage"
        configuration.busyMode = .timeout(1)
        queue = try translatingFailures(path) {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.inDatabase { db in
                try LedgerSchema.check(db, path: path)
                if try !db.tableExists("usage_record") { throw LedgerFailure.cannotOpen(path: path, detail: "the ledger is empty as yet") }
            }
            return queue
        }
    }

    /// Hands the records that fit `query` to `body`, one by one: in the order of their commit within each journal. (Its groups are not looked at.)
    /// - Throws: ``LedgerFailure``, or what `body` throws, which ends the reading.
    public func forEachRecord(_ query: UsageQuery, _ body: (UsageRecord) throws -> Void) throws {
        try read(query) { db, pending in
            let selection = try Selection(query, db)
            var names = NameReader(db)
            let rows = try Row.fetchCursor(
                db, sql: "SELECT \(try UsageRecord.selected(db)) FROM usage_record \(selection.sql) ORDER BY \(selection.order)",
                arguments: selection.arguments)
            while let row = try rows.next() {
                guard let record = try UsageRecord(row, &names) else {
                    throw LedgerFailure.corrupt(path: path, detail: "a record makes no sense")
                }
                try body(record)
            }
            for record in pending { try body(record) }
        }
    }

    /// The sums of the records that fit `query`, by its groups; the dearest group first.
    public func totals(_ query: UsageQuery) throws(LedgerFailure) -> [UsageTotal] {
        do {
            return try read(query) { db, pending in
                let totals = UsageTotal.adding(pending, to: try Self.totals(query, db), query.groups)
                return totals.sorted { ($1.cost, Self.sortKey($0)) < ($0.cost, Self.sortKey($1)) }
            }
        } catch {
            throw .from(error, path)
        }
    }

    /// - Parameter body: gets a snapshot of the file.
    func snapshot<T>(_ body: (Database) throws -> T) throws -> T { try queue.read(body) }

    /// - Parameter body: gets a snapshot of the file, and the records that fit `query` and are not in it.
    func read<T>(_ query: UsageQuery, _ body: (Database, [UsageRecord]) throws -> T) throws -> T {
        do {
            let pending = try PendingRecords(ledger: path)
            return try queue.read { db in try body(db, try pending.missing(in: db, query)) }
        } catch let error as DatabaseError {
            throw LedgerFailure.from(error, path)
        }
    }

    private static func totals(_ query: UsageQuery, _ db: Database) throws -> [UsageTotal] {
        let selection = try Selection(query, db)
        var names = NameReader(db)
        let keys = query.groups.indices.map { "\(query.groups[$0].expression(at: $0)) AS g\($0)" }
        var sums = summed.map(SQLSum.expression)
        if try LedgerSchema.fileVersion(db) < LedgerSchema.doubtVersion {
            sums[sums.count - 1] = "0 AS in_doubt_nanos_high, 0 AS in_doubt_nanos_low"
        }
        let columns =
            keys + ["count(*) AS calls", "sum(status NOT IN (0, 6)) AS failed", "sum(price_version IS \(unpriced)) AS unpriced"] + sums
        let grouping = keys.isEmpty ? "" : "GROUP BY " + keys.indices.map { "g\($0)" }.joined(separator: ", ")
        let rows = try Row.fetchCursor(
            db, sql: "SELECT \(columns.joined(separator: ", ")) FROM usage_record \(selection.sql) \(grouping)",
            arguments: selection.arguments)
        var totals: [UsageTotal] = []
        while let row = try rows.next() {
            totals.append(try UsageTotal(row, query.groups, &names))
        }
        return totals
    }

    private static func sortKey(_ total: UsageTotal) -> String { total.group.map { $0 ?? "" }.joined(separator: "\u{0}") }

    private static let unpriced = "(SELECT id FROM name WHERE text = 'unpriced')"
    private static let summed = [
        "input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens", "cost_nanos", "in_doubt_nanos",
    ]
}
