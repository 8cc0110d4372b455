import Core
import Foundation
import Limits
import TestSupport
import Testing

@testable import Ledger

/// A hold for the request of `sampleRecord(number)`.
func sampleHold(_ number: Int, amount: Int64 = 10_000, tokens: Int64 = 500) -> HoldRecord {
    var hold = HoldRecord(
        id: "call-\(number)", requestID: "req-\(number)", time: WallTime(microseconds: 1_767_225_600_000_000), requestedModel: "auto",
        amount: NanoUSD(nanos: amount), tokens: tokens, priceVersion: "0.15/0.075/-/0.6")
    hold.organization = "acme"
    hold.team = "acme/research"
    hold.keyID = "key_1"
    hold.user = "Zoë \u{0} 💶"
    hold.model = "openai/gpt-4o-mini"
    return hold
}

/// A record of a call under hold `hold`.
func heldRecord(_ number: Int, hold: Int, cost: Int64, settles: Bool) -> UsageRecord {
    var record = sampleRecord(number, cost: cost)
    record.requestID = "req-\(hold)"
    record.tokens = TokenUsage(input: 20, output: 10)
    record.hold = "call-\(hold)"
    record.settlesHold = settles
    return record
}

@Suite struct HoldTests {
    let directory: TemporaryDirectory
    let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.file("ledger.db")
    }

    private func inDoubt(_ path: String) throws -> [UsageRecord] {
        var query = UsageQuery()
        query.statuses = [.inDoubt]
        return try records(path, query)
    }

    /// What a kill at this moment would leave, opened again.
    private func reopened(_ ledger: SQLiteLedger, _ name: String = "copy.db") throws -> (SQLiteLedger, String) {
        let target = directory.file(name)
        try copyLedger(path, to: target)
        return (try SQLiteLedger(path: target), target)
    }

    @Test func everyCutOfAHoldIsNoHold() {
        let hold = sampleHold(7)
        var bytes = [UInt8](repeating: 0, count: 1_024)
        let end = bytes.withUnsafeMutableBytes { JournalFrame.write(hold, sequence: 3, to: $0, at: 0) } ?? 0
        bytes.withUnsafeBytes { bytes in
            guard let frame = JournalFrame(bytes, at: 0, sequence: 3) else { return #expect(Bool(false), "no frame") }
            #expect(frame.kind == .hold && frame.end == end)
            let payload = UnsafeRawBufferPointer(rebasing: bytes[frame.payload])
            #expect(HoldRecord(journaled: payload) == hold)
            for count in 0..<payload.count {
                #expect(HoldRecord(journaled: UnsafeRawBufferPointer(rebasing: payload.prefix(count))) == nil)
            }
        }
        // A kind that this version does not know is no frame.
        bytes[23] = 9
        #expect(bytes.withUnsafeBytes { JournalFrame($0, at: 0, sequence: 3) } == nil)
    }

    @Test func aSettledHoldLeavesNothingBehind() async throws {
        let ledger = try SQLiteLedger(path: path, settings: .small())
        let loop = try Loop(ledger)
        for number in 0..<200 {
            try await loop.hold(sampleHold(number))
            try await loop.commit(heldRecord(number, hold: number, cost: 7, settles: true))
        }
        try await loop.hold(sampleHold(1_000))
        try await loop.release("call-1000")
        try await loop.release("call-nobody")
        #expect(try await eventually { ledger.statistics.queued == 0 })
        #expect(ledger.statistics.openHolds == 0 && ledger.statistics.committed == 200)
        try ledger.close()
        #expect(try sql(path, "SELECT count(*) FROM hold") == ["0"])
        let again = try SQLiteLedger(path: path)
        #expect(again.statistics.inDoubt == 0)
        #expect(try records(path).count == 200)
        #expect(try LedgerAudit.run(path: path).findings.allSatisfy { $0.kind == .cost })
    }

    @Test func whatIsOpenAtTheStartIsChargedInFull() async throws {
        let ledger = try SQLiteLedger(path: path, settings: .late())
        let loop = try Loop(ledger)
        try await loop.hold(sampleHold(1))
        try await loop.hold(sampleHold(2))
        // A retry: one attempt is recorded, the next one runs.
        try await loop.commit(heldRecord(2, hold: 2, cost: 4_000, settles: false))
        try await loop.hold(sampleHold(3))
        try await loop.hold(sampleHold(3, amount: 25_000, tokens: 900))
        // More was spent than was held.
        try await loop.hold(sampleHold(4))
        try await loop.commit(heldRecord(4, hold: 4, cost: 11_000, settles: false))
        try await loop.hold(sampleHold(5))
        try await loop.commit(heldRecord(5, hold: 5, cost: 10, settles: true))
        let (again, copy) = try reopened(ledger)
        #expect(again.statistics.inDoubt == 4 && again.statistics.recovered == 3)
        let found = try inDoubt(copy)
        #expect(found.map(\.callID) == ["doubt_call-1", "doubt_call-2", "doubt_call-3", "doubt_call-4"])
        #expect(found.map(\.cost.nanos) == [10_000, 6_000, 25_000, 0])
        #expect(found.map(\.tokens.input) == [500, 470, 900, 470])
        let first = try #require(found.first)
        let hold = sampleHold(1)
        #expect(first.isEstimated && first.settlesHold && first.role == "hold" && first.parent == "call-1" && first.hold == "call-1")
        #expect(first.requestID == hold.requestID && first.time == hold.time && first.user == hold.user && first.keyID == "key_1")
        #expect(
            first.team == hold.team && first.organization == "acme" && first.model == hold.model && first.priceVersion == hold.priceVersion)
        // Only once, however often it is started.
        try again.close()
        for _ in 0..<2 {
            let next = try SQLiteLedger(path: copy)
            #expect(next.statistics.inDoubt == 0)
            try next.close()
        }
        #expect(try inDoubt(copy) == found)
        #expect(try LedgerAudit.run(path: copy).findings.allSatisfy { $0.kind == .cost })
    }

    /// A start that dies between the charge and the removal of the journals finds them again.
    @Test func theSameJournalIsNotChargedTwice() async throws {
        let ledger = try SQLiteLedger(path: path, settings: .late())
        try await Loop(ledger).hold(sampleHold(1))
        let (again, copy) = try reopened(ledger)
        try again.close()
        try FileManager.default.copyItem(atPath: path + "-journal-0", toPath: copy + "-journal-0")
        let third = try SQLiteLedger(path: copy)
        #expect(third.statistics.inDoubt == 0)
        #expect(try inDoubt(copy).count == 1)
        // The journal goes on with numbers that count.
        try await Loop(third).hold(sampleHold(2))
        try copyLedger(copy, to: directory.file("third.db"))
        let fourth = try SQLiteLedger(path: directory.file("third.db"))
        #expect(fourth.statistics.inDoubt == 1)
    }

    @Test func holdsOutliveTheirPlaceInTheJournal() async throws {
        let ledger = try SQLiteLedger(path: path, settings: .small(patience: .seconds(10)))
        let loop = try Loop(ledger)
        try await loop.hold(sampleHold(1))
        try await loop.hold(sampleHold(2))
        try await loop.commit(heldRecord(2, hold: 2, cost: 1_000, settles: false))
        try await loop.hold(sampleHold(3))
        for number in 100..<400 {
            try await loop.hold(sampleHold(number))
            try await loop.commit(heldRecord(number, hold: number, cost: 1, settles: true))
        }
        #expect(try await eventually { ledger.statistics.queued == 0 })
        #expect(ledger.statistics.openHolds == 3)
        #expect(try sql(path, "SELECT id FROM hold") == ["call-1", "call-2", "call-3"])
        // Later frames add to what is stored.
        try await loop.commit(heldRecord(20, hold: 2, cost: 2_000, settles: false))
        try await loop.hold(sampleHold(3, amount: 99_000))
        try await loop.commit(heldRecord(1, hold: 1, cost: 5, settles: true))
        #expect(try await eventually { ledger.statistics.queued == 0 })
        #expect(try sql(path, "SELECT id FROM hold") == ["call-2", "call-3"])
        let (_, copy) = try reopened(ledger)
        #expect(try inDoubt(copy).map(\.cost.nanos).sorted() == [7_000, 99_000])
        #expect(try LedgerAudit.run(path: copy).findings.allSatisfy { $0.kind == .cost })
    }

    @Test func whatIsOpenAtTheEndWaitsForTheNextStart() async throws {
        let ledger = try SQLiteLedger(path: path)
        let loop = try Loop(ledger)
        try await loop.hold(sampleHold(1))
        try ledger.close()
        #expect(try JournalFiles.all(path).isEmpty)
        #expect(try sql(path, "SELECT id FROM hold") == ["call-1"])
        // Nobody serves this ledger, and something is held: that is worth a word.
        let report = try LedgerAudit.run(path: path)
        #expect(report.findings.map(\.kind) == [.hold] && report.findings.first?.callID == "call-1")
        let again = try SQLiteLedger(path: path)
        #expect(again.statistics.inDoubt == 1)
        #expect(try inDoubt(path).map(\.cost.nanos) == [10_000])
        #expect(try LedgerAudit.run(path: path).isSound)
        #expect(await failure { try await loop.hold(sampleHold(2)) } == .closed)
    }

    @Test func aRefundTakesBackOnce() async throws {
        let ledger = try SQLiteLedger(path: path, settings: .late())
        let loop = try Loop(ledger)
        try await loop.hold(sampleHold(1))
        var twin = sampleHold(2)
        twin.requestID = "req-1"
        try await loop.hold(twin)
        try await loop.hold(sampleHold(3))
        let (again, copy) = try reopened(ledger)
        // Clients name their requests themselves, so one name may mean two.
        guard case .invalid(let text) = await failure({ _ = try await again.refund("req-1", note: nil) }) else {
            return #expect(Bool(false), "refunded")
        }
        #expect(text.contains("doubt_call-1, doubt_call-2"))
        let refund = try await again.refund("doubt_call-2", note: "provider confirms: never arrived")
        #expect(refund.status == .refund && refund.cost.nanos == -10_000 && refund.parent == "doubt_call-2")
        #expect(refund.metadata.last == .init("note", "provider confirms: never arrived"))
        _ = try await again.refund("req-3", note: nil)
        for id in ["doubt_call-2", "req-3"] {
            guard case .invalid(let text) = await failure({ _ = try await again.refund(id, note: nil) }) else {
                return #expect(Bool(false), "refunded twice")
            }
            #expect(text.contains("taken back already"))
        }
        guard case .invalid = await failure({ _ = try await again.refund("req-4", note: nil) }) else {
            return #expect(Bool(false), "what?")
        }
        #expect(again.isHealthy)
        #expect(try records(copy).map(\.cost.nanos).reduce(0, +) == 10_000)
        let totals = try again.totals(cutAt: [])
        #expect(totals.map(\.cost.nanos) == [10_000] && totals.map(\.isInDoubt) == [true] && totals.map(\.requests) == [3])
        try again.close()
        #expect(try LedgerAudit.run(path: copy).isSound)
        #expect(await failure { _ = try await again.refund("req-1", note: nil) } == .closed)
        var text2 = ""
        try CorrectionTable.write(onlyDoubt: true, from: UsageReader(path: copy)) { text2 += $0 }
        #expect(text2.contains("in_doubt, refunded") && !text2.contains("refund_"))
    }

    @Test func aFullJournalHoldsNothing() async throws {
        let ledger = try SQLiteLedger(path: path, settings: .small(interval: .seconds(3_600), patience: .milliseconds(20)))
        let loop = try Loop(ledger)
        _ = try sql(path, "SELECT 1")
        var large = sampleHold(1)
        large.user = String(repeating: "x", count: 5_000)
        let hold = large
        guard case .invalid = await failure({ try await loop.hold(hold) }) else { return #expect(Bool(false), "taken") }
        let queue = try ForeignLock(path)
        var held = 0
        var refusal: LedgerFailure?
        while refusal == nil, held < 1_000 {
            refusal = await failure { try await loop.hold(sampleHold(held)) }
            if refusal == nil { held += 1 }
        }
        #expect(refusal != nil)
        // No call, so no record is lost.
        #expect(held > 10 && ledger.statistics.lost == 0)
        try queue.release()
        #expect(try await eventually { ledger.isHealthy })
        for number in 0..<held { try await loop.commit(heldRecord(number, hold: number, cost: 1, settles: true)) }
        try ledger.close()
        #expect(try records(path).count == held)
        #expect(try sql(path, "SELECT count(*) FROM hold") == ["0"])
    }

    /// After each failure table and journals are read anew. Random requests, with a storage that fails and heals, and at the end a kill.
    @Test func holdsAreRightAfterFailuresOfStorage() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("hold property seed \(seed)")
        var random = SeededGenerator(seed)
        let ledger = try SQLiteLedger(path: path, settings: .small(interval: .milliseconds(1), patience: .seconds(10)))
        let loops = try (0..<2).map { try Loop(ledger, $0) }
        var open: [Int: (loop: Int, amount: Int64, paid: Int64)] = [:]
        var paid: Int64 = 0
        for step in 0..<600 {
            let lock = step % 60 == 30 ? try ForeignLock(path) : nil
            if lock != nil { #expect(try await eventually { !ledger.isHealthy || ledger.statistics.queued == 0 }) }
            let number = Int.random(in: 0..<3, using: &random) == 0 ? nil : open.keys.sorted().randomElement(using: &random)
            if let number, let state = open[number] {
                let cost = Int64.random(in: 1...300, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0:
                    try await loops[state.loop].hold(sampleHold(number, amount: state.amount + cost))
                    open[number]?.amount += cost
                case 1:
                    try await loops[state.loop].commit(heldRecord(10_000 + step, hold: number, cost: cost, settles: false))
                    open[number]?.paid += cost
                    paid += cost
                case 2:
                    try await loops[state.loop].commit(heldRecord(10_000 + step, hold: number, cost: cost, settles: true))
                    open[number] = nil
                    paid += cost
                default:
                    try await loops[state.loop].release("call-\(number)")
                    open[number] = nil
                }
            } else {
                try await loops[step % 2].hold(sampleHold(step, amount: 10_000))
                open[step] = (step % 2, 10_000, 0)
            }
            try lock?.release()
        }
        #expect(try await eventually { ledger.isHealthy && ledger.statistics.queued == 0 })
        #expect(ledger.statistics.storageFailures > 0 && ledger.statistics.openHolds == open.count, "seed \(seed)")
        let (_, copy) = try reopened(ledger)
        let doubts = Dictionary(uniqueKeysWithValues: try inDoubt(copy).map { ($0.callID, $0.cost.nanos) })
        let right = Dictionary(uniqueKeysWithValues: open.map { ("doubt_call-\($0)", max(0, $1.amount - $1.paid)) })
        #expect(doubts == right, "seed \(seed)")
        #expect(try records(copy).reduce(0) { $0 + $1.cost.nanos } == paid + right.values.reduce(0, +), "seed \(seed)")
        #expect(try LedgerAudit.run(path: copy).findings.allSatisfy { $0.kind == .cost }, "seed \(seed)")
    }
}
