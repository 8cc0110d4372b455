internal import Chat
internal import GRDB
internal import GRDBSQLite

/// The prepared INSERT of a usage record.
///
/// Bound through SQLite's C interface and without copies: GRDB's arguments cost an array of boxed values for each record.
struct RecordInsert {
    private let statement: Statement
    private var names: NameTable
    /// The texts of the record that is being inserted, one after the other.
    private var texts: [UInt8] = []

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

    /// Inserts `record`.
    /// - Throws: the extended code of SQLite; a breach of a constraint leaves the transaction as it was.
    mutating func run(_ record: UsageRecord) throws(SQLiteFault) {
        let handle = statement.sqliteStatement
        texts.removeAll(keepingCapacity: true)
        let requestID = keep(record.requestID)
        let callID = keep(record.callID)
        let parent = record.parent.map { keep($0) }
        let user = record.user.map { keep($0) }
        let metadata = keepMetadata(record.metadata)
        try bindNames(of: record, handle)
        Self.bindNumbers(of: record, handle)
        let code = texts.withUnsafeBytes { bytes in
            bindText(handle, 1, bytes, requestID)
            bindText(handle, 2, bytes, callID)
            if let parent { bindText(handle, 3, bytes, parent) }
            if let user { bindText(handle, 8, bytes, user) }
            if let metadata { bindText(handle, 9, bytes, metadata) }
            let code = sqlite3_step(handle)
            sqlite3_reset(handle)
            // Also makes NULL of what the next record does not have.
            sqlite3_clear_bindings(handle)
            return code
        }
        guard code == SQLITE_DONE else { throw SQLiteFault(code: code) }
    }

    private mutating func keep(_ text: String) -> Range<Int> {
        let start = texts.count
        texts.append(contentsOf: text.utf8)
        return start..<texts.count
    }

    private mutating func keepMetadata(_ tags: [UsageRecord.Tag]) -> Range<Int>? {
        guard !tags.isEmpty else { return nil }
        let start = texts.count
        JSONText.appendObject(tags, to: &texts)
        return start..<texts.count
    }

    private mutating func bindNames(of record: UsageRecord, _ handle: OpaquePointer) throws(SQLiteFault) {
        try bind(record.organization, .organization, handle, 5)
        try bind(record.team, .team, handle, 6)
        try bind(record.keyID, .keyID, handle, 7)
        try bind(record.requestedModel, .requestedModel, handle, 10)
        try bind(record.route, .route, handle, 11)
        try bind(record.task, .task, handle, 12)
        try bind(record.complexity, .complexity, handle, 13)
        try bind(record.experiment, .experiment, handle, 14)
        try bind(record.arm, .arm, handle, 15)
        try bind(record.role, .role, handle, 16)
        try bind(record.provider, .provider, handle, 17)
        try bind(record.model, .model, handle, 18)
        try bind(record.priceVersion, .priceVersion, handle, 25)
        try bind(record.errorCode, .errorCode, handle, 29)
        try bind(record.tool, .tool, handle, 31)
    }

    private mutating func bind(_ text: String?, _ column: NameColumn, _ handle: OpaquePointer, _ index: Int32) throws(SQLiteFault) {
        guard let text else { return }
        sqlite3_bind_int64(handle, index, try names.id(of: text, in: column))
    }

    private static func bindNumbers(of record: UsageRecord, _ handle: OpaquePointer) {
        sqlite3_bind_int64(handle, 4, record.time.microseconds)
        sqlite3_bind_int64(handle, 19, record.tokens.input)
        sqlite3_bind_int64(handle, 20, record.tokens.cachedInput)
        sqlite3_bind_int64(handle, 21, record.tokens.cacheWrite)
        sqlite3_bind_int64(handle, 22, record.tokens.output)
        sqlite3_bind_int64(handle, 23, record.tokens.reasoning)
        sqlite3_bind_int64(handle, 24, record.cost.nanos)
        sqlite3_bind_int64(handle, 26, record.latencyMicroseconds)
        if let firstToken = record.firstTokenMicroseconds { sqlite3_bind_int64(handle, 27, firstToken) }
        sqlite3_bind_int64(handle, 28, record.status.stored)
        sqlite3_bind_int64(handle, 30, (record.isStream ? RecordFlags.stream : 0) | (record.isEstimated ? RecordFlags.estimated : 0))
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
