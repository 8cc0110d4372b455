import Core
import Synchronization
import TestSupport

@testable import Limits

/// A ledger in memory, for limits that read their windows.
final class LedgerStub: Sendable {
    struct Record: Sendable {
        let scopes: RequestScopes
        let model: String
        let time: WallTime
        let amount: Spending
        let mark: JournalMark
    }

    private let records = Mutex<[Record]>([])

    /// Commits a record to the journal of a loop.
    @discardableResult
    func commit(_ scopes: RequestScopes, model: String = "openai/gpt-4o-mini", _ amount: Spending, at time: WallTime, loop: Int = 0)
        -> JournalMark
    {
        records.withLock { records in
            let mark = JournalMark(journal: loop, sequence: Int64(records.count + 1))
            records.append(Record(scopes: scopes, model: model, time: time, amount: amount, mark: mark))
            return mark
        }
    }

    /// What the records of a window come to.
    func sum(_ state: LimitState) -> Int64 {
        let (start, end) = (state.since?.microseconds ?? .min, state.resets?.microseconds ?? .max)
        let scope = state.identity.scope
        return records.withLock { $0 }.filter { record in
            start <= record.time.microseconds && record.time.microseconds < end && (record.scopes.team + "/").hasPrefix(scope.path + "/")
                && (state.identity.models?.contains(record.model) ?? true) && (scope.user == nil || scope.user == record.scopes.user)
                && (scope.key == nil || scope.key == record.scopes.key)
        }.reduce(0) { $0 + $1.amount.units(state.identity.kind) }
    }

    var latest: WallTime? { records.withLock { $0.map(\.time).max { $0.microseconds < $1.microseconds } } }

    /// Reads what `tree` wants to know.
    /// - Parameter between: done after the ledger was read and before the tree is told.
    /// - Returns: whether it wanted anything.
    @discardableResult
    func read(into tree: LimitTree, at now: WallTime, between: () -> Void = {}) -> Bool {
        let readings = tree.readings(at: now)
        if readings.isEmpty {
            between()
            return false
        }
        let moments = Set(readings.flatMap(\.moments).map(\.microseconds)).sorted()
        let all = records.withLock { $0 }
        var reach = JournalReach()
        for record in all { reach.last[record.mark.journal] = record.mark.sequence }
        let totals = all.map { record in
            SpendingTotal(
                organization: nil, team: record.scopes.team, keyID: record.scopes.key, user: record.scopes.user, model: record.model,
                isInDoubt: false,
                begin: WallTime(microseconds: moments.last { $0 <= record.time.microseconds } ?? .min), cost: record.amount.usd,
                tokens: record.amount.tokens, requests: record.amount.requests)
        }
        between()
        for reading in readings { _ = reading.finish(totals, reach: reach, at: now) }
        return true
    }

    /// A tree that goes on from what is in the ledger.
    func tree(_ scopes: [ScopeRules], at now: WallTime, clock: (@Sendable () -> Int64)? = nil) throws -> LimitTree {
        let tree = LimitTree(try limits(scopes), clock: clock, hooks: Told().hooks)
        tree.readWindows(latest: latest)
        read(into: tree, at: now)
        return tree
    }
}
