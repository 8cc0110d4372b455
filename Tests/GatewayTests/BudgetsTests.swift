import Core
import Ledger
import Limits
import Policies
import Synchronization
import Testing

@testable import Gateway

/// A ledger that can be away: SQLite's, unless it is told to fail when it is read.
private final class FailingLedger: LedgerStore {
    private let ledger: SQLiteLedger
    private let isAway = Mutex(false)

    init(path: String) throws { ledger = try SQLiteLedger(path: path) }

    func goAway(_ isAway: Bool) { self.isAway.withLock { $0 = isAway } }

    func sums(cutAt moments: [WallTime]) throws(LedgerFailure) -> LedgerSums {
        if isAway.withLock(\.self) { throw .corrupt(path: "ledger.db", detail: "away") }
        return try ledger.sums(cutAt: moments)
    }

    func totals(cutAt moments: [WallTime]) throws(LedgerFailure) -> [SpendingTotal] { try ledger.totals(cutAt: moments) }
    func journal(forLoop index: Int) throws(LedgerFailure) -> sending UsageJournal { try ledger.journal(forLoop: index) }
    var isHealthy: Bool { ledger.isHealthy }
    var statistics: LedgerStatistics { ledger.statistics }
    nonisolated(nonsending) func refund(_ id: String, note: String?) async throws(LedgerFailure) -> UsageRecord {
        try await ledger.refund(id, note: note)
    }
    func refundAndWait(_ id: String, note: String?) throws(LedgerFailure) -> UsageRecord { try ledger.refundAndWait(id, note: note) }
    func close() throws(LedgerFailure) { try ledger.close() }
}

/// Limits and the ledger that knows what was spent: at the start, after a reload, and while it is away.
@Suite struct BudgetsTests {
    private let log = LogLines()

    /// A folder with the ledger of a gateway that has answered one request of 20 micro-dollars.
    private func spent() async throws -> Folder {
        let folder = try Folder()
        let running = try RunningGateway(RunningGateway.policies(), in: folder)
        #expect(try await running.chat().status == 200)
        try running.stop()
        return folder
    }

    private func policies(_ limits: String) throws -> PolicySnapshot {
        try snapshot("organizations: {acme: {teams: {research: {limits: \(limits)}}}}\n")
    }

    private func budgets(_ limits: String, _ ledger: FailingLedger) throws -> Budgets {
        try Budgets(
            policies(limits), ledger: ledger, lease: nil, log: log.logger, hooks: LimitHooks(alert: { _ in }, misuse: { _ in }))
    }

    /// Whether a request finds room.
    private func isHeld(_ budgets: Budgets) -> Bool {
        let request = SpendRequest(
            RequestScopes(team: "acme/research"), model: "m", amount: Spending(usd: NanoUSD(nanos: 1_000)) + Spending(requests: 1))
        guard case .held(let hold) = budgets.tree.organization(of: "acme").reserve(request, at: .now) else { return false }
        hold.release(at: .now)
        return true
    }

    @Test func aStartHasReadWhatWasSpentBeforeAnybodyAsks() async throws {
        let folder = try await spent()
        let ledger = try FailingLedger(path: folder.path + "/ledger.db")
        let budgets = try budgets("[{usd: 1, per: total}, {requests: 1, per: day}]", ledger)
        ledger.goAway(true)
        #expect(budgets.tree.states(at: .now).map(\.spent) == [20_000, 1])
        #expect(!isHeld(budgets), "its one request was made by another process")
        try ledger.close()
    }

    @Test func withoutTheLedgerThereIsNoStart() throws {
        let folder = try Folder()
        let ledger = try FailingLedger(path: folder.path + "/ledger.db")
        ledger.goAway(true)
        #expect(throws: LedgerFailure.self) { try budgets("[{usd: 1, per: total}]", ledger) }
        try ledger.close()
    }

    @Test func aReloadKeepsWhatIsSpentAndReadsWhatIsNew() async throws {
        let folder = try await spent()
        let ledger = try FailingLedger(path: folder.path + "/ledger.db")
        let budgets = try budgets("[{usd: 1, per: total}]", ledger)
        budgets.adopt(try policies("[{usd: 2, per: total}, {usd: 3, per: month}]"))
        #expect(budgets.tree.states(at: .now).map(\.spent) == [20_000, 20_000])
        #expect(budgets.tree.states(at: .now).map(\.limit) == [2_000_000_000, 3_000_000_000])
        #expect(isHeld(budgets))
        try ledger.close()
    }

    /// What a new limit has spent cannot be known while the ledger is away: it lets nothing through until it can be read.
    @Test func aNewLimitWaitsForTheLedger() async throws {
        let folder = try await spent()
        let ledger = try FailingLedger(path: folder.path + "/ledger.db")
        let budgets = try budgets("[{usd: 1, per: total}]", ledger)
        ledger.goAway(true)
        budgets.adopt(try policies("[{usd: 1, per: total}, {requests: 5, per: total}]"))
        #expect(!isHeld(budgets) && log.count(of: "limits wait, for the ledger cannot be read") >= 1)
        ledger.goAway(false)
        #expect(await eventually { isHeld(budgets) }, "it is looked for again as long as somebody asks")
        #expect(budgets.tree.states(at: .now).map(\.spent) == [20_000, 1])
        try ledger.close()
    }

    @Test func theListIsWhatItsWriterMakesOfTheStates() async throws {
        let folder = try await spent()
        let ledger = try FailingLedger(path: folder.path + "/ledger.db")
        let budgets = try budgets("[{usd: 1, per: total}]", ledger)
        let text = await budgets.list { states in Array(states.map { "\($0.identity.scope.path) \($0.spent)" }.joined().utf8) }
        #expect(String(decoding: text, as: UTF8.self) == "acme/research 20000")
        try ledger.close()
    }
}
