public import Core
internal import GRDB
public import Limits

/// The payer and the model of an amount.
private struct Spender: Hashable {
    var organization: String?
    var team: String?
    var keyID: String?
    var user: String?
    let model: String
    let isInDoubt: Bool

    init(_ record: UsageRecord, isInDoubt: Bool) {
        organization = record.organization
        team = record.team
        keyID = record.keyID
        user = record.user
        model = record.model ?? record.requestedModel
        self.isInDoubt = isInDoubt
    }

    init(model: String, isInDoubt: Bool) {
        self.model = model
        self.isInDoubt = isInDoubt
    }
}

extension UsageReader {
    /// What was spent, by payer, model and stretch of time; see ``LedgerStore/totals(cutAt:)``.
    public func totals(cutAt moments: [WallTime]) throws(LedgerFailure) -> [SpendingTotal] {
        do {
            return try read(UsageQuery()) { db, pending in try Self.totals(moments, db, pending) }
        } catch {
            throw .from(error, path)
        }
    }

    /// - Parameter pending: the records that are not in the snapshot.
    static func totals(_ moments: [WallTime], _ db: Database, _ pending: [UsageRecord]) throws -> [SpendingTotal] {
        guard try LedgerSchema.fileVersion(db) >= LedgerSchema.chainVersion else {
            throw LedgerFailure.invalid("the ledger has no sums yet; the next `purser serve` makes them")
        }
        let moments = Set(moments).sorted()
        var reader = SpendingReader(db)
        // What was spent since each moment, that of all time first; a stretch is the difference of two.
        let since = try [reader.always()] + moments.map { try reader.since($0) }
        var totals: [SpendingTotal] = []
        for (index, begin) in ([WallTime(microseconds: .min)] + moments).enumerated() {
            var sums = since[index]
            if index + 1 < since.count {
                for (spender, sum) in since[index + 1] { sums[spender] = (sums[spender] ?? SpendingSum()) - sum }
            }
            let end = index < moments.count ? moments[index] : nil
            for record in pending where record.time >= begin && (end.map { record.time < $0 } ?? true) {
                sums.count(record)
            }
            totals += sums.compactMap { SpendingTotal($0, $1, begin) }
        }
        return totals
    }
}

extension [Spender: SpendingSum] {
    /// Adds a record, what is in doubt of it apart.
    fileprivate mutating func count(_ record: UsageRecord) {
        self[Spender(record, isInDoubt: record.status.isInDoubt), default: SpendingSum()].add(record)
        guard record.hasDoubt else { return }
        let spender = Spender(record, isInDoubt: true)
        self[spender] = (self[spender] ?? SpendingSum()) + SpendingSum(inDoubt: record)
    }
}

extension SpendingTotal {
    /// `nil` when nothing was spent.
    fileprivate init?(_ spender: Spender, _ sum: SpendingSum, _ begin: WallTime) {
        if sum == SpendingSum() { return nil }
        self.init(
            organization: spender.organization, team: spender.team, keyID: spender.keyID, user: spender.user, model: spender.model,
            isInDoubt: spender.isInDoubt, begin: begin, cost: sum.cost, tokens: sum.tokens, requests: sum.requests)
    }
}

/// Reads sums from the table `spending`.
private struct SpendingReader {
    private typealias Span = SpendingTable.Span

    private let db: Database
    private var names: NameReader
    private var payers: [Int64: (organization: String?, team: String?, key: String?, user: String?)] = [:]

    init(_ db: Database) {
        self.db = db
        names = NameReader(db)
    }

    mutating func always() throws -> [Spender: SpendingSum] {
        var sums: [Spender: SpendingSum] = [:]
        try add(.always, 0..<1, to: &sums)
        return sums
    }

    /// Days as far as possible, before them quarters of an hour, before them records.
    mutating func since(_ moment: WallTime) throws -> [Spender: SpendingSum] {
        var sums: [Spender: SpendingSum] = [:]
        let (quotient, remainder) = moment.microseconds.floorDivided(by: SpendingTable.quarterMicroseconds)
        let quarter = remainder == 0 ? quotient : quotient + 1
        let day = Span.day.number(quarter + 95)
        if remainder > 0 { try addRecords(moment, before: quarter, to: &sums) }
        if quarter < day * 96 { try add(.quarter, quarter..<day * 96, to: &sums) }
        try add(.day, day..<Int64.max, to: &sums)
        return sums
    }

    private mutating func add(_ span: Span, _ range: Range<Int64>, to sums: inout [Spender: SpendingSum]) throws {
        let columns = ["cost_nanos", "tokens", "requests"].map(SQLSum.expression).joined(separator: ", ")
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT payer, model, in_doubt, \(columns) FROM spending WHERE span = ? AND start >= ? AND start < ?
                GROUP BY payer, model, in_doubt
                """, arguments: [span.rawValue, range.lowerBound, range.upperBound])
        while let row = try rows.next() {
            let spender = try spender(row[0], model: row[1], isInDoubt: row[2])
            let sum = SpendingSum(
                cost: NanoUSD(nanos: SQLSum.value(row, "cost_nanos")), tokens: SQLSum.value(row, "tokens"),
                requests: SQLSum.value(row, "requests"))
            sums[spender] = (sums[spender] ?? SpendingSum()) + sum
        }
    }

    private mutating func addRecords(_ since: WallTime, before quarter: Int64, to sums: inout [Spender: SpendingSum]) throws {
        var query = UsageQuery()
        query.since = since
        query.until = WallTime(microseconds: quarter * SpendingTable.quarterMicroseconds)
        let selection = try Selection(query, db)
        let rows = try Row.fetchCursor(
            db, sql: "SELECT \(UsageRecord.selected) FROM usage_record \(selection.sql)", arguments: selection.arguments)
        while let row = try rows.next() {
            guard let record = try UsageRecord(row, &names) else { continue }
            sums.count(record)
        }
    }

    private mutating func spender(_ payer: Int64, model: Int64, isInDoubt: Bool) throws -> Spender {
        var spender = Spender(model: try names.text(model) ?? "", isInDoubt: isInDoubt)
        if payers[payer] == nil,
            let row = try Row.fetchOne(db, sql: "SELECT org, team, key_id, CAST(user AS BLOB) FROM payer WHERE id = ?", arguments: [payer])
        {
            payers[payer] = (try name(row[0]), try name(row[1]), try name(row[2]), String(stored: row[3]))
        }
        if let known = payers[payer] {
            (spender.organization, spender.team, spender.keyID, spender.user) = (known.organization, known.team, known.key, known.user)
        }
        return spender
    }

    private mutating func name(_ id: Int64) throws -> String? { id == 0 ? nil : try names.text(id) }
}
