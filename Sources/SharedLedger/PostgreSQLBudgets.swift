public import Core
public import Ledger
public import Limits

extension BudgetReport {
    /// The limits of `configuration` as the ledger that gateways share has them: spent by all, and held in the slices that they have leased,
    /// open holds included. A gateway's own reading differs while it has a slice that it does not use: to itself that is left.
    ///
    /// What gateways spend is there some 0.3 s later, together with the records. Keys and users that have limits by `each_key` and `each_user` are
    /// there as soon as something of theirs counts.
    /// - Throws: ``LedgerFailure``: `serverAway`, `serverRefuses`, `newerVersion`, `foreign` …
    public static func states(
        _ configuration: LimitConfiguration, from target: PostgreSQLTarget, at now: WallTime
    ) throws(LedgerFailure) -> [LimitState] {
        let reader = try SharedBudgetReader(target)
        let tree = LimitTree(configuration, hooks: LimitHooks(alert: { _ in }, misuse: { _ in }))
        let accounts = try reader.accounts(at: now)
        for scopes in accounts.keys.compactMap(RequestScopes.init(databaseName:)) + (try reader.longNamed(accounts, at: now)) {
            // Makes the limits of that key or user.
            _ = tree.organization(of: scopes.team).restore(PastSpending(scopes, model: "", time: now, amount: .nothing), at: now)
        }
        for past in try reader.inDoubt() { _ = tree.organization(of: past.scopes.team).restore(past, at: now) }
        return worthTelling(tree.states(at: now).map { accounts[$0.identity.databaseName]?.applied(to: $0) ?? $0.unused })
    }
}

/// How one limit stands in the database.
private struct LimitAccount {
    let window: Range<Int64>
    let spent: Int64
    let leased: Int64

    func applied(to state: LimitState) -> LimitState {
        LimitState(
            identity: state.identity, limit: state.limit, spent: spent, inDoubt: min(state.inDoubt, spent), held: leased,
            since: window.lowerBound == .min ? nil : WallTime(microseconds: window.lowerBound),
            resets: window.upperBound == .max ? nil : WallTime(microseconds: window.upperBound), waiting: 0)
    }
}

extension LimitState {
    /// The same limit of which no gateway has used anything.
    fileprivate var unused: LimitState {
        LimitState(identity: identity, limit: limit, spent: 0, inDoubt: 0, held: 0, since: since, resets: resets, waiting: 0)
    }
}

/// Reads what the shared ledger knows of limits.
private struct SharedBudgetReader {
    private let connection: PostgreSQLConnection

    init(_ target: PostgreSQLTarget) throws(LedgerFailure) {
        _ = try PostgreSQLUsageReader(target)
        connection = try PostgreSQLConnection(target, patience: .seconds(120))
    }

    /// The windows of `now`, by the names of their limits.
    func accounts(at now: WallTime) throws(LedgerFailure) -> [String: LimitAccount] {
        let rows = try connection.run(
            "SELECT identity, starts, ends, spent, leased FROM purser.limit_window WHERE starts <= $1 AND ends > $1 ORDER BY starts",
            [String(now.microseconds)])
        var accounts: [String: LimitAccount] = [:]
        for row in 0..<rows.count {
            guard let name = rows.text(row, 0), let start = rows.number(row, 1), let end = rows.number(row, 2), start < end else {
                continue
            }
            // Where a change of time zone has left two, the later one counts.
            accounts[name] = LimitAccount(window: start..<end, spent: rows.number(row, 3) ?? 0, leased: rows.number(row, 4) ?? 0)
        }
        return accounts
    }

    /// Keys and users whose names are too long to be read from those of their limits: from the records.
    func longNamed(_ accounts: [String: LimitAccount], at now: WallTime) throws(LedgerFailure) -> [RequestScopes] {
        let starts = accounts.filter { RequestScopes.isCut($0.key) }.values.map(\.window.lowerBound)
        guard let first = starts.min() else { return [] }
        let rows = try connection.run(
            "SELECT DISTINCT team, key_id, \"user\" FROM purser.usage_record WHERE time >= $1 AND octet_length(\"user\") > 64",
            [String(first)])
        return (0..<rows.count).map { RequestScopes(team: rows.text($0, 0) ?? "", key: rows.text($0, 1), user: rows.text($0, 2)) }
    }

    /// What was charged in doubt and not refunded.
    func inDoubt() throws(LedgerFailure) -> [PastSpending] {
        let rows = try connection.run(
            """
            SELECT coalesce(team, org, ''), key_id, "user", coalesce(model, requested_model), time, sum(nanos)::bigint,
              sum(tokens)::bigint, count(*) FILTER (WHERE status = 'in_doubt' AND settles_hold)
            FROM (
              SELECT *, cost_nanos AS nanos, input_tokens + output_tokens AS tokens
              FROM purser.usage_record WHERE status IN ('in_doubt', 'refund')
              UNION ALL
              SELECT *, in_doubt_nanos, in_doubt_tokens FROM purser.usage_record WHERE in_doubt_nanos IS NOT NULL
            ) AS doubt GROUP BY 1, 2, 3, 4, 5
            """)
        return (0..<rows.count).map { row in
            PastSpending(
                RequestScopes(team: rows.text(row, 0) ?? "", key: rows.text(row, 1), user: rows.text(row, 2)),
                model: rows.text(row, 3) ?? "",
                time: WallTime(microseconds: rows.number(row, 4) ?? 0),
                amount: Spending(
                    usd: NanoUSD(nanos: rows.number(row, 5) ?? 0), tokens: rows.number(row, 6) ?? 0, requests: rows.number(row, 7) ?? 0),
                isInDoubt: true)
        }
    }
}

extension RequestScopes {
    /// The key or user whose own limit has this name (``LimitIdentity/databaseName``); `nil` for limits of organizations and teams, and for names
    /// that were cut.
    fileprivate init?(databaseName name: String) {
        guard !Self.isCut(name) else { return nil }
        let parts = Self.parts(name)
        let (key, user) = (parts[1].percentDecoded, parts[2].percentDecoded)
        guard !key.isEmpty || !user.isEmpty else { return nil }
        self.init(team: parts[0].percentDecoded, key: key.isEmpty ? nil : key, user: user.isEmpty ? nil : String(user.dropFirst()))
    }

    /// Whether the name is too long to tell whose limit it is.
    fileprivate static func isCut(_ name: String) -> Bool {
        let parts = parts(name)
        return parts.count < 6 || parts.count > 7 || (parts.count == 7 && parts[6] != "soft")
    }

    private static func parts(_ name: String) -> [Substring] {
        (name.hasPrefix(LimitIdentity.slots) ? name.dropFirst(LimitIdentity.slots.count) : name[...])
            .split(separator: "|", omittingEmptySubsequences: false)
    }
}

extension Substring {
    /// Undoes the encoding of ``LimitIdentity/databaseName``.
    fileprivate var percentDecoded: String {
        var bytes: [UInt8] = []
        var rest = utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
