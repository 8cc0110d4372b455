internal import GRDB
internal import GRDBSQLite

/// The prepared INSERT of a usage record.
///
/// Bound through SQLite's C interface, from where the record lies in the journal: neither a `UsageRecord` nor its strings are made.
struct RecordInsert {
    private let statement: Statement
    private var names: NameTable
    /// The metadata of the record that is being inserted.
    private var json: [UInt8] = []

    /// The columns that make up a record. Their order is known to the functions below, and to `UsageRecord.init(_:_:)`, which reads them.
    static let columns = """
        request_id, call_id, parent, time, org, team, key_id, user, metadata, requested_model, route, task, complexity, experiment, arm, role, \
        provider, model, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_nanos, price_version, \
        latency_us, first_token_us, status, error_code, flags, tool
        """

    init(_ db: Database) throws {
        let places = String(repeating: "?, ", count: 30) + "?"
        statement = try db.makeStatement(sql: "INSERT INTO usage_record (\(Self.columns)) VALUES (\(places))")
        names = try NameTable(db)
    }

    /// Inserts a record.
    /// - Parameter record: as ``RecordWriter`` wrote it.
    /// - Returns: its time.
    /// - Throws: the extended code of SQLite; `SQLITE_MISMATCH` when the bytes are no record.
    mutating func run(_ record: UnsafeRawBufferPointer) throws(SQLiteFault) -> WallTime {
        let handle = statement.sqliteStatement
        // Also makes NULL of what the next record does not have.
        defer { sqlite3_clear_bindings(handle) }
        var reader = RecordReader(record)
        guard let time = Self.bindNumbers(&reader, handle), try bindTexts(&reader, handle), bindMetadata(&reader, handle), reader.isAtEnd
        else { throw SQLiteFault(code: SQLITE_MISMATCH) }
        let code = sqlite3_step(handle)
        sqlite3_reset(handle)
        guard code == SQLITE_DONE else { throw SQLiteFault(code: code) }
        return time
    }

    /// The parameters of the numbers, in the order of the journal.
    private static let numbers: [Int32] = [19, 20, 21, 22, 23, 24, 26]

    private static func bindNumbers(_ reader: inout RecordReader, _ handle: OpaquePointer) -> WallTime? {
        guard let time: Int64 = reader.number() else { return nil }
        sqlite3_bind_int64(handle, 4, time)
        for index in numbers {
            guard let number: Int64 = reader.number() else { return nil }
            sqlite3_bind_int64(handle, index, number)
        }
        guard let firstToken: Int64 = reader.number(), let bits = reader.number(UInt32.self).map(RecordBits.init(rawValue:)),
            let status = bits.status
        else { return nil }
        if bits.hasFirstToken { sqlite3_bind_int64(handle, 27, firstToken) }
        sqlite3_bind_int64(handle, 28, status.stored)
        sqlite3_bind_int64(handle, 30, (bits.isStream ? RecordFlags.stream : 0) | (bits.isEstimated ? RecordFlags.estimated : 0))
        return WallTime(microseconds: time)
    }

    /// The texts that may be missing, in the order of the journal: parameter, and column if it holds the id of a word.
    private static let optionals: [(index: Int32, column: NameColumn?)] = [
        (3, nil), (5, .organization), (6, .team), (7, .keyID), (8, nil), (11, .route), (12, .task), (13, .complexity), (14, .experiment),
        (15, .arm), (16, .role), (17, .provider), (18, .model), (29, .errorCode), (31, .tool),
    ]

    private mutating func bindTexts(_ reader: inout RecordReader, _ handle: OpaquePointer) throws(SQLiteFault) -> Bool {
        guard try bind(&reader, (1, nil), handle), try bind(&reader, (2, nil), handle), try bind(&reader, (10, .requestedModel), handle),
            try bind(&reader, (25, .priceVersion), handle), let present = reader.presence()
        else { return false }
        for (bit, place) in Self.optionals.enumerated() where present & 1 << UInt32(bit) != 0 {
            guard try bind(&reader, place, handle) else { return false }
        }
        return true
    }

    private mutating func bind(
        _ reader: inout RecordReader, _ place: (index: Int32, column: NameColumn?), _ handle: OpaquePointer
    ) throws(SQLiteFault) -> Bool {
        guard let text = reader.textBytes() else { return false }
        if let column = place.column {
            sqlite3_bind_int64(handle, place.index, try names.id(of: text, in: column))
        } else {
            bindText(handle, place.index, text)
        }
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

/// The bits of the column `flags`.
enum RecordFlags {
    static let stream: Int64 = 1
    static let estimated: Int64 = 2
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
        }
    }

    init?(stored: Int64) {
        guard let status = Self.allCases.first(where: { $0.stored == stored }) else { return nil }
        self = status
    }
}
