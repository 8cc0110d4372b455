internal import Core
internal import Ledger
internal import Limits

/// The life of the thread that talks to PostgreSQL: leases for requests at once; records, the accounts of leases, keys and a sign of life every
/// now and then; a new connection when one breaks.
final class SharedLedgerWorker {
    private let target: PostgreSQLTarget
    private let settings: PostgreSQLLedger.Settings
    private let exchange: SharedExchange
    private let status: SharedLedgerStatus
    private let keys: PostgreSQLKeys
    private var delivery: RecordDelivery
    private var desk: LeaseDesk?
    private var tree: LimitTree?
    /// `nil` while PostgreSQL is away.
    private var connection: PostgreSQLConnection?
    private var retry = RetryDelay()
    private var due = ContinuousClock.now
    private var nextBeat = ContinuousClock.now
    /// When the last sign of life was sent that has arrived; moved on when slots were given up for want of one.
    private var lastBeat = ContinuousClock.now
    private var nextReading = ContinuousClock.now
    private var nextCleaning = ContinuousClock.now
    private var orders: [LeaseOrder] = []
    private var readers: [UnsafeContinuation<Void, Never>] = []

    init(
        _ connection: PostgreSQLConnection, _ delivery: RecordDelivery, _ settings: PostgreSQLLedger.Settings, _ exchange: SharedExchange,
        _ status: SharedLedgerStatus, _ keys: PostgreSQLKeys
    ) {
        target = connection.target
        self.connection = connection
        self.delivery = delivery
        self.settings = settings
        self.exchange = exchange
        self.status = status
        self.keys = keys
    }

    /// Runs until the exchange is closed and everything is delivered, or that has failed.
    /// - Returns: what could not be done, if anything.
    func run() -> LedgerFailure? {
        while true {
            let call = exchange.wait(patience)
            orders += call.orders
            readers += call.readers
            if let tree = call.tree { self.tree = tree }
            if call.isClosed { return finish() }
            if connection == nil, retry.isDue { reconnect() }
            work(isNew: !call.orders.isEmpty)
        }
    }

    /// How long to sleep. The thread wakes more often while requests wait for idle slices of other gateways.
    private var patience: Duration {
        guard connection != nil else { return retry.remaining }
        let rest = max(.zero, ContinuousClock.now.duration(to: due))
        return orders.isEmpty ? rest : min(rest, .milliseconds(50))
    }

    private func work(isNew: Bool) {
        if lastBeat.duration(to: .now) >= LeaseDesk.slotLifetime {
            lastBeat = .now
            desk?.expireSlots(at: .now)
        }
        guard let connection else { return answerAll(.away) }
        let before = connection.roundTrips
        do throws(LedgerFailure) {
            try openDesk(connection)
            if !orders.isEmpty { try serve(connection) }
            if !readers.isEmpty { try answerReaders(connection) }
            if due <= .now { try deliver(connection) }
            retry = RetryDelay()
        } catch {
            fail(error)
        }
        status.count(roundTrips: connection.roundTrips - before)
    }

    // MARK: Leases

    /// Opens the lease desk once the tree is known.
    private func openDesk(_ connection: PostgreSQLConnection) throws(LedgerFailure) {
        guard desk == nil, let tree else { return }
        try connection.run("SELECT purser.free_slots($1)", [String(delivery.gateway)])
        desk = LeaseDesk(tree, inherited: try inherited(connection))
    }

    private func inherited(_ connection: PostgreSQLConnection) throws(LedgerFailure) -> [InheritedLease] {
        let rows = try connection.run(
            "SELECT identity, starts, granted, used FROM purser.lease WHERE gateway = $1 AND granted > 0", [String(delivery.gateway)])
        return (0..<rows.count).map { row in
            InheritedLease(
                name: rows.text(row, 0) ?? "", start: rows.number(row, 1) ?? 0, granted: rows.number(row, 2) ?? 0,
                used: rows.number(row, 3) ?? 0)
        }
    }

    /// Gets what requests wait for.
    private func serve(_ connection: PostgreSQLConnection) throws(LedgerFailure) {
        guard desk != nil else { return answerAll(.away) }
        guard let round = desk?.rows(for: orders.flatMap(\.unmet), at: .now) else { return }
        let answers = try sync(round, connection)
        for (order, answer) in LeaseDesk.settle(&orders, round, answers) { order.waiter.resume(returning: answer) }
    }

    private func sync(_ round: LeaseRound, _ connection: PostgreSQLConnection) throws(LedgerFailure) -> [LeaseAnswer] {
        if round.rows.isEmpty { return [] }
        let answers = try connection.syncLeases(round.rows, gateway: delivery.gateway, lifetime: RecordDelivery.lifetime)
        desk?.apply(round, answers, at: .now)
        return answers
    }

