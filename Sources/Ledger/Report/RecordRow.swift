internal import Core
internal import FoundationEssentials
package import GRDB

/// The words of the ledger by their ids.
package struct NameReader {
    private let db: Database
    private var texts: [Int64: String] = [:]

    package init(_ db: Database) { self.db = db }

    /// The word of the id; `nil` for `nil`, and for an id without a word (a damaged file).
    mutating func text(_ id: Int64?) throws -> String? {
        guard let id else { return nil }
        if let known = texts[id] { return known }
        guard
            let text = try Data.fetchOne(db.cachedStatement(sql: "SELECT CAST(text AS BLOB) FROM name WHERE id = ?"), arguments: [id]).map(
                String.init(stored:))
        else { return nil }
        if texts.count >= NameTable.limit { texts.removeAll() }
        texts[id] = text
        return text
    }
}

/// Which records a query is about, in SQL.
struct Selection {
    let sql: String
    let arguments: StatementArguments
    /// What to order records by: that of their import.
    let order: String

    init(_ query: UsageQuery, _ db: Database) throws {
        // Written this way, the condition uses the index on the few corrections: the plus keeps SQLite from scanning by id instead.
        let isOfCorrections = query.statuses?.allSatisfy { $0.stored >= 5 } ?? false
        order = isOfCorrections || query.hasDoubt ? "+id" : "id"
        var conditions: [String] = []
        if query.hasDoubt {
            conditions.append(try LedgerSchema.fileVersion(db) >= LedgerSchema.doubtVersion ? LedgerSchema.hasDoubt : "status >= 5")
        }
        var values: [String: (any DatabaseValueConvertible)?] = [:]
        if let since = query.since {
            conditions += ["id >= :first", "time >= :since"]
            values["since"] = since.microseconds
            values["first"] =
                try Int64.fetchOne(
                    db, sql: "SELECT max(first_id) FROM time_mark WHERE latest < ?", arguments: [since.microseconds]) ?? 0
        }
        if let until = query.until {
            conditions.append("time < :until")
            values["until"] = until.microseconds
        }
        if let requestID = query.requestID {
            conditions.append("request_id = :request")
            values["request"] = requestID
        }
        if let statuses = query.statuses {
            if isOfCorrections { conditions.append("status >= 5") }
            conditions.append("status IN (\(statuses.map { String($0.stored) }.sorted().joined(separator: ", ")))")
        }
        for case (let index, .tag(let name)) in query.groups.enumerated() { values["tag\(index)"] = name }
        sql = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        arguments = StatementArguments(values)
    }
}

extension UsageGrouping {
    /// The value to group by, in SQL.
    /// - Parameter index: names the argument of a tag.
    func expression(at index: Int) -> String {
        switch self {
        case .field(.key): "key_id"
        case .field(.user): "CAST(user AS BLOB)"
        case .field(let field): field.rawValue
        case .tag: "(SELECT CAST(value AS BLOB) FROM json_each(metadata) WHERE key = :tag\(index) LIMIT 1)"
        }
    }

    /// The value as people read it.
    func text(_ value: DatabaseValue, _ names: inout NameReader) throws -> String? {
        switch self {
        case .tag, .field(.user): Data.fromDatabaseValue(value).map(String.init(stored:))
        case .field(.status): Int64.fromDatabaseValue(value).flatMap(UsageRecord.Status.init(stored:))?.rawValue
        case .field: try names.text(Int64.fromDatabaseValue(value))
        }
    }
}

extension UsageTotal {
    /// Reads a row of the query that `UsageReader.totals` makes.
    init(_ row: Row, _ groups: [UsageGrouping], _ names: inout NameReader) throws {
        group = []
        for (index, grouping) in groups.enumerated() { group.append(try grouping.text(row["g\(index)"], &names)) }
        calls = row["calls"]
        failed = row["failed"] ?? 0
        unpriced = row["unpriced"] ?? 0
        tokens = TokenUsage(
            input: Self.sum(row, "input_tokens"), cachedInput: Self.sum(row, "cached_input_tokens"),
            cacheWrite: Self.sum(row, "cache_write_tokens"),
            output: Self.sum(row, "output_tokens"), reasoning: Self.sum(row, "reasoning_tokens"))
        cost = NanoUSD(nanos: Self.sum(row, "cost_nanos"))
        inDoubt = NanoUSD(nanos: Self.sum(row, "in_doubt_nanos"))
    }

