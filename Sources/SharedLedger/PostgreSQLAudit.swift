internal import Core
public import Ledger

/// Verifies the shared ledger: recomputes the chain of each gateway and all costs from the records, and checks that the accounts of limits
/// agree with what the gateways have leased. Only reads, sees one snapshot, and may run beside gateways. What is still in spools is not
/// looked at.
public enum PostgreSQLAudit {
    /// Verifies the ledger in `target`. Blocks: some ten seconds for a million records.
    /// - Parameter report: told now and then how far it is.
    /// - Throws: ``LedgerFailure`` when the server is away or refuses, or has no ledger.
    public static func run(_ target: PostgreSQLTarget, report: (LedgerWork) -> Void) throws(LedgerFailure) -> AuditReport {
        _ = try PostgreSQLUsageReader(target)
        let connection = try PostgreSQLConnection(target, patience: .seconds(600))
        do {
            // One moment for all statements.
            try connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            var audit = try SharedAudit(connection)
            try audit.readRecords(report)
            try audit.checkDuplicates()
            try audit.checkAccounts()
            return audit.findings
        } catch {
            throw error as? LedgerFailure ?? .serverError(server: target.description, detail: "\(error)")
        }
    }
}

/// The pass over all records of all gateways.
private struct SharedAudit {
    private struct Gateway {
        let host: String
        let delivered: Int64
        let head: [UInt8]
        var chain: RecordHash
        var next: Int64 = 1

        var endsAtHead: Bool { delivered == 0 || chain.withBytes { Array($0) } == head }
    }

    private let connection: PostgreSQLConnection
    private var gateways: [Int64: Gateway] = [:]
    private(set) var findings = AuditReport()
    private var scratch: [UInt8] = []

    init(_ connection: PostgreSQLConnection) throws(LedgerFailure) {
        self.connection = connection
        let rows = try connection.run("SELECT number, id, host, delivered, head FROM purser.gateway")
        for row in 0..<rows.count {
            gateways[rows.number(row, 0) ?? 0] = Gateway(
                host: rows.text(row, 2) ?? "", delivered: rows.number(row, 3) ?? 0, head: rows.bytes(row, 4) ?? [],
                chain: RecordHash(ledger: rows.text(row, 1) ?? ""))
        }
    }

    mutating func readRecords(_ report: (LedgerWork) -> Void) throws {
        let total = try connection.run("SELECT count(*) FROM purser.usage_record").number(0, 0) ?? 0
        // Taken out for the time, because the rows are handed to a closure.
        var audit = self
        try connection.forEachRow(
            "SELECT gateway, sequence, hash, \(PostgreSQLRecord.columns) FROM purser.usage_record ORDER BY gateway, sequence", []
        ) { rows in
            if audit.findings.records % 20_000 == 0 {
                report(LedgerWork(kind: .verification, done: audit.findings.records, total: total))
            }
            audit.check(rows)
        }
        self = audit
        for gateway in gateways.values where gateway.next - 1 != gateway.delivered || !gateway.endsAtHead {
            findings.add(.chain, gateway.next - 1, nil, "it is not the end of the chain of gateway \(gateway.host) that is noted")
        }
        findings.head = gateways.sorted { $0.key < $1.key }.map(\.value.chain.hex).joined(separator: " ")
        report(LedgerWork(kind: .verification, done: total, total: total))
    }

    private mutating func check(_ rows: PostgreSQLRows) {
        let (number, sequence) = (rows.number(0, 0) ?? 0, rows.number(0, 1) ?? 0)
        findings.records += 1
        guard var gateway = gateways[number] else { return }
        if sequence != gateway.next {
            findings.add(
                .chain, sequence, nil, "records \(gateway.next) to \(sequence - 1) of gateway \(gateway.host) are missing before it")
        }
        gateway.next = sequence + 1
        let stored = rows.bytes(0, 2).flatMap { RecordHash(bytes: $0) }
        defer {
            // What was stored: a record that was changed must not make all that follow look changed.
            gateway.chain = stored ?? gateway.chain
            gateways[number] = gateway
        }
        guard let record = PostgreSQLRecord.read(rows, 0, from: 3) else {
            return findings.add(.record, sequence, nil, "it makes no sense")
        }
        if !follows(record, gateway.chain, stored), !follows(record.withNUL, gateway.chain, stored) {
            findings.add(
                .chain, sequence, record.callID,
                "it was changed, or does not follow the record before it of gateway \(gateway.host) as it was written")
        }
        checkCost(record, sequence)
    }

    private mutating func follows(_ record: UsageRecord, _ chain: RecordHash, _ stored: RecordHash?) -> Bool {
        guard let size = RecordBytes.write(record, to: &scratch) else { return false }
        return scratch.withUnsafeBytes { chain.next(UnsafeRawBufferPointer(rebasing: $0.prefix(size))) } == stored
    }

    private mutating func checkCost(_ record: UsageRecord, _ sequence: Int64) {
        guard !record.isCorrection, let pricing = Pricing(version: record.priceVersion) else { return }
        findings.checkedCosts += 1
        let cost = pricing.cost(of: record.tokens)
        if cost != record.cost {
            findings.add(
                .cost, sequence, record.callID,
                "it costs \(record.cost.decimalString) USD, its tokens at \(record.priceVersion) cost \(cost.decimalString) USD")
        }
    }

    mutating func checkDuplicates() throws(LedgerFailure) {
        let rows = try connection.run(
            "SELECT call_id, count(*) FROM purser.usage_record GROUP BY call_id HAVING count(*) > 1 ORDER BY call_id LIMIT 1000")
        for row in 0..<rows.count {
            findings.add(.duplicate, nil, rows.text(row, 0), "\(rows.text(row, 1) ?? "") records are of this call")
        }
    }

    /// What is spent and leased of each limit must be the sum of what the gateways have used and not used of their leases.
    mutating func checkAccounts() throws(LedgerFailure) {
        findings.sums = try connection.run("SELECT count(*) FROM purser.limit_window").number(0, 0) ?? 0
        let rows = try connection.run(
            """
            SELECT w.identity, w.spent, w.leased, coalesce(sum(l.used), 0) AS used, coalesce(sum(l.granted - l.used), 0) AS unused
            FROM purser.limit_window AS w LEFT JOIN purser.lease AS l ON l.identity = w.identity AND l.starts = w.starts
            GROUP BY w.identity, w.starts HAVING w.spent <> coalesce(sum(l.used), 0) OR w.leased <> coalesce(sum(l.granted - l.used), 0)
            ORDER BY w.identity LIMIT 1000
            """)
        for row in 0..<rows.count {
            func cell(_ column: Int32) -> String { rows.text(row, column) ?? "" }
            findings.add(.sum, nil, nil, "limit \(cell(0)): spent \(cell(1)), leased \(cell(2)); the leases make \(cell(3)) and \(cell(4))")
        }
    }
}

extension UsageRecord {
    /// This record with NUL where PostgreSQL stores its symbol; see ``PostgreSQLText/storable(_:)``.
    fileprivate var withNUL: UsageRecord {
        func real(_ text: String) -> String {
            String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == "\u{2400}" ? "\u{0}" : $0 }))
        }
        var record = self
        record.requestID = real(requestID)
        record.callID = real(callID)
        record.requestedModel = real(requestedModel)
        record.user = user.map(real)
        record.metadata = metadata.map { Tag(real($0.name), real($0.value)) }
        return record
    }
}
