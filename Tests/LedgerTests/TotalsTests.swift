import Core
import Foundation
import Limits
import TestSupport
import Testing

@testable import Ledger

@Suite struct TotalsTests {
    let directory: TemporaryDirectory
    let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.file("ledger.db")
    }

    /// 2026-03-01T00:00:00Z.
    static let start: Int64 = 1_772_323_200_000_000

    private func randomRecord(_ number: Int, _ random: inout SeededGenerator) -> UsageRecord {
        let time =
            Self.start + Int64.random(in: -40...40, using: &random) * 86_400_000_000 + Int64.random(in: 0..<86_400_000_000, using: &random)
        var record = sampleRecord(number, cost: Int64.random(in: 0...1_000_000, using: &random), time: time)
        record.organization = ["acme", "globex", nil].randomElement(using: &random) ?? nil
        record.team = ["acme/research", "acme/research/vision", nil].randomElement(using: &random) ?? nil
        record.keyID = ["key_1", "key_2", nil].randomElement(using: &random) ?? nil
        record.user = ["bob", "", "Zoë \u{0} 💶", nil].randomElement(using: &random) ?? nil
        record.model = ["a", "b", nil].randomElement(using: &random) ?? nil
        record.tokens = TokenUsage(input: Int64.random(in: 0...900, using: &random), output: Int64.random(in: 0...90, using: &random))
        record.hold = [nil, record.callID, "call-x"].randomElement(using: &random) ?? nil
        record.settlesHold = Bool.random(using: &random)
        if Int.random(in: 0..<20, using: &random) == 0 { record.status = .inDoubt }
        return record
    }

    private struct Key: Hashable {
        let organization, team, keyID, user: String?
        let model: String
        let isInDoubt: Bool
        let begin: Int64
    }

    /// The sums of `records`, worked out here.
    private func expected(_ records: [UsageRecord], _ moments: [WallTime]) -> [Key: [Int64]] {
        var sums: [Key: [Int64]] = [:]
        for record in records {
            let begin = moments.filter { $0 <= record.time }.max() ?? WallTime(microseconds: .min)
            let key = Key(
                organization: record.organization, team: record.team, keyID: record.keyID, user: record.user,
                model: record.model ?? record.requestedModel, isInDoubt: record.status == .inDoubt, begin: begin.microseconds)
            let isRequest = record.hold == nil || record.settlesHold
            let part = [record.cost.nanos, record.tokens.input + record.tokens.output, isRequest ? 1 : 0]
            sums[key] = zip(sums[key] ?? [0, 0, 0], part).map(+)
        }
        return sums.filter { $0.value != [0, 0, 0] }
    }

    private func found(_ totals: [SpendingTotal]) -> [Key: [Int64]] {
        Dictionary(
            uniqueKeysWithValues: totals.map { total in
                (
                    Key(
                        organization: total.organization, team: total.team, keyID: total.keyID, user: total.user, model: total.model,
                        isInDoubt: total.isInDoubt, begin: total.begin.microseconds), [total.cost.nanos, total.tokens, total.requests]
                )
            })
    }

    @Test func sumsAreThoseOfTheRecords() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("totals property seed \(seed)")
        var random = SeededGenerator(seed)
        var all: [UsageRecord] = []
        for life in 0..<6 {
            var settings = SQLiteLedger.Settings.small(
                interval: .milliseconds(Int.random(in: 0...9, using: &random)), patience: .seconds(10))
            settings.batchLimit = Int.random(in: 1...200, using: &random)
            let ledger = try SQLiteLedger(path: path, settings: settings)
            let loops = try (0..<2).map { try Loop(ledger, $0) }
            for step in 0..<200 {
                let record = randomRecord(life * 1_000 + step, &random)
                try await loops[step % 2].commit(record)
                all.append(record)
                guard step % 50 == 49 else { continue }
                // On days, on quarters, between them, twice the same, far away; some records are still in the journals.
                var moments = [
                    WallTime(microseconds: Self.start), WallTime(microseconds: Self.start),
                    WallTime(microseconds: Self.start + 4_500_000_000),
                ]
                for _ in 0..<Int.random(in: 0...4, using: &random) { moments.append(all.randomElement(using: &random)?.time ?? .now) }
                moments.append(WallTime(microseconds: Self.start + Int64.random(in: -400...400, using: &random) * 900_000_000))
                let (right, sums) = (expected(all, moments), found(try ledger.totals(cutAt: moments)))
                #expect(sums == right, "seed \(seed), life \(life), step \(step)")
            }
            try ledger.close()
        }
        let reader = try UsageReader(path: path)
        #expect(found(try reader.totals(cutAt: [])) == expected(all, []), "seed \(seed)")
        let report = try LedgerAudit.run(path: path)
        #expect(report.findings.allSatisfy { $0.kind == .cost } && report.records == 1_200, "seed \(seed)")
    }

    @Test(arguments: [Int64.min, .max]) func absurdNumbersSaturate(number: Int64) async throws {
        let ledger = try SQLiteLedger(path: path)
        let loop = try Loop(ledger)
        for call in 0..<3 {
            var record = sampleRecord(call, cost: number, time: number)
            record.tokens = TokenUsage(input: number, output: number)
            try await loop.commit(record)
            #expect(try await eventually { ledger.statistics.queued == 0 })
        }
        #expect(ledger.isHealthy)
        let totals = try ledger.totals(cutAt: [WallTime(microseconds: 0)])
        #expect(totals.map(\.cost.nanos) == [number] && totals.map(\.tokens) == [number])
    }
}
