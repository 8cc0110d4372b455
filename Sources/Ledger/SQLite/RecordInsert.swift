internal import GRDB
internal import GRDBSQLite

/// The prepared INSERT of a usage record.
///
/// Bound through SQLite's C interface, from where the record lies in the journal: neither a `UsageRecord` nor its strings are made.
struct RecordInsert {
    private let statement: Statement
    /// The metadata of the record that is being inserted.
    private var json: [UInt8] = []

    /// The columns that make up a record. Their order is known to the functions below, and to `UsageRecord.init(_:_:)`, which reads them.
    static let columns = """
        request_id, call_id, parent, time, org, team, key_id, user, metadata, requested_model, route, task, complexity, experiment, arm, role, \
        provider, model, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_nanos, price_version, \
        latency_us, first_token_us, status, error_code, flags, tool, hold, further_tokens, in_doubt_nanos, in_doubt_tokens
        """
    /// How many they are: what a query selects besides comes behind them.
    static let columnCount = columns.split(separator: ",").count

    init(_ db: Database) throws {
        let places = String(repeating: "?, ", count: Self.columnCount) + "?"
        statement = try db.makeStatement(sql: "INSERT INTO usage_record (\(Self.columns), hash) VALUES (\(places))")
    }

    /// Inserts a record.
    /// - Parameters:
    ///   - record: as ``RecordWriter`` wrote it.
    ///   - hash: its place in the chain.
    /// - Throws: the extended code of SQLite; `SQLITE_MISMATCH` when the bytes are not a record.
    mutating func run(
        _ record: UnsafeRawBufferPointer, _ hash: RecordHash, _ names: inout NameTable
    ) throws(SQLiteFault) -> ImportedRecord {
        let handle = statement.sqliteStatement
        // Also makes NULL of what the next record does not have.
        defer { sqlite3_clear_bindings(handle) }
        var reader = RecordReader(record)
        var facts = ImportedRecord()
        guard bindNumbers(&reader, handle, &facts), try bindTexts(&reader, handle, &names, &facts), bindMetadata(&reader, handle),
            bindDoubt(&reader, handle, &facts), reader.isAtEnd
        else { throw SQLiteFault(code: SQLITE_MISMATCH) }
        hash.withBytes { _ = sqlite3_bind_blob(handle, Int32(Self.columnCount + 1), $0.baseAddress, Int32($0.count), transientCopy) }
        let code = sqlite3_step(handle)
        sqlite3_reset(handle)
        guard code == SQLITE_DONE else { throw SQLiteFault(code: code) }
        return facts
    }

    /// The parameters of the numbers, in the order of the journal.
    private static let numbers: [Int32] = [19, 20, 21, 22, 23, 24, 26]

    private func bindNumbers(_ reader: inout RecordReader, _ handle: OpaquePointer, _ facts: inout ImportedRecord) -> Bool {
        guard let time: Int64 = reader.number() else { return false }
        facts.time = time
        sqlite3_bind_int64(handle, 4, time)
        for index in Self.numbers {
            guard let number: Int64 = reader.number() else { return false }
            sqlite3_bind_int64(handle, index, number)
            switch index {
            case 19: facts.input = number
            case 22: facts.output = number
            case 24: facts.cost = number
            default: break
            }
        }
        guard let firstToken: Int64 = reader.number(), let bits = reader.number(UInt32.self).map(RecordBits.init(rawValue:)),
            let status = bits.status
        else { return false }
        if bits.hasFirstToken { sqlite3_bind_int64(handle, 27, firstToken) }
        sqlite3_bind_int64(handle, 28, status.stored)
        sqlite3_bind_int64(handle, 30, RecordFlags.stored(bits))
        facts.status = status
        facts.bits = bits
        return true
    }

    /// The texts that may be missing, in the order of the journal: parameter, and column if it holds the id of a word.
    private static let optionals: [(index: Int32, column: NameColumn?)] = [
        (3, nil), (5, .organization), (6, .team), (7, .keyID), (8, nil), (11, .route), (12, .task), (13, .complexity), (14, .experiment),
        (15, .arm), (16, .role), (17, .provider), (18, .model), (29, .errorCode), (31, .tool), (32, nil),
        (33, nil),
    ]

