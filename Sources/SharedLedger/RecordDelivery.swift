internal import Core
internal import Ledger

/// Brings records from the spool to PostgreSQL, each exactly once. Confined to one thread.
struct RecordDelivery {
    private let spool: SpoolReader
    /// The spool's own name, which is the gateway's.
    private let identity: String
    /// The gateway's number in the database.
    private(set) var gateway: Int64 = 0
    /// The last record that is there.
    private(set) var delivered: Int64 = 0

    /// How long a gateway counts as alive that is not heard of.
    static let lifetime = Duration.seconds(30)

    init(_ spool: SpoolReader) throws(LedgerFailure) {
        self.spool = spool
        identity = try spool.identity()
    }

    /// Makes this gateway known, and finds out how far its records have come.
    /// - Throws: ``LedgerFailure``: `invalid` when another gateway has the same spool.
    mutating func register(_ connection: PostgreSQLConnection, host: String) throws(LedgerFailure) {
        let row = try connection.run(
            """
            INSERT INTO purser.gateway (id, host, alive_until) VALUES ($1, $2, now() + make_interval(secs => $3))
              ON CONFLICT (id) DO UPDATE SET host = excluded.host, alive_until = excluded.alive_until RETURNING number, delivered, head
            """, [identity, host, String(Self.lifetime.components.seconds)])
        gateway = row.number(0, 0) ?? 0
        delivered = row.number(0, 1) ?? 0
        guard delivered > 0 else { return }
        let last = try spool.records(after: delivered - 1, limit: 1).first { $0.sequence == delivered }
        // A record that was removed from the spool cannot be compared.
        let end = try spool.last()
        guard last.map({ $0.hash == row.bytes(0, 2) }) ?? (end >= delivered) else { throw Self.copied }
    }

    private static let copied = LedgerFailure.invalid(
        "the state directory is a copy, or an old one: its spool and the shared ledger have different records under the same numbers; "
            + "give this gateway a --state of its own")

    /// Tells that this gateway is alive.
    func beat(_ connection: PostgreSQLConnection, lifetime: Duration = Self.lifetime) throws(LedgerFailure) {
        try connection.run(
            "UPDATE purser.gateway SET alive_until = now() + make_interval(secs => $2) WHERE number = $1",
            [String(gateway), String(lifetime.components.seconds)])
    }

    /// The records that come next.
    func next(limit: Int) throws(LedgerFailure) -> [SpooledRecord] { try spool.records(after: delivered, limit: limit) }

    /// Records that are not delivered.
    func backlog() throws(LedgerFailure) -> Int64 { max(0, try spool.last() - delivered) }

    /// Writes `records`, inside a transaction of the caller's. The position moves with them: after a failure it need not be known whether
    /// the transaction was committed; the next ``register(_:host:)`` finds out.
    func store(_ records: [SpooledRecord], _ connection: PostgreSQLConnection) throws(LedgerFailure) {
        guard let last = records.last else { return }
        var lines: [UInt8] = []
        lines.reserveCapacity(records.count * 512)
        for record in records { PostgreSQLRecord.append(record, gateway: gateway, to: &lines) }
        let moved = try connection.run(
            "UPDATE purser.gateway SET delivered = $3, head = $4 WHERE number = $1 AND delivered = $2",
            [String(gateway), String(delivered), String(last.sequence), PostgreSQLText.bytes(last.hash)])
        guard moved.changed == 1 else { throw Self.copied }
        try connection.copy(PostgreSQLRecord.copy, lines)
    }

    /// Notes that the transaction of ``store(_:_:)`` was committed.
    mutating func stored(_ records: [SpooledRecord]) { delivered = max(delivered, records.last?.sequence ?? 0) }

    /// Removes delivered records from the spool that are not needed any more to work out what was spent in a window of a minute.
    func trim(limit: Int) throws(LedgerFailure) {
        _ = try spool.remove(through: delivered - Self.kept, before: WallTime.now.advanced(bySeconds: -150), limit: limit)
    }

    /// Records that stay in any case: the ledger counts from a mark some thousand records back.
    private static let kept: Int64 = 10_000

    func close() { spool.close() }
}
