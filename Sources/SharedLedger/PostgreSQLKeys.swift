internal import Ledger
internal import Synchronization

/// The keys of PostgreSQL as a gateway sees them: as of the last look at it, and none any more when that is too long ago.
final class PostgreSQLKeys: KeySource {
    private struct State: Sendable {
        var snapshot = KeySnapshot()
        /// The change in the database that the snapshot is of.
        var number: Int64?
        var heard = ContinuousClock.now
        var isExpired = false
        var isNews = true
    }

    private let state = Mutex(State())
    private let lifetime: Duration

    /// - Parameter lifetime: how long keys are valid without word from PostgreSQL.
    init(lifetime: Duration) { self.lifetime = lifetime }

    func snapshotIfChanged() throws(LedgerFailure) -> KeySnapshot? {
        state.withLock { state in
            let isExpired = state.heard.duration(to: .now) > lifetime
            // Keys may have been revoked in the meantime, so no key is accepted.
            if isExpired != state.isExpired { (state.isExpired, state.isNews) = (isExpired, true) }
            guard state.isNews else { return nil }
            state.isNews = false
            return isExpired ? KeySnapshot() : state.snapshot
        }
    }

    /// Looks whether keys have changed. On the thread that talks to PostgreSQL.
    func refresh(_ connection: PostgreSQLConnection) throws(LedgerFailure) {
        let known = state.withLock { $0.number }
        let asked = ContinuousClock.now
        let changed = try KeySnapshot.ifChanged(connection, since: known)
        state.withLock { state in
            state.heard = asked
            guard let changed else { return }
            (state.snapshot, state.number, state.isNews) = (changed.snapshot, changed.number, true)
        }
    }
}
