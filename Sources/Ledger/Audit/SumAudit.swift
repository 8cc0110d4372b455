internal import Core
internal import FoundationEssentials
internal import GRDB

/// Recomputes the table `spending`.
struct SumAudit {
    private struct Cell: Hashable {
        let span: Int64
        let start: Int64
        let organization: Int64
        let team: Int64
        let key: Int64
        let user: String?
        let model: Int64
        let isInDoubt: Bool
    }

    private var expected: [Cell: SpendingSum] = [:]

    /// Adds a record.
    /// - Parameter row: of `UsageRecord.selected`.
    mutating func count(_ record: UsageRecord, _ row: Row) {
        var sum = SpendingSum()
        sum.add(record)
        count(sum, isInDoubt: record.status.isInDoubt, record, row)
        if record.hasDoubt { count(SpendingSum(inDoubt: record), isInDoubt: true, record, row) }
    }

    private mutating func count(_ sum: SpendingSum, isInDoubt: Bool, _ record: UsageRecord, _ row: Row) {
        let quarter = record.time.microseconds.floorDivided(by: SpendingTable.quarterMicroseconds).quotient
        for span in SpendingTable.Span.allCases {
            let cell = Cell(
                span: span.rawValue, start: span.number(quarter), organization: row[4] ?? 0, team: row[5] ?? 0, key: row[6] ?? 0,
                user: record.user, model: row[17] ?? row[9], isInDoubt: isInDoubt)
            expected[cell] = (expected[cell] ?? SpendingSum()) + sum
        }
    }

    /// Compares with the table.
    mutating func compare(_ db: Database, _ names: inout NameReader, _ report: inout AuditReport) throws {
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT span, start, org, team, key_id, CAST(user AS BLOB), model, in_doubt, cost_nanos, tokens, requests
                FROM spending LEFT JOIN payer ON payer.id = payer
                """)
        while let row = try rows.next() {
            report.sums += 1
            let cell = Cell(
                span: row[0], start: row[1], organization: row[2] ?? -1, team: row[3] ?? -1, key: row[4] ?? -1,
                user: (row[5] as Data?).map { String(stored: $0) }, model: row[6], isInDoubt: row[7])
            let stored = SpendingSum(cost: NanoUSD(nanos: row[8]), tokens: row[9], requests: row[10])
            let right = expected.removeValue(forKey: cell) ?? SpendingSum()
            // A sum at the end of its range depends on the order of its parts.
            if right != stored, !right.isSaturated { report.add(.sum, nil, nil, try Self.text(cell, stored, right, &names)) }
        }
        for (cell, right) in expected where right != SpendingSum() {
            report.add(.sum, nil, nil, try Self.text(cell, SpendingSum(), right, &names))
        }
    }

    private static func text(_ cell: Cell, _ stored: SpendingSum, _ right: SpendingSum, _ names: inout NameReader) throws -> String {
        let stretch: String
        switch SpendingTable.Span(rawValue: cell.span) {
        case .quarter: stretch = WallTime(microseconds: 0).advanced(bySeconds: clamped(cell.start, times: 900)).rfc3339 + " + 15 min"
        case .day: stretch = String(WallTime(microseconds: 0).advanced(bySeconds: clamped(cell.start, times: 86_400)).rfc3339.prefix(10))
        case .always: stretch = "all time"
        case nil: stretch = "span \(cell.span)"
        }
        var payer = [try names.text(cell.team) ?? names.text(cell.organization), try names.text(cell.key), cell.user].compactMap(\.self)
        payer.append(try names.text(cell.model) ?? "?")
        return "\(stretch), \(payer.joined(separator: " · ")): stored \(text(stored)), the records make \(text(right))"
    }

    private static func clamped(_ number: Int64, times factor: Int64) -> Int64 {
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? 0 : product
    }

    private static func text(_ sum: SpendingSum) -> String {
        "\(sum.cost.decimalString) USD, \(sum.tokens) tokens, \(sum.requests) requests"
    }
}

extension SpendingSum {
    /// Whether a part has reached the end of its range.
    fileprivate var isSaturated: Bool {
        [cost.nanos, tokens].contains { $0 == .max || $0 == .min }
    }
}
