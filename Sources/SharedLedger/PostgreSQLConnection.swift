internal import CPostgres
internal import Glibc
internal import Ledger

/// One connection to a PostgreSQL server. Confined to one thread at a time.
///
/// Never waits longer than it is told: libpq is used in its non-blocking way, because a network that swallows packets would hold a blocking
/// call for ever. After any failure that ``isBroken`` reports, it must be dropped and another one opened.
final class PostgreSQLConnection {
    let target: PostgreSQLTarget
    private let handle: OpaquePointer
    /// How long a statement may take.
    private let patience: Duration
    /// Round trips so far.
    private(set) var roundTrips = 0
    /// Whether the session cannot be used any more: an answer did not come in time, or the server is gone.
    private(set) var isBroken = false

    /// Connects. Blocks, `patience` at most for the server and a little for the resolution of its name.
    /// - Throws: ``LedgerFailure``: `serverAway`, `serverRefuses`, `serverReadOnly`.
    init(_ target: PostgreSQLTarget, patience: Duration = .seconds(10)) throws(LedgerFailure) {
        self.target = target
        self.patience = patience
        guard let handle = Self.start(target) else { throw .serverAway(server: target.description, detail: "no memory") }
        self.handle = handle
        // What the server says of itself, such as that a table is there already, does not belong on the gateway's standard error.
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        try finishConnecting(.now + patience)
        guard PQsetnonblocking(handle, 1) == 0 else { throw .serverAway(server: target.description, detail: "the connection broke") }
        try prepareSession()
    }

    deinit { PQfinish(handle) }

    private static func start(_ target: PostgreSQLTarget) -> OpaquePointer? {
        let pairs = target.keywords
        let names = pairs.map { strdup($0.name) }
        let values = pairs.map { strdup($0.value) }
        defer { for pointer in names + values { free(pointer) } }
        let nameList = names.map { UnsafePointer($0) } + [nil]
        let valueList = values.map { UnsafePointer($0) } + [nil]
        return PQconnectStartParams(nameList, valueList, 0)
    }

    private func finishConnecting(_ deadline: ContinuousClock.Instant) throws(LedgerFailure) {
        var next = PGRES_POLLING_WRITING
        while next != PGRES_POLLING_OK {
            if next == PGRES_POLLING_FAILED || PQstatus(handle) == CONNECTION_BAD { throw .connecting(handle, target) }
            try wait(for: next == PGRES_POLLING_READING ? POLLIN : POLLOUT, until: deadline)
            next = PQconnectPoll(handle)
        }
    }

    private func prepareSession() throws(LedgerFailure) {
        let rows = try run(
            """
            SELECT set_config('statement_timeout', $1, false), set_config('lock_timeout', '5000', false),
              set_config('idle_in_transaction_session_timeout', '30000', false), set_config('search_path', current_setting('search_path'), false),
              current_setting('server_encoding'), pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean
            """, [String(patience.components.seconds * 1_000)])
        if let encoding = rows.text(0, 4), encoding != "UTF8" {
            throw .serverRefuses(
                server: target.description, detail: "the database stores \(encoding), Purser needs one with ENCODING 'UTF8'")
        }
        if rows.flag(0, 5) { throw .serverReadOnly(server: target.description) }
    }

    // MARK: Statements

    /// Runs one statement.
    /// - Parameter parameters: what `$1`, `$2` … stand for, as text; `nil`: NULL.
    @discardableResult
    func run(_ sql: String, _ parameters: [String?] = []) throws(LedgerFailure) -> PostgreSQLRows {
        try send(sql, parameters)
        let deadline = ContinuousClock.now + patience
        var last: PostgreSQLRows?
        while let result = try nextResult(deadline) { last = PostgreSQLRows(try checked(result)) }
        guard let last else { throw broken("no answer") }
        return last
    }

    /// Runs several statements that have no parameters, as one transaction unless they say otherwise.
    func runScript(_ sql: String) throws(LedgerFailure) {
        roundTrips += 1
        guard PQsendQuery(handle, sql) == 1 else { throw broken() }
        try drain(.now + patience)
    }

    /// Runs a query and hands over its rows one by one, so that a large answer need not fit in memory.
    func forEachRow(_ sql: String, _ parameters: [String?], _ body: (PostgreSQLRows) throws -> Void) throws {
        try send(sql, parameters)
        guard PQsetSingleRowMode(handle) == 1 else { throw broken() }
        do {
            while let result = try nextResult(.now + patience) {
                let rows = PostgreSQLRows(try checked(result))
                if rows.count > 0 { try body(rows) }
            }
        } catch {
            // Rows that will not be read are still on their way.
            isBroken = true
            throw error
        }
    }

