internal import Core
public import Ledger

/// Reads the shared ledger: the records of all gateways, each up to a second after its commit.
public final class PostgreSQLUsageReader: UsageSource {
    private let target: PostgreSQLTarget

    /// Connects once, to see that there is a ledger.
    /// - Throws: ``LedgerFailure``: `serverAway`, `serverRefuses`, `newerVersion`, `foreign`, `cannotOpen` when there is none yet.
    public init(_ target: PostgreSQLTarget) throws(LedgerFailure) {
        self.target = target
        guard try PostgreSQLSchema.foundVersion(PostgreSQLConnection(target)) > 0 else {
            throw .serverRefuses(
                server: target.description, detail: "there is no ledger yet; the first `purser serve` with this --store makes it")
        }
    }

    /// Passes each record that fits `query` to `body`, oldest first.
    /// - Throws: ``LedgerFailure``, or what `body` throws, which ends the reading.
    public func forEachRecord(_ query: UsageQuery, _ body: (UsageRecord) throws -> Void) throws {
        let selection = PostgreSQLSelection(query)
        let connection = try PostgreSQLConnection(target, patience: .seconds(120))
        let sql = "SELECT \(PostgreSQLRecord.columns) FROM purser.usage_record \(selection.condition) ORDER BY time, gateway, sequence"
        try connection.forEachRow(sql, selection.parameters) { rows in
            guard let record = PostgreSQLRecord.read(rows, 0) else {
                throw LedgerFailure.corrupt(path: target.description, detail: "a record makes no sense")
            }
            try body(record)
        }
    }

    /// The sums of the records that fit `query`, by its groups; the highest cost first.
    public func totals(_ query: UsageQuery) throws(LedgerFailure) -> [UsageTotal] {
        let selection = PostgreSQLSelection(query)
        let connection = try PostgreSQLConnection(target, patience: .seconds(120))
        let sums = [
            "input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens", "cost_nanos",
            "in_doubt_nanos",
        ].map { "coalesce(sum(\($0)), 0)" }
        let counts = ["count(*)", "count(*) FILTER (WHERE status <> 'ok')", "count(*) FILTER (WHERE price_version = 'unpriced')"]
        let grouping = selection.groups.isEmpty ? "" : "GROUP BY " + (1...selection.groups.count).map(String.init).joined(separator: ", ")
        let rows = try connection.run(
            "SELECT \((selection.groups + counts + sums).joined(separator: ", ")) FROM purser.usage_record \(selection.condition) \(grouping)",
            selection.parameters)
        let totals = (0..<rows.count).map { UsageTotal(rows, $0, groups: query.groups.count) }
        return totals.sorted { ($1.cost, $0.sortKey) < ($0.cost, $1.sortKey) }
    }
}

/// Which records a query is about, and by what it adds them up, in PostgreSQL's words.
private struct PostgreSQLSelection {
    private(set) var condition = ""
    private(set) var parameters: [String?] = []
    private(set) var groups: [String] = []

    init(_ query: UsageQuery) {
        var conditions: [String] = []
        if let since = query.since { conditions.append("time >= \(place(String(since.microseconds)))") }
        if let until = query.until { conditions.append("time < \(place(String(until.microseconds)))") }
        if let requestID = query.requestID { conditions.append("request_id = \(place(requestID))") }
        if query.hasDoubt { conditions.append("(status IN ('in_doubt', 'refund') OR in_doubt_nanos IS NOT NULL)") }
        if let statuses = query.statuses {
            conditions.append("status = ANY (\(place(PostgreSQLText.array(statuses.map(\.rawValue).sorted())))::text[])")
        }
        if !conditions.isEmpty { condition = "WHERE " + conditions.joined(separator: " AND ") }
        for group in query.groups { groups.append(expression(group)) }
    }

    private mutating func place(_ value: String) -> String {
        parameters.append(value)
        return "$\(parameters.count)"
    }

    private mutating func expression(_ group: UsageGrouping) -> String {
        switch group {
        case .field(.key): "key_id"
        case .field(.user): "\"user\""
        case .field(let field): field.rawValue
        case .tag(let name): "metadata ->> \(place(name))"
        }
    }
}

extension UsageTotal {
    /// Reads a row of the query above.
    fileprivate init(_ rows: PostgreSQLRows, _ row: Int, groups: Int) {
        let first = Int32(groups)
        // Sums of 64-bit numbers are decimals without bounds.
        func sum(_ column: Int32) -> Int64 {
            let text = rows.text(row, first + column) ?? "0"
            return Int64(text) ?? (text.hasPrefix("-") ? .min : .max)
        }
        self.init(group: (0..<first).map { rows.text(row, $0) })
        calls = sum(0)
        failed = sum(1)
        unpriced = sum(2)
        tokens = TokenUsage(input: sum(3), cachedInput: sum(4), cacheWrite: sum(5), output: sum(6), reasoning: sum(7))
        cost = NanoUSD(nanos: sum(8))
        inDoubt = NanoUSD(nanos: sum(9))
    }

    fileprivate var sortKey: String { group.map { $0 ?? "" }.joined(separator: "\u{0}") }
}
