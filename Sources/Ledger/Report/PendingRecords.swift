internal import GRDB

/// The committed records that are not in the SQLite file yet.
///
/// The order of things makes this exact: the journals are copied first, then the snapshot of SQLite is opened, then its positions are compared.
/// A record that had been committed before the copy is in the copy, or was already overwritten there and so already in the file. A record
/// that the writer moved between copy and snapshot is in both; its number is not above the snapshot's position, so the copy's is dropped.
/// The other way round, a record that moves after the snapshot and is overwritten before the copy would be in neither.
struct PendingRecords {
    let images: [JournalImage]

    /// Copies the journals of the ledger at `path`. To be done before the snapshot is opened.
    init(ledger path: String) throws(LedgerFailure) { images = try JournalImage.all(ledger: path) }

    /// The records that are missing in the snapshot and fit `query`, in the order of their commit in each journal.
    /// - Throws: `journalOfAnotherLedger`, `journalDamaged`; errors of SQLite.
    func missing(in db: Database, _ query: UsageQuery) throws -> [UsageRecord] {
        if images.isEmpty { return [] }
        let ledgerID = try LedgerSchema.ledgerID(db)
        let positions = try LedgerSchema.journalPositions(db)
        var records: [UsageRecord] = []
        for image in images {
            guard image.header.ledgerID == ledgerID else { throw LedgerFailure.journalOfAnotherLedger(path: image.path) }
            if let failure = image.failure, image.isOfThisBoot { throw failure }
            let position = positions[image.name]?.sequence ?? 0
            for item in image.items where item.kind == .record && item.sequence > position {
                guard let record = withExtendedLifetime(image, { UsageRecord(journaled: item.payload) }) else {
                    throw LedgerFailure.journalDamaged(path: image.path, detail: "record \(item.sequence) makes no sense")
                }
                if query.includes(record) { records.append(record) }
            }
        }
        return records
    }
}

extension UsageQuery {
    /// Whether `record` fits; what ``Selection`` says in SQL.
    fileprivate func includes(_ record: UsageRecord) -> Bool {
        if let since, record.time < since { return false }
        if let until, record.time >= until { return false }
        if let requestID, !record.requestID.utf8.elementsEqual(requestID.utf8) { return false }
        if hasDoubt, !record.isCorrection, !record.hasDoubt { return false }
        return statuses?.contains(record.status) ?? true
    }
}

extension UsageGrouping {
    /// The value of `record` to group by; what ``expression(at:)`` says in SQL.
    fileprivate func value(_ record: UsageRecord) -> String? {
        switch self {
        case .tag(let name): record.metadata.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
        case .field(let field): field.value(record)
        }
    }
}

extension UsageGrouping.Field {
    fileprivate func value(_ record: UsageRecord) -> String? {
        switch self {
        case .model: record.model
        case .team: record.team
        case .key: record.keyID
        case .task: record.task
        case .route: record.route
        case .arm: record.arm
        case .provider: record.provider
        case .status: record.status.rawValue
        case .org: record.organization
        case .user: record.user
        case .role: record.role
        case .experiment: record.experiment
        case .complexity: record.complexity
        case .tool: record.tool
        case .requestedModel: record.requestedModel
        case .errorCode: record.errorCode
        case .priceVersion: record.priceVersion
        }
    }
}

extension UsageTotal {
    /// The sum of one record.
    private init(_ record: UsageRecord, _ groups: [UsageGrouping]) {
        group = groups.map { $0.value(record) }
        calls = 1
        failed = record.status == .ok || record.status == .refund ? 0 : 1
        unpriced = record.isPriced ? 0 : 1
        tokens = record.tokens
        cost = record.cost
        inDoubt = record.inDoubt
    }

    /// `totals` with `records` added to them.
    static func adding(_ records: [UsageRecord], to totals: [UsageTotal], _ groups: [UsageGrouping]) -> [UsageTotal] {
        if records.isEmpty { return totals }
        var totals = totals
        var places: [GroupKey: Int] = [:]
        for (index, total) in totals.enumerated() { places[GroupKey(total.group)] = index }
        for record in records {
            let total = UsageTotal(record, groups)
            let key = GroupKey(total.group)
            if let place = places[key] {
                totals[place].add(total)
            } else {
                places[key] = totals.count
                totals.append(total)
            }
        }
        return totals
    }
}

/// The values of a group by their bytes: as in SQL, two spellings of an accent are two groups.
private struct GroupKey: Hashable {
    private let values: [[UInt8]?]

    init(_ group: [String?]) { values = group.map { $0.map { Array($0.utf8) } } }
}