    /// Reads limits that other gateways use, so that this gateway can show their state.
    private func readLimits(_ connection: PostgreSQLConnection, withOwn: Bool = false) throws(LedgerFailure) {
        guard let questions = desk?.questions(at: .now, withOwn: withOwn), !questions.isEmpty else { return }
        desk?.learn(questions, try connection.readLimits(questions, gateway: delivery.gateway), at: .now)
    }

    private func answerReaders(_ connection: PostgreSQLConnection) throws(LedgerFailure) {
        try readLimits(connection, withOwn: true)
        for reader in readers { reader.resume() }
        readers = []
    }

    private func answerAll(_ answer: LeaseOutcome) {
        for order in orders { order.waiter.resume(returning: answer) }
        orders = []
        for reader in readers { reader.resume() }
        readers = []
    }

    // MARK: Records

    /// One transaction: the next records, and the accounts of the leases that have paid for them.
    private func deliver(_ connection: PostgreSQLConnection) throws(LedgerFailure) {
        let records = try delivery.next(limit: settings.batchLimit)
        // The tree is looked at after the records were read, so that it includes at least those.
        desk?.look(at: .now)
        let round = desk?.report(at: .now) ?? LeaseRound()
        var answers: [LeaseAnswer] = []
        if records.isEmpty {
            answers = try sync(round, connection)
        } else {
            answers = try connection.transaction { () throws(LedgerFailure) in
                try delivery.store(records, connection)
                if round.rows.isEmpty { return [] }
                return try connection.syncLeases(round.rows, gateway: delivery.gateway, lifetime: RecordDelivery.lifetime)
            }
            delivery.stored(records)
            status.stored(records.count)
            desk?.apply(round, answers, at: .now)
        }
        status.waiting(try delivery.backlog())
        try keys.refresh(connection)
        try lookAfter(connection)
        let isBusy = records.count == settings.batchLimit || round.rows.count == LeaseDesk.rowLimit
        due = isBusy ? .now : .now + settings.interval
    }

    private func lookAfter(_ connection: PostgreSQLConnection) throws(LedgerFailure) {
        let now = ContinuousClock.now
        if nextReading <= now {
            nextReading = now + .milliseconds(500)
            try readLimits(connection)
        }
        if nextBeat <= now {
            try delivery.beat(connection)
            lastBeat = now
            nextBeat = now + .seconds(5)
        }
        try delivery.trim(limit: settings.batchLimit * 2)
        guard nextCleaning <= now else { return }
        nextCleaning = now + .seconds(60)
        try removeOldWindows(connection)
    }

    /// Forgets limits whose windows have been over for long: an hour for minutes, 40 days for the others; and slots that no gateway asked
    /// for in an hour. Their leases go with them.
    private func removeOldWindows(_ connection: PostgreSQLConnection) throws(LedgerFailure) {
        let now = WallTime.now
        try connection.run(
            "DELETE FROM purser.limit_window WHERE ends < $1 OR (ends < $2 AND starts >= ends - 60000000)",
            [String(now.advanced(bySeconds: -40 * 86_400).microseconds), String(now.advanced(bySeconds: -3_600).microseconds)])
        try connection.run(
            """
            DELETE FROM purser.limit_window AS w WHERE w.identity LIKE '|%' AND w.leased = 0 AND NOT EXISTS (
              SELECT FROM purser.lease AS l WHERE l.identity = w.identity AND l.expires > now() - interval '1 hour')
            """)
    }

    // MARK: Failure

    private func fail(_ failure: LedgerFailure) {
        connection = nil
        retry.failed()
        status.failed(failure)
        exchange.setAway(true)
        if let backlog = try? delivery.backlog() { status.waiting(backlog) }
        answerAll(.away)
    }

    private func reconnect() {
        do throws(LedgerFailure) {
            let connection = try PostgreSQLConnection(target, patience: settings.patience)
            try PostgreSQLSchema.migrate(connection)
            try delivery.register(connection, host: settings.host)
            self.connection = connection
            due = .now
            exchange.setAway(false)
            status.recovered()
        } catch {
            fail(error)
        }
    }

    // MARK: End

    /// Delivers what is left, gives back what is not needed, and signs off.
    private func finish() -> LedgerFailure? {
        answerAll(.away)
        if connection == nil { reconnect() }
        defer { delivery.close() }
        do throws(LedgerFailure) {
            guard let connection else { throw .serverAway(server: target.description, detail: status.cause) }
            while true {
                let records = try delivery.next(limit: settings.batchLimit)
                if records.isEmpty { break }
                try connection.transaction { () throws(LedgerFailure) in try delivery.store(records, connection) }
                delivery.stored(records)
            }
            // A gateway that ends as soon as it has begun settles what an earlier run has left, too.
            try openDesk(connection)
            if let round = desk?.farewell(at: .now) { _ = try sync(round, connection) }
            try delivery.beat(connection, lifetime: .zero)
            return nil
        } catch {
            let backlog = (try? delivery.backlog()) ?? 0
            status.waiting(backlog)
            return backlog > 0 ? .keptInJournals(records: Int(clamping: backlog), cause: error.description) : nil
        }
    }
}
