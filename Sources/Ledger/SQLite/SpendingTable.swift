internal import Core
internal import GRDB
internal import GRDBSQLite

/// Sums of what was spent, by payer, model and time: kept with the records, so that limits continue after a restart without reading them all.
///
/// Sums a batch in memory and adds it to the table when the batch ends. Valid only while the connection's transactions succeed.
struct SpendingTable {
    /// The payer: ids of words, zero where there is none, and the user.
    struct Payer: Hashable {
        let organization: Int64
        let team: Int64
        let key: Int64
        let user: Word?
    }

    /// What is summed up together.
    struct Cell: Hashable {
        let payer: Payer
        let model: Int64
        let isInDoubt: Bool
        /// Quarters of an hour since 1970.
        let quarter: Int64
    }

    /// How long the stretches are; the numbers stand in the file.
    enum Span: Int64, CaseIterable {
        case quarter = 0
        case day = 1
        case always = 2

        /// The number of the stretch that begins with, or contains, a quarter of an hour.
        func number(_ quarter: Int64) -> Int64 {
            switch self {
            case .quarter: quarter
            case .day: quarter.floorDivided(by: 96).quotient
            case .always: 0
            }
        }
    }

    static let quarterMicroseconds: Int64 = 900_000_000

    private var cells: [(cell: Cell, sum: SpendingSum)] = []
    private var places: [Cell: Int] = [:]
    private var payers: [Payer: Int64] = [:]
    private let findPayer: Statement
    private let addPayer: Statement
    private let add: Statement

    /// Payers that are remembered; users are named by clients.
    private static let limit = 16_384

    init(_ db: Database) throws {
        findPayer = try db.makeStatement(sql: "SELECT id FROM payer WHERE org = ? AND team = ? AND key_id = ? AND user IS ?")
        addPayer = try db.makeStatement(sql: "INSERT INTO payer (org, team, key_id, user) VALUES (?, ?, ?, ?) RETURNING id")
        // A sum that leaves the range becomes a floating-point number in SQLite, and that the nearest end of the range.
        add = try db.makeStatement(
            sql: """
                INSERT INTO spending (span, start, payer, model, in_doubt, cost_nanos, tokens, requests) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET cost_nanos = CAST(cost_nanos + excluded.cost_nanos AS INTEGER),
                  tokens = CAST(tokens + excluded.tokens AS INTEGER), requests = requests + excluded.requests
                """)
    }

    /// Adds a record to the sums of the batch.
    mutating func count(_ record: ImportedRecord) {
        let quarter = record.time.floorDivided(by: Self.quarterMicroseconds).quotient
        if let (last, _) = cells.last, last.isOf(record, quarter) {
            cells[cells.count - 1].sum.add(record)
        } else {
            add(SpendingSum(record), to: Cell(record, quarter, isInDoubt: record.status.isInDoubt))
        }
        if record.bits.hasDoubt { add(SpendingSum(inDoubt: record), to: Cell(record, quarter, isInDoubt: true)) }
    }

    private mutating func add(_ sum: SpendingSum, to cell: Cell) {
        if let place = places[cell] {
            cells[place].sum = cells[place].sum + sum
        } else {
            places[cell] = cells.count
            cells.append((cell, sum))
        }
    }

    /// Adds the sums of the batch to the table.
    mutating func flush() throws(SQLiteFault) {
        for (cell, sum) in cells {
            let payer = try id(of: cell.payer)
            for span in Span.allCases { try store(cell, sum, payer, span) }
        }
        cells.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
    }

    private func store(_ cell: Cell, _ sum: SpendingSum, _ payer: Int64, _ span: Span) throws(SQLiteFault) {
        add.bind(
            [
                span.rawValue, span.number(cell.quarter), payer, cell.model, cell.isInDoubt ? 1 : 0, sum.cost.nanos, sum.tokens,
                sum.requests,
            ])
        try add.run()
    }