    private static func sum(_ row: Row, _ column: String) -> Int64 { SQLSum.value(row, column) }
}

/// Sums of 64-bit numbers in halves: SQLite's sum() fails when it overflows, the sums of the halves cannot.
enum SQLSum {
    /// The SQL that selects both halves of the sum.
    static func expression(_ column: String) -> String {
        "sum(\(column) >> 32) AS \(column)_high, sum(\(column) & 4294967295) AS \(column)_low"
    }

    /// The sum, saturating; zero when there was nothing to add up.
    static func value(_ row: Row, _ column: String) -> Int64 {
        let high: Int64 = row[column + "_high"] ?? 0
        let low: Int64 = row[column + "_low"] ?? 0
        return Int64(clamping: Int128(high) << 32 + Int128(low))
    }
}

extension String {
    /// Reads a text that was fetched as a BLOB: GRDB ends a TEXT at its first NUL, and clients may send one.
    init(stored bytes: Data) { self.init(decoding: bytes, as: UTF8.self) }

    /// Reads a text that may be missing.
    init?(stored bytes: Data?) {
        guard let bytes else { return nil }
        self.init(stored: bytes)
    }
}

extension UsageRecord {
    /// What to select from a file of this version, in the order in which `init(_:_:)` reads it.
    package static let selected = RecordInsert.columns.split(separator: ", ")
        .map { ["request_id", "call_id", "parent", "user", "metadata", "hold"].contains($0) ? "CAST(\($0) AS BLOB)" : $0 }.joined(
            separator: ", ")

    /// Columns of ``selected``: what a query selects besides comes behind them.
    static let selectedCount = RecordInsert.columnCount

    /// The columns to select from `db`; its file may be of an earlier version, if no writer of this version has opened it yet.
    static func selected(_ db: Database) throws -> String {
        let version = try LedgerSchema.fileVersion(db)
        var columns = selected
        if version < LedgerSchema.chainVersion { columns = columns.replacing("CAST(hold AS BLOB)", with: "NULL") }
        if version < LedgerSchema.furtherTokensVersion { columns = columns.replacing("further_tokens", with: "NULL") }
        if version < LedgerSchema.doubtVersion { columns = columns.replacing("in_doubt_nanos, in_doubt_tokens", with: "NULL, NULL") }
        return columns
    }

    /// Reads a row of `selected`; `nil` when it holds what no writer writes.
    package init?(_ row: Row, _ names: inout NameReader) throws {
        guard let status = Status(stored: row[27]), let requestedModel = try names.text(row[9]), let priceVersion = try names.text(row[24]),
            let metadata = String(stored: row[8] as Data?).map(JSONText.object(_:)) ?? []
        else { return nil }
        self.init(
            requestID: String(stored: row[0] as Data), callID: String(stored: row[1] as Data), time: WallTime(microseconds: row[3]),
            requestedModel: requestedModel, priceVersion: priceVersion, status: status)
        self.metadata = metadata
        parent = String(stored: row[2] as Data?)
        user = String(stored: row[7] as Data?)
        try readNames(row, &names)
        tokens = TokenUsage(
            input: row[18], cachedInput: row[19], cacheWrite: row[20], output: row[21], reasoning: row[22],
            tier: ServiceTier(priceVersion: priceVersion))
        guard tokens.add(further: row[32]) else { return nil }
        cost = NanoUSD(nanos: row[23])
        latencyMicroseconds = row[25]
        firstTokenMicroseconds = row[26]
        let flags: Int64 = row[29]
        isStream = flags & RecordFlags.stream != 0
        isEstimated = flags & RecordFlags.estimated != 0
        settlesHold = flags & RecordFlags.settlesHold != 0
        hold = flags & RecordFlags.holdIsCall != 0 ? callID : String(stored: row[31] as Data?)
        inDoubt = NanoUSD(nanos: row[33] ?? 0)
        inDoubtTokens = row[34] ?? 0
    }

    private mutating func readNames(_ row: Row, _ names: inout NameReader) throws {
        organization = try names.text(row[4])
        team = try names.text(row[5])
        keyID = try names.text(row[6])
        route = try names.text(row[10])
        task = try names.text(row[11])
        complexity = try names.text(row[12])
        experiment = try names.text(row[13])
        arm = try names.text(row[14])
        role = try names.text(row[15])
        provider = try names.text(row[16])
        model = try names.text(row[17])
        errorCode = try names.text(row[28])
        tool = try names.text(row[30])
    }
}
