internal import Core
internal import Ledger

/// Usage records as rows of `purser.usage_record`.
enum PostgreSQLRecord {
    /// The columns that make up a record, in the order of the functions below.
    static let columns = """
        request_id, call_id, parent, time, org, team, key_id, "user", metadata, requested_model, route, task, complexity, experiment, arm, role, \
        provider, model, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_nanos, price_version, \
        latency_us, first_token_us, status, error_code, stream, estimated, tool, hold, settles_hold, further_tokens, in_doubt_nanos, \
        in_doubt_tokens
        """

    static let copy = "COPY purser.usage_record (gateway, sequence, hash, \(columns)) FROM STDIN"

    /// Appends the line that `COPY` reads.
    static func append(_ record: SpooledRecord, gateway: Int64, to bytes: inout [UInt8]) {
        var line = CopyLine(bytes)
        bytes = []
        line.append(gateway)
        line.append(record.sequence)
        line.appendRaw("\\" + PostgreSQLText.bytes(record.hash))
        append(record.record, to: &line)
        bytes = line.finished()
    }

    private static func append(_ record: UsageRecord, to line: inout CopyLine) {
        line.append(record.requestID)
        line.append(record.callID)
        line.append(record.parent)
        line.append(record.time.microseconds)
        for text in [record.organization, record.team, record.keyID, record.user] { line.append(text) }
        line.append(record.metadata.isEmpty ? nil : metadata(record.metadata))
        line.append(record.requestedModel)
        for text in [
            record.route, record.task, record.complexity, record.experiment, record.arm, record.role, record.provider, record.model,
        ] { line.append(text) }
        let tokens = record.tokens
        for number in [tokens.input, tokens.cachedInput, tokens.cacheWrite, tokens.output, tokens.reasoning, record.cost.nanos] {
            line.append(number)
        }
        line.append(record.priceVersion)
        line.append(record.latencyMicroseconds)
        line.append(record.firstTokenMicroseconds)
        line.append(record.status.rawValue)
        line.append(record.errorCode)
        line.append(record.isStream)
        line.append(record.isEstimated)
        line.append(record.tool)
        line.append(record.hold)
        line.append(record.settlesHold)
        line.append(tokens.further)
        line.append(record.hasDoubt ? record.inDoubt.nanos : nil)
        line.append(record.hasDoubt ? record.inDoubtTokens : nil)
    }

    /// The JSON object of `tags`. Escapes of NUL are texts that PostgreSQL cannot look into.
    private static func metadata(_ tags: [UsageRecord.Tag]) -> String {
        var bytes: [UInt8] = []
        let storable = tags.map { UsageRecord.Tag(PostgreSQLText.storable($0.name), PostgreSQLText.storable($0.value)) }
        JSONText.appendObject(storable, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reads a row of ``columns`` that begin at column `first`; `nil` when it holds what no gateway writes.
    static func read(_ rows: PostgreSQLRows, _ row: Int, from first: Int32 = 0) -> UsageRecord? {
        func text(_ column: Int32) -> String? { rows.text(row, first + column) }
        func number(_ column: Int32) -> Int64 { rows.number(row, first + column) ?? 0 }
        guard let requestID = text(0), let callID = text(1), let model = text(9), let prices = text(24),
            let status = text(27).flatMap(UsageRecord.Status.init(rawValue:)), let metadata = text(8).map(JSONText.object(_:)) ?? []
        else { return nil }
        var record = UsageRecord(
            requestID: requestID, callID: callID, time: WallTime(microseconds: number(3)), requestedModel: model, priceVersion: prices,
            status: status)
        record.parent = text(2)
        (record.organization, record.team, record.keyID, record.user) = (text(4), text(5), text(6), text(7))
        record.metadata = metadata
        (record.route, record.task, record.complexity, record.experiment, record.arm) = (text(10), text(11), text(12), text(13), text(14))
        (record.role, record.provider, record.model) = (text(15), text(16), text(17))
        record.tokens = TokenUsage(
            input: number(18), cachedInput: number(19), cacheWrite: number(20), output: number(21), reasoning: number(22),
            tier: ServiceTier(priceVersion: prices))
        guard record.tokens.add(further: text(34)) else { return nil }
        record.cost = NanoUSD(nanos: number(23))
        record.latencyMicroseconds = number(25)
        record.firstTokenMicroseconds = rows.number(row, first + 26)
        record.errorCode = text(28)
        record.isStream = rows.flag(row, first + 29)
        record.isEstimated = rows.flag(row, first + 30)
        record.tool = text(31)
        record.hold = text(32)
        record.settlesHold = rows.flag(row, first + 33)
        record.inDoubt = NanoUSD(nanos: number(35))
        record.inDoubtTokens = number(36)
        return record
    }
}

/// A line of the text format of `COPY`: cells between tabs, `\N` for NULL, backslashes before what would mean something.
private struct CopyLine {
    private var bytes: [UInt8]
    private var isFirst = true

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private mutating func begin() {
        if !isFirst { bytes.append(UInt8(ascii: "\t")) }
        isFirst = false
    }

    mutating func appendRaw(_ text: String) {
        begin()
        bytes.append(contentsOf: text.utf8)
    }

    mutating func append(_ number: Int64?) { appendRaw(number.map { String($0) } ?? "\\N") }

    mutating func append(_ flag: Bool) { appendRaw(flag ? "t" : "f") }

    mutating func append(_ text: String?) {
        guard let text else { return appendRaw("\\N") }
        begin()
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
            case UInt8(ascii: "\n"): bytes.append(contentsOf: "\\n".utf8)
            case UInt8(ascii: "\r"): bytes.append(contentsOf: "\\r".utf8)
            case UInt8(ascii: "\t"): bytes.append(contentsOf: "\\t".utf8)
            // See `PostgreSQLText.storable`.
            case 0: bytes.append(contentsOf: "\u{2400}".utf8)
            default: bytes.append(byte)
            }
        }
    }

    mutating func finished() -> [UInt8] {
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }
}
