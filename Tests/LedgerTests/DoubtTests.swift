import Core
import Limits
import Testing

@testable import Ledger

/// Records of calls that ended without a final usage: their estimate is the cost, the rest is in doubt.
@Suite struct DoubtTests {
    let directory: TemporaryDirectory
    let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.file("ledger.db")
    }

    private func doubtful(_ number: Int, cost: Int64 = 1_000, doubt: Int64 = 500, tokens: Int64 = 70) -> UsageRecord {
        var record = sampleRecord(number, cost: cost)
        record.status = .canceled
        record.inDoubt = NanoUSD(nanos: doubt)
        record.inDoubtTokens = tokens
        return record
    }

    @Test(arguments: [(500, 70), (0, 70), (500, 0)] as [(Int64, Int64)]) func recordsKeepWhatIsInDoubt(_ doubt: Int64, _ tokens: Int64)
        async throws
    {
        let ledger = try SQLiteLedger(path: path)
        let record = doubtful(1, doubt: doubt, tokens: tokens)
        try await Loop(ledger).commit(record)
        // From the journal, then from the file.
        #expect(try records(path) == [record])
        try ledger.close()
        #expect(try records(path) == [record])
        #expect(try LedgerAudit.run(path: path).findings.allSatisfy { $0.kind == .cost })
    }

    @Test func sumsTellTheDoubtApart() async throws {
        let ledger = try SQLiteLedger(path: path)
        let loop = try Loop(ledger)
        for number in 0..<3 { try await loop.commit(doubtful(number)) }
        try await loop.commit(sampleRecord(9))
        func check() throws {
            let totals = try ledger.totals(cutAt: [])
            let (known, doubt) = (totals.filter { !$0.isInDoubt }, totals.filter(\.isInDoubt))
            #expect(known.map(\.cost.nanos).reduce(0, +) == 4_000 && known.map(\.requests).reduce(0, +) == 4)
            #expect(doubt.map(\.cost.nanos).reduce(0, +) == 1_500 && doubt.map(\.requests).reduce(0, +) == 0)
            #expect(doubt.map(\.tokens).reduce(0, +) == 210)
            let usage = try UsageReader(path: path).totals(UsageQuery())
            #expect(usage.map(\.cost.nanos) == [4_000] && usage.map(\.inDoubt.nanos) == [1_500])
        }
        try check()
        #expect(try await eventually { ledger.statistics.queued == 0 })
        try check()
        try ledger.close()
    }

    @Test func aRefundTakesTheDoubtBackOnce() async throws {
        let ledger = try SQLiteLedger(path: path)
        let record = doubtful(1)
        try await Loop(ledger).commit(record)
        #expect(try await eventually { ledger.statistics.queued == 0 })
        let refund = try await ledger.refund(record.callID, note: nil)
        #expect(refund.cost.nanos == -500 && refund.tokens.input == -70 && refund.parent == record.callID)
        guard case .invalid(let text) = await failure({ _ = try await ledger.refund(record.requestID, note: nil) }) else {
            return #expect(Bool(false), "refunded twice")
        }
        #expect(text.contains("taken back already"))
        #expect(try ledger.totals(cutAt: []).filter(\.isInDoubt).map(\.cost.nanos).reduce(0, +) == 0)
        try ledger.close()
        #expect(try LedgerAudit.run(path: path).findings.allSatisfy { $0.kind == .cost })
        var table = ""
        try CorrectionTable.write(onlyDoubt: true, from: UsageReader(path: path)) { table += $0 }
        #expect(table.contains("canceled, in_doubt, refunded") && table.contains("0.0000005"))
    }

    @Test func aCrashChargesNothingTwice() async throws {
        let ledger = try SQLiteLedger(path: path, settings: .late())
        let loop = try Loop(ledger)
        var hold = HoldRecord(
            id: "call-1", requestID: "req-1", time: WallTime(microseconds: 1_767_225_600_000_000), requestedModel: "m",
            amount: NanoUSD(nanos: 5_000), tokens: 500, priceVersion: "1/-/-/1")
        hold.organization = "acme"
        try await loop.hold(hold)
        var record = doubtful(1)
        record.hold = hold.id
        try await loop.commit(record)
        let copy = directory.file("copy.db")
        try copyLedger(path, to: copy)
        let again = try SQLiteLedger(path: copy)
        // 5,000 were held; 1,000 are the cost of the first call and 500 its doubt.
        let crash = try records(copy).filter { $0.status == .inDoubt }
        #expect(crash.map(\.cost.nanos) == [3_500])
        try again.close()
        try ledger.close()
    }

    @Test func aChangedDoubtIsFound() async throws {
        let ledger = try SQLiteLedger(path: path)
        try await Loop(ledger).commit(doubtful(1))
        try ledger.close()
        _ = try sql(path, "UPDATE usage_record SET in_doubt_nanos = 1")
        let kinds = Set(try LedgerAudit.run(path: path).findings.map(\.kind))
        #expect(kinds.isSuperset(of: [.chain, .sum]))
    }
}
