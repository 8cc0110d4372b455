internal import Core

/// `purser usage`: the ledger as people and programs read it.
public enum UsageReport {
    /// How a report is written.
    public enum Format: String, CaseIterable, Sendable {
        /// Aligned columns for people; always sums.
        case table
        /// RFC 4180.
        case csv
        /// One JSON object per line.
        case jsonl
    }

    /// Writes the report on `query` in pieces. CSV and JSON lines without groups hold the records themselves, with the field names of a
    /// usage record; everything else holds sums.
    /// - Parameter sink: is given UTF-8 text, some ten kilobytes at a time; what it throws ends the report.
    public static func write(
        _ query: UsageQuery, from reader: any UsageSource, as format: Format, to sink: (String) throws -> Void
    ) throws {
        if format == .table { return try sink(UsageTable.text(try reader.totals(query), query.groups)) }
        // Collects lines, so that the sink is not called for each.
        var buffer = ""
        func append(_ line: String) throws {
            buffer += line
            guard buffer.utf8.count >= 32_768 else { return }
            try sink(buffer)
            buffer.removeAll(keepingCapacity: true)
        }
        let columns = query.groups.isEmpty ? RecordField.names : SumField.names(query.groups)
        if format == .csv { try append(CSV.line(columns.map(CSV.text))) }
        if query.groups.isEmpty {
            try reader.forEachRecord(query) { try append(format == .csv ? RecordField.csv($0) : RecordField.json($0)) }
        } else {
            for total in try reader.totals(query) {
                try append(format == .csv ? SumField.csv(total) : SumField.json(total, columns))
            }
        }
        if !buffer.isEmpty { try sink(buffer) }
    }
}

/// Comma-separated values after RFC 4180.
enum CSV {
    /// A cell of text. What a spreadsheet would run as a formula gets an apostrophe in front.
    static func text(_ text: String?) -> String {
        guard let text, let first = text.utf8.first else { return "" }
        return quoted(formulaStarts.contains(first) ? "'" + text : text)
    }

    /// A line of finished cells.
    static func line(_ cells: [String]) -> String { cells.joined(separator: ",") + "\r\n" }

    private static let formulaStarts = Set("=+-@\t\r\n".utf8)

    private static func quoted(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == 10 || $0 == 13 }) else {
            return text
        }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}

/// The fields of a sum in CSV and JSON lines.
enum SumField {
    static func names(_ groups: [UsageGrouping]) -> [String] {
        groups.map(\.name) + [
            "calls", "failed", "unpriced", "input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens",
            "cost_usd", "in_doubt_usd",
        ]
    }

    static func csv(_ total: UsageTotal) -> String {
        CSV.line(total.group.map(CSV.text) + counts(total).map(String.init) + [total.cost.decimalString, total.inDoubt.decimalString])
    }

    static func json(_ total: UsageTotal, _ names: [String]) -> String {
        let values =
            total.group.map { $0.map(JSONText.string) ?? "null" } + counts(total).map(String.init)
            + [total.cost, total.inDoubt].map { "\"\($0.decimalString)\"" }
        return "{" + zip(names, values).map { "\(JSONText.string($0)):\($1)" }.joined(separator: ",") + "}\n"
    }

    private static func counts(_ total: UsageTotal) -> [Int64] {
        [
            total.calls, total.failed, total.unpriced, total.tokens.input, total.tokens.cachedInput, total.tokens.cacheWrite,
            total.tokens.output,
            total.tokens.reasoning,
        ]
    }
}
