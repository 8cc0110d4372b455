internal import Core

/// `purser ledger list`: what was charged in doubt and what of it was taken back, for people.
public enum CorrectionTable {
    /// Writes the table.
    /// - Parameters:
    ///   - onlyDoubt: leaves refunds out.
    ///   - sink: is given UTF-8 text; what it throws ends the table.
    public static func write(onlyDoubt: Bool, from reader: any UsageSource, to sink: (String) throws -> Void) throws {
        var query = UsageQuery()
        query.hasDoubt = true
        var records: [UsageRecord] = []
        try reader.forEachRecord(query) { records.append($0) }
        let refunded = Set(records.filter { $0.status == .refund }.compactMap(\.parent))
        var rows = [["time", "request", "call", "status", "payer", "model", "USD", "note"]]
        for record in records where !onlyDoubt || record.status != .refund { rows.append(cells(record, refunded)) }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        for row in rows {
            var line = ""
            for (cell, width) in zip(row, widths) { line += cell + String(repeating: " ", count: width - cell.count + 2) }
            while line.last == " " { line.removeLast() }
            try sink(line + "\n")
        }
    }

    private static func cells(_ record: UsageRecord, _ refunded: Set<String>) -> [String] {
        let payer = [record.team ?? record.organization, record.keyID, record.user].compactMap(\.self).joined(separator: " · ")
        let note = record.status == .refund ? record.metadata.first { $0.name == "note" }?.value : nil
        let isCall = !record.isCorrection
        let doubt = isCall ? "\(record.status.rawValue), in_doubt" : record.status.rawValue
        let state = refunded.contains(record.callID) ? doubt + ", refunded" : doubt
        let cells = [
            record.time.rfc3339, record.requestID, record.callID, state, payer.isEmpty ? "-" : payer, record.model ?? record.requestedModel,
            (isCall ? record.inDoubt : record.cost).decimalString, note ?? "",
        ]
        return cells.map(UsageTable.printable)
    }
}