    /// Runs `COPY … FROM STDIN` with `data`.
    func copy(_ sql: String, _ data: [UInt8]) throws(LedgerFailure) {
        try send(sql, [])
        let deadline = ContinuousClock.now + patience
        guard let result = try nextResult(deadline) else { throw broken("no answer") }
        guard PQresultStatus(result) == PGRES_COPY_IN else {
            let rows = PostgreSQLRows(try checked(result))
            try drain(deadline)
            throw .serverError(server: target.description, detail: "COPY returned \(rows.count) rows")
        }
        PQclear(result)
        try put(data, deadline)
        roundTrips += 1
        while true {
            let sent = PQputCopyEnd(handle, nil)
            if sent == 1 { break }
            if sent < 0 { throw broken() }
            try wait(for: POLLOUT, until: deadline)
        }
        try drain(deadline)
    }

    private func put(_ data: [UInt8], _ deadline: ContinuousClock.Instant) throws(LedgerFailure) {
        let piece = 64 << 10
        var start = 0
        while start < data.count {
            let end = min(start + piece, data.count)
            let sent = data.withUnsafeBytes { bytes in
                PQputCopyData(handle, bytes.baseAddress.map { ($0 + start).assumingMemoryBound(to: CChar.self) }, Int32(end - start))
            }
            if sent < 0 { throw broken() }
            if sent == 0 { try wait(for: POLLOUT, until: deadline) } else { start = end }
        }
    }

    /// Runs `body` in a transaction, and undoes all of it when it throws.
    func transaction<T>(_ body: () throws(LedgerFailure) -> T) throws(LedgerFailure) -> T {
        try run("BEGIN")
        do throws(LedgerFailure) {
            let value = try body()
            try run("COMMIT")
            return value
        } catch {
            if !isBroken { _ = try? run("ROLLBACK") }
            throw error
        }
    }

    // MARK: Waiting

    private func send(_ sql: String, _ parameters: [String?]) throws(LedgerFailure) {
        if isBroken { throw broken("the connection is not usable any more") }
        roundTrips += 1
        let copies = parameters.map { $0.map { strdup(PostgreSQLText.storable($0)) } ?? nil }
        defer { for copy in copies { free(copy) } }
        let values = copies.map { $0.map { UnsafePointer($0) } }
        guard PQsendQueryParams(handle, sql, Int32(clamping: values.count), nil, values, nil, nil, 0) == 1 else { throw broken() }
    }

    /// The next result of what was sent; `nil` behind the last.
    private func nextResult(_ deadline: ContinuousClock.Instant) throws(LedgerFailure) -> OpaquePointer? {
        while true {
            let unsent = PQflush(handle)
            if unsent < 0 { throw broken() }
            if unsent == 0, PQisBusy(handle) == 0 { return PQgetResult(handle) }
            try wait(for: unsent == 1 ? POLLIN | POLLOUT : POLLIN, until: deadline)
            guard PQconsumeInput(handle) == 1 else { throw broken() }
        }
    }

    /// Reads all results that are left.
    private func drain(_ deadline: ContinuousClock.Instant) throws(LedgerFailure) {
        var failure: LedgerFailure?
        while let result = try nextResult(deadline) {
            do throws(LedgerFailure) { PQclear(try checked(result)) } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
    }

    /// Returns `result` unless it is the result of an error.
    private func checked(_ result: OpaquePointer) throws(LedgerFailure) -> OpaquePointer {
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_SINGLE_TUPLE: return result
        default: break
        }
        defer { PQclear(result) }
        let failure = PostgreSQLFault.failure(of: result, target)
        if PQstatus(handle) == CONNECTION_BAD { isBroken = true }
        // The others of the same answer, so that the connection is free for the next statement.
        while !isBroken, let more = try nextResult(.now + .seconds(1)) { PQclear(more) }
        throw failure
    }

    private func wait(for events: Int32, until deadline: ContinuousClock.Instant) throws(LedgerFailure) {
        let rest = ContinuousClock.now.duration(to: deadline).components
        let milliseconds = rest.seconds * 1_000 + rest.attoseconds / 1_000_000_000_000_000
        var socket = pollfd(fd: PQsocket(handle), events: Int16(truncatingIfNeeded: events), revents: 0)
        guard milliseconds > 0, socket.fd >= 0 else { throw broken("no answer in time") }
        let ready = poll(&socket, 1, Int32(clamping: milliseconds))
        if ready == 0 { throw broken("no answer in time") }
        if ready < 0, errno != EINTR { throw broken(String(cString: strerror(errno))) }
    }

    private func broken(_ detail: String? = nil) -> LedgerFailure {
        isBroken = true
        return .serverAway(server: target.description, detail: detail ?? target.scrubbed(String(cString: PQerrorMessage(handle))))
    }
}

extension LedgerFailure {
    fileprivate static func connecting(_ handle: OpaquePointer, _ target: PostgreSQLTarget) -> LedgerFailure {
        PostgreSQLFault.connecting(String(cString: PQerrorMessage(handle)), target)
    }
}