    private func bindTexts(
        _ reader: inout RecordReader, _ handle: OpaquePointer, _ names: inout NameTable, _ facts: inout ImportedRecord
    ) throws(SQLiteFault) -> Bool {
        guard try bind(&reader, (1, nil), handle, &names, &facts), try bind(&reader, (2, nil), handle, &names, &facts),
            try bind(&reader, (10, .requestedModel), handle, &names, &facts),
            try bind(&reader, (25, .priceVersion), handle, &names, &facts), let present = reader.presence()
        else { return false }
        for (bit, place) in Self.optionals.enumerated() where present & 1 << UInt32(bit) != 0 {
            guard try bind(&reader, place, handle, &names, &facts) else { return false }
        }
        return true
    }

    private func bind(
        _ reader: inout RecordReader, _ place: (index: Int32, column: NameColumn?), _ handle: OpaquePointer, _ names: inout NameTable,
        _ facts: inout ImportedRecord
    ) throws(SQLiteFault) -> Bool {
        guard let text = reader.textBytes() else { return false }
        if let column = place.column {
            let id = try names.id(of: text, in: column)
            sqlite3_bind_int64(handle, place.index, id)
            facts.note(id, column)
        } else {
            bindText(handle, place.index, text)
            facts.note(text, parameter: place.index)
        }
        return true
    }

    private func bindDoubt(_ reader: inout RecordReader, _ handle: OpaquePointer, _ facts: inout ImportedRecord) -> Bool {
        guard facts.bits.hasDoubt else { return true }
        guard let money: Int64 = reader.number(), let tokens: Int64 = reader.number() else { return false }
        (facts.inDoubt, facts.inDoubtTokens) = (money, tokens)
        sqlite3_bind_int64(handle, 34, money)
        sqlite3_bind_int64(handle, 35, tokens)
        return true
    }

    private mutating func bindMetadata(_ reader: inout RecordReader, _ handle: OpaquePointer) -> Bool {
        guard let tags = reader.metadata() else { return false }
        if tags.isEmpty { return true }
        json.removeAll(keepingCapacity: true)
        JSONText.appendObject(tags, to: &json)
        json.withUnsafeBytes { bindText(handle, 9, $0, copying: true) }
        return true
    }
}

/// What sums and holds need to know of a record that was inserted. The texts stand in the journal.
struct ImportedRecord {
    var time: Int64 = 0
    var input: Int64 = 0
    var output: Int64 = 0
    var cost: Int64 = 0
    /// Nano-dollars and tokens that may have been spent besides.
    var inDoubt: Int64 = 0
    var inDoubtTokens: Int64 = 0
    var status = UsageRecord.Status.ok
    var bits = RecordBits(rawValue: 0)
    /// Ids of words; zero: none.
    private(set) var organization: Int64 = 0
    private(set) var team: Int64 = 0
    private(set) var key: Int64 = 0
    private(set) var requestedModel: Int64 = 0
    private var calledModel: Int64 = 0
    private var call: UnsafeRawBufferPointer?
    private(set) var user: UnsafeRawBufferPointer?
    private var holdText: UnsafeRawBufferPointer?

    /// What the limits on models look at: the one that was called, else what was asked for.
    var model: Int64 { calledModel == 0 ? requestedModel : calledModel }

    /// The id of the hold.
    var hold: UnsafeRawBufferPointer? { bits.holdIsCall ? call : holdText }

    mutating func note(_ id: Int64, _ column: NameColumn) {
        switch column {
        case .organization: organization = id
        case .team: team = id
        case .keyID: key = id
        case .requestedModel: requestedModel = id
        case .model: calledModel = id
        default: break
        }
    }

    mutating func note(_ text: UnsafeRawBufferPointer, parameter: Int32) {
        switch parameter {
        case 2: call = text
        case 8: user = text
        case 32: holdText = text
        default: break
        }
    }
}

/// The bits of the column `flags`.
enum RecordFlags {
    static let stream: Int64 = 1
    static let estimated: Int64 = 2
    /// The hold has the name of the call; the column `hold` is empty.
    static let holdIsCall: Int64 = 4
    static let settlesHold: Int64 = 8

    static func stored(_ bits: RecordBits) -> Int64 {
        (bits.isStream ? stream : 0) | (bits.isEstimated ? estimated : 0) | (bits.holdIsCall ? holdIsCall : 0)
            | (bits.settlesHold ? settlesHold : 0)
    }
}

extension UsageRecord.Status {
    /// The number that stands for it in the file; never to be changed.
    var stored: Int64 {
        switch self {
        case .ok: 0
        case .error: 1
        case .timeout: 2
        case .canceled: 3
        case .cut: 4
        case .inDoubt: 5
        case .refund: 6
        }
    }

    init?(stored: Int64) {
        guard let status = Self.allCases.first(where: { $0.stored == stored }) else { return nil }
        self = status
    }
}
