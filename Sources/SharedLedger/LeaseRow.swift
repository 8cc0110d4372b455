internal import Ledger
internal import Limits

/// What a gateway reports to the database about one limit in one window; see ``LeaseFunction``.
struct LeaseRow {
    let name: String
    let window: Range<Int64>
    var ceiling: Int64
    let used: Int64
    var forgiven: Int64 = 0
    var returned: Int64 = 0
    var least: Int64 = 0
    var wished: Int64 = 0
}

/// The answer of the database to a row.
package struct LeaseAnswer {
    /// All that this gateway may use in the window, what it has used included.
    let granted: Int64
    /// How much of that is new.
    let given: Int64
    /// What others have spent or leased.
    let elsewhere: Int64
    /// The part of it that they have spent.
    let spentElsewhere: Int64
    /// What others that are alive have leased and not used; looked up only where nothing could be given.
    let idle: Int64
    /// Whether a gateway was refused some of it lately; for slots: whether another gateway was.
    let isWanted: Bool
    /// For slots, while other gateways want some: the number that each gateway may have.
    let share: Int64?
}

extension PostgreSQLConnection {
    /// One round trip for all rows.
    /// - Returns: an answer for each row.
    func syncLeases(_ rows: [LeaseRow], gateway: Int64, lifetime: Duration) throws(LedgerFailure) -> [LeaseAnswer] {
        func numbers(_ value: (LeaseRow) -> Int64) -> String { PostgreSQLText.array(rows.map { min(value($0), LeaseRow.largest) }) }
        let answers = try run(
            """
            SELECT place, granted_, given, elsewhere, idle, is_wanted, spent_elsewhere, share
            FROM purser.sync_leases($1, $2::text[], $3::bigint[], $4::bigint[],
              $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], make_interval(secs => $11)) ORDER BY place
            """,
            [
                String(gateway), PostgreSQLText.array(rows.map(\.name)), PostgreSQLText.array(rows.map(\.window.lowerBound)),
                PostgreSQLText.array(rows.map(\.window.upperBound)), numbers(\.ceiling), numbers(\.used), numbers(\.forgiven),
                numbers(\.returned), numbers(\.least), numbers(\.wished), String(lifetime.components.seconds),
            ])
        guard answers.count == rows.count else {
            throw .serverError(server: target.description, detail: "\(answers.count) answers to \(rows.count) leases")
        }
        return (0..<answers.count).map { row in
            LeaseAnswer(
                granted: answers.number(row, 1) ?? 0, given: answers.number(row, 2) ?? 0, elsewhere: answers.number(row, 3) ?? 0,
                spentElsewhere: answers.number(row, 6) ?? 0, idle: answers.number(row, 4) ?? 0, isWanted: answers.flag(row, 5),
                share: answers.number(row, 7))
        }
    }
}

/// How a limit stands in the database.
struct LimitReading {
    let name: String
    let start: Int64
    /// What others have spent or leased.
    let elsewhere: Int64
    /// The part of it that they have spent.
    let spentElsewhere: Int64
    /// Whether a gateway was refused some of it lately; for slots: whether another gateway was.
    let isWanted: Bool
}

extension PostgreSQLConnection {
    /// Reads the state of the limits that exist; changes nothing and waits for no lock.
    func readLimits(_ states: [LeaseState], gateway: Int64) throws(LedgerFailure) -> [LimitReading] {
        let rows = try run(
            """
            SELECT w.identity, w.starts, w.spent + w.leased - coalesce(l.granted, 0), coalesce(w.wanted_until > now(), false)
                AND (w.identity NOT LIKE '|%' OR w.wanted_until IS DISTINCT FROM l.wanted_until),
              w.spent - coalesce(l.used, 0)
            FROM unnest($2::text[], $3::bigint[]) AS q (identity, starts) JOIN purser.limit_window AS w USING (identity, starts)
            LEFT JOIN purser.lease AS l ON l.identity = w.identity AND l.starts = w.starts AND l.gateway = $1
            """,
            [
                String(gateway), PostgreSQLText.array(states.map(\.identity.databaseName)),
                PostgreSQLText.array(states.map(\.window.lowerBound)),
            ])
        return (0..<rows.count).map { row in
            LimitReading(
                name: rows.text(row, 0) ?? "", start: rows.number(row, 1) ?? 0, elsewhere: rows.number(row, 2) ?? 0,
                spentElsewhere: rows.number(row, 4) ?? 0, isWanted: rows.flag(row, 3))
        }
    }
}

extension LeaseRow {
    /// No amount is larger: sums of some of them still fit a 64-bit number. (In dollars that is 288 million.)
    static let largest: Int64 = 1 << 58
}