    private mutating func id(of payer: Payer) throws(SQLiteFault) -> Int64 {
        if let known = payers[payer] { return known }
        var found = try Self.run(findPayer, payer)
        if found == nil { found = try Self.run(addPayer, payer) }
        guard let id = found else { throw SQLiteFault(code: SQLITE_INTERNAL) }
        if payers.count >= Self.limit { payers.removeAll(keepingCapacity: true) }
        payers[payer] = id
        return id
    }

    private static func run(_ statement: Statement, _ payer: Payer) throws(SQLiteFault) -> Int64? {
        statement.bind([payer.organization, payer.team, payer.key])
        if let user = payer.user { user.bytes.withUnsafeBytes { bindText(statement.sqliteStatement, 4, $0, copying: true) } }
        return try statement.firstInteger()
    }
}

extension SpendingTable.Cell {
    fileprivate init(_ record: ImportedRecord, _ quarter: Int64, isInDoubt: Bool) {
        self.init(
            payer: SpendingTable.Payer(
                organization: record.organization, team: record.team, key: record.key, user: record.user.map { Word(bytes: Array($0)) }),
            model: record.model, isInDoubt: isInDoubt, quarter: quarter)
    }

    /// Whether `record` belongs here; spares most records the search.
    fileprivate func isOf(_ record: ImportedRecord, _ quarter: Int64) -> Bool {
        guard quarter == self.quarter, record.model == model, record.status.isInDoubt == isInDoubt, record.team == payer.team,
            record.key == payer.key, record.organization == payer.organization
        else { return false }
        guard let user = record.user else { return payer.user == nil }
        return payer.user?.isEqual(to: user) ?? false
    }
}

extension UsageRecord.Status {
    /// Whether the amounts of such records are not known to be spent.
    var isInDoubt: Bool { self == .inDoubt || self == .refund }
}

/// What some records together have cost, saturating.
struct SpendingSum: Equatable {
    var cost = NanoUSD.zero
    var tokens: Int64 = 0
    var requests: Int64 = 0

    fileprivate init(_ record: ImportedRecord) { add(record) }

    /// The part of a record that is in doubt. The request itself counts with the rest.
    fileprivate init(inDoubt record: ImportedRecord) { (cost, tokens) = (NanoUSD(nanos: record.inDoubt), record.inDoubtTokens) }

    /// The part of a record that is in doubt. The request itself counts with the rest.
    init(inDoubt record: UsageRecord) { (cost, tokens) = (record.inDoubt, record.inDoubtTokens) }

    init() {}

    init(cost: NanoUSD, tokens: Int64, requests: Int64) {
        self.cost = cost
        self.tokens = tokens
        self.requests = requests
    }

    fileprivate mutating func add(_ record: ImportedRecord) {
        add(
            cost: record.cost, tokens: record.input.addingSaturated(record.output),
            isRequest: record.status != .refund && (record.hold == nil || record.bits.settlesHold))
    }

    /// Adds what one record says.
    mutating func add(_ record: UsageRecord) {
        add(
            cost: record.cost.nanos, tokens: record.tokens.input.addingSaturated(record.tokens.output),
            isRequest: record.status != .refund && (record.hold == nil || record.settlesHold))
    }

    private mutating func add(cost: Int64, tokens: Int64, isRequest: Bool) {
        self.cost = self.cost + NanoUSD(nanos: cost)
        self.tokens = self.tokens.addingSaturated(tokens)
        if isRequest { requests += 1 }
    }

    static func - (a: SpendingSum, b: SpendingSum) -> SpendingSum {
        SpendingSum(
            cost: a.cost - b.cost, tokens: a.tokens.subtractingSaturated(b.tokens), requests: a.requests.subtractingSaturated(b.requests))
    }

    static func + (a: SpendingSum, b: SpendingSum) -> SpendingSum {
        SpendingSum(cost: a.cost + b.cost, tokens: a.tokens.addingSaturated(b.tokens), requests: a.requests.addingSaturated(b.requests))
    }
}
