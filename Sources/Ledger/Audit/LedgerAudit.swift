internal import Core
internal import FoundationEssentials
internal import GRDB

/// Verifies a ledger: recomputes its chain, sums and costs from the records. Only reads, sees one snapshot, and may run beside a gateway.
/// What is still in journals is not looked at.
public enum LedgerAudit {
    /// Verifies the ledger at `path`. Blocks: some ten seconds for a million records.
    /// - Parameter report: told now and then how far it is.
    /// - Throws: ``LedgerFailure`` when the file cannot be read; `invalid` when it is of an earlier version.
    public static func run(path: String, report: ((LedgerWork) -> Void)? = nil) throws(LedgerFailure) -> AuditReport {
        let reader = try UsageReader(path: path)
        let isServed = LedgerLock.isHeld(database: path)
        do {
            return try reader.snapshot { db in
                guard try LedgerSchema.fileVersion(db) >= LedgerSchema.chainVersion,
                    try String.fetchOne(db, sql: "SELECT value FROM meta WHERE name = 'chain_until'") == nil
                else { throw LedgerFailure.invalid("the ledger is not upgraded yet; the next `purser serve` does that") }
                var audit = try RecordAudit(db)
                try audit.readRecords(report)
                try audit.checkDuplicates()
                try audit.checkHolds(isServed: isServed)
                return try audit.finish()
            }
        } catch {
            throw .from(error, path)
        }
    }
}

/// The pass over all records.
private struct RecordAudit {
    private let db: Database
    private var findings = AuditReport()
    private var names: NameReader
    private var chain: RecordHash
    private var nextID: Int64 = 1
    private var sums = SumAudit()
    private var prices: [String: Pricing] = [:]
    private var openHolds: Set<String> = []
    /// What is charged in doubt, by call.
    private var doubts: [String: NanoUSD] = [:]
    /// Hashes of the ids of calls: 8 bytes each, so that many millions fit into memory.
    private var calls: [UInt64] = []
    private var scratch: [UInt8] = []

    /// Prices that are remembered.
    private static let priceLimit = 4_096

    init(_ db: Database) throws {
        self.db = db
        names = NameReader(db)
        chain = RecordHash(ledger: try LedgerSchema.ledgerID(db) ?? "")
        openHolds = Set(try Data.fetchAll(db, sql: "SELECT CAST(id AS BLOB) FROM hold").map { String(stored: $0) })
    }

    mutating func readRecords(_ report: ((LedgerWork) -> Void)?) throws {
        let total = try Int64.fetchOne(db, sql: "SELECT max(id) FROM usage_record") ?? 0
        let rows = try Row.fetchCursor(db, sql: "SELECT \(try UsageRecord.selected(db)), id, hash FROM usage_record ORDER BY id")
        while let row = try rows.next() {
            if findings.records % 20_000 == 0 { report?(LedgerWork(kind: .verification, done: findings.records, total: total)) }
            try check(row)
        }
        report?(LedgerWork(kind: .verification, done: total, total: total))
    }

    private mutating func check(_ row: Row) throws {
        let id: Int64 = row[UsageRecord.selectedCount]
        findings.records += 1
        if id != nextID { findings.add(.chain, id, nil, "records \(nextID) to \(id - 1) are missing before it") }
        nextID = id + 1
        let stored = (row[UsageRecord.selectedCount + 1] as Data?).flatMap { RecordHash(bytes: $0) }
        guard let record = try UsageRecord(row, &names) else {
            findings.add(.record, id, nil, "it makes no sense")
            if let stored { chain = stored }
            return
        }
        checkChain(record, id, stored)
        checkCost(record, id)
        checkCorrection(record, id)
        sums.count(record, row)
        calls.append(Self.hash(record.callID))
        if record.settlesHold, let hold = record.hold, openHolds.contains(hold) {
            findings.add(.hold, id, record.callID, "it ends the hold \(hold), which is stored as open")
        }
    }

    private mutating func checkChain(_ record: UsageRecord, _ id: Int64, _ stored: RecordHash?) {
        guard let size = RecordBytes.write(record, to: &scratch) else {
            return findings.add(.record, id, record.callID, "it is absurdly large")
        }
        let expected = scratch.withUnsafeBytes { chain.next(UnsafeRawBufferPointer(rebasing: $0.prefix(size))) }
        guard let stored else {
            return findings.add(.chain, id, record.callID, "it has no place in the chain: another program has put it in")
        }
        if stored != expected {
            findings.add(.chain, id, record.callID, "it was changed, or does not follow the record before it as it was written")
        }
        // What was stored: a record that was changed must not make all that follow look changed.
        chain = stored
    }

    private mutating func checkCost(_ record: UsageRecord, _ id: Int64) {
        if record.isCorrection { return }
        if prices.count >= Self.priceLimit { prices.removeAll() }
        guard let pricing = prices[record.priceVersion] ?? Pricing(version: record.priceVersion) else { return }
        prices[record.priceVersion] = pricing
        findings.checkedCosts += 1
        let cost = pricing.cost(of: record.tokens)
        if cost != record.cost {
            findings.add(
                .cost, id, record.callID,
                "it costs \(record.cost.decimalString) USD, its tokens at \(record.priceVersion) cost \(cost.decimalString) USD")
        }
    }

    private mutating func checkCorrection(_ record: UsageRecord, _ id: Int64) {
        if record.status == .inDoubt { doubts[record.callID] = record.cost }
        if record.hasDoubt { doubts[record.callID] = record.inDoubt }
        guard record.status == .refund else { return }
        guard let charged = record.parent.flatMap({ doubts[$0] }), charged.nanos == 0 - record.cost.nanos else {
            return findings.add(.hold, id, record.callID, "it does not take back what a record in doubt before it charged")
        }
    }

    private static func hash(_ text: String) -> UInt64 {
        var text = text
        return text.withUTF8 { XXH64.hash(UnsafeRawBufferPointer($0)) }
    }

    /// Looks for calls with more than one record. Equal hashes are only a suspicion.
    mutating func checkDuplicates() throws {
        calls.sort()
        let suspects = Set(zip(calls, calls.dropFirst()).filter { $0 == $1 }.map(\.0))
        if suspects.isEmpty { return }
        var seen: [String: Int64] = [:]
        let rows = try Row.fetchCursor(db, sql: "SELECT id, CAST(call_id AS BLOB) FROM usage_record ORDER BY id")
        while let row = try rows.next() {
            let call = String(stored: row[1] as Data)
            guard suspects.contains(Self.hash(call)) else { continue }
            if let first = seen[call] {
                findings.add(.duplicate, row[0], call, "record \(first) is of the same call")
            } else {
                seen[call] = row[0]
            }
        }
    }

    mutating func checkHolds(isServed: Bool) throws {
        findings.openHolds = Int64(openHolds.count)
        if isServed { return }
        for hold in openHolds.sorted() {
            findings.add(.hold, nil, hold, "it is open and no gateway runs: the next start charges it in full, as in_doubt")
        }
    }

    mutating func finish() throws -> AuditReport {
        let head = try ChainHead(db)
        findings.head = head?.hash.hex ?? ""
        if head?.id != nextID - 1 {
            findings.add(.chain, nil, nil, "the chain ends with record \(head?.id ?? 0), the last record is \(nextID - 1)")
        } else if head?.hash != chain {
            findings.add(.chain, nextID - 1, nil, "the end of the chain is not that of the last record")
        }
        try sums.compare(db, &names, &findings)
        return findings
    }
}
