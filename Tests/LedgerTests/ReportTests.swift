import Core
import Foundation
import TestSupport
import Testing

@testable import Ledger

@Suite struct ReportTests {
    let directory: TemporaryDirectory
    let path: String
    let open = OpenLedger()

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.file("ledger.db")
    }

    /// Leaves the first half of the records in the SQLite file and the others in two journals, as in a gateway at work.
    private func write(_ records: [UsageRecord]) async throws {
        let ledger = try SQLiteLedger(path: path)
        let loop = try Loop(ledger)
        for record in records.prefix(records.count / 2) { try await loop.commit(record) }
        try ledger.close()
        let late = try SQLiteLedger(path: path, settings: .late(segment: 1 << 20))
        let loops = [try Loop(late, 0), try Loop(late, 1)]
        let rest = records.dropFirst(records.count / 2)
        for (index, record) in rest.enumerated() { try await loops[index < rest.count / 2 ? 0 : 1].commit(record) }
        #expect(try sql(path, "SELECT count(*) FROM usage_record") == ["\(records.count / 2)"])
        open.keep(late)
    }

    private func threeRecords() -> [UsageRecord] {
        var first = fullRecord(5)
        first.user = "Zoë"
        first.metadata = [.init("branch", "main"), .init("a\"b", "x,y")]
        var second = sampleRecord(2, cost: 2_500_000_000)
        second.model = "claude"
        second.tokens = TokenUsage(input: 1_234_567, output: 89)
        second.user = "=cmd|' /C calc'!A0"
        var third = sampleRecord(3, cost: 0)
        third.model = nil
        third.priceVersion = "unpriced"
        third.status = .timeout
        return [first, second, third]
    }

    @Test func tableIsAligned() async throws {
        try await write(threeRecords())
        #expect(
            try report(path, UsageQuery(groups: [.field(.model)]), .table) == """
                model               calls  failed  unpriced      input  cached  output          USD
                ------------------  -----  ------  --------  ---------  ------  ------  -----------
                claude                  1       0         0  1,234,567       0      89  2.5
                openai/gpt-4o-mini      1       0         0      1,000     100     500  0.617283945
                -                       1       1         1          0       0       0  0
                total                   3       1         1  1,235,567     100     589  3.117283945

                """)
        #expect(
            try report(path, UsageQuery(until: WallTime(microseconds: 0)), .table) == """
                calls  failed  input  cached  output  USD
                -----  ------  -----  ------  ------  ---
                    0       0      0       0       0    0

                """)
    }

    @Test func csvIsSafe() async throws {
        try await write(threeRecords())
        #expect(
            try report(path, UsageQuery(groups: [.field(.user), .tag("a\"b")]), .csv)
                == "user,\"tag:a\"\"b\",calls,failed,unpriced,input_tokens,cached_input_tokens,cache_write_tokens,output_tokens,reasoning_tokens,cost_usd,in_doubt_usd\r\n"
                + "'=cmd|' /C calc'!A0,,1,0,0,1234567,0,0,89,0,2.5,0\r\n" + "Zoë,\"x,y\",1,0,0,1000,100,10,500,50,0.617283945,0\r\n"
                + ",,1,1,1,0,0,0,0,0,0,0\r\n")
        for start in ["=", "+", "-", "@", "\t", "\r"] { #expect(CSV.text(start + "1").drop { $0 == "\"" }.hasPrefix("'")) }
        #expect(CSV.text("a\"b\r\nc") == "\"a\"\"b\r\nc\"")
        #expect(CSV.text("") == "" && CSV.text(nil) == "" && CSV.text("1-2") == "1-2")
    }

    @Test func jsonLinesAreTheRecords() async throws {
        try await write([threeRecords()[0]])
        #expect(
            try report(path, UsageQuery(), .jsonl)
                == #"{"request_id":"req-1","call_id":"call-5","parent":"call-0","time":"2026-01-01T00:00:00.000Z","org":"acme","#
                + #""team":"research","key_id":"key_1","user":"Zoë","metadata":{"branch":"main","a\"b":"x,y"},"requested_model":"auto","#
                + #""route":"auto","task":"code","complexity":"low","experiment":"mini-vs-sonnet","arm":"candidate","role":"fallback","#
                + #""provider":"openai","model":"openai/gpt-4o-mini","input_tokens":1000,"cached_input_tokens":100,"cache_write_tokens":10,"#
                + #""output_tokens":500,"reasoning_tokens":50,"cost_usd":"0.617283945","price_version":"0.15/0.075/-/0.6","latency_ms":812.345,"#
                + #""first_token_ms":220.1,"status":"ok","error_code":null,"stream":false,"tool":"brave_search","estimated":false,"#
                + #""cache_write_1h_tokens":0,"audio_input_tokens":0,"audio_output_tokens":0,"service_tier":"standard","#
                + #""in_doubt_usd":"0","in_doubt_tokens":0}"# + "\n")
        let csv = try report(path, UsageQuery(), .csv).split(separator: "\r\n")
        #expect(csv.count == 2 && csv[0] == RecordField.names.joined(separator: ",")[...])
        #expect(
            try report(path, UsageQuery(groups: [.field(.status), .tag("none")]), .jsonl)
                == #"{"status":"ok","tag:none":null,"calls":1,"failed":0,"unpriced":0,"input_tokens":1000,"cached_input_tokens":100,"#
                + #""cache_write_tokens":10,"output_tokens":500,"reasoning_tokens":50,"cost_usd":"0.617283945","in_doubt_usd":"0"}"# + "\n")
    }

    @Test func furtherKindsOfTokens_stayWhatTheyAre_inReportsAndInTheView() async throws {
        var record = threeRecords()[0]
        record.priceVersion = "flex:3/0.3/3.75/15+1h=6"
        record.tokens = TokenUsage(input: 100, cacheWrite: 50, cacheWriteHour: 40, audioInput: 30, output: 20, audioOutput: 10, tier: .flex)
        try await write([record, record])
        var found: [UsageRecord] = []
        try UsageReader(path: path).forEachRecord(UsageQuery()) { found.append($0) }
        #expect(found.map(\.tokens) == [record.tokens, record.tokens], "from the table, and from the journal")
        let view = "cache_write_1h_tokens || '/' || audio_input_tokens || '/' || audio_output_tokens || '/' || service_tier"
        #expect(try sql(path, "SELECT \(view) FROM usage") == ["40/30/10/flex"])
        let line = try report(path, UsageQuery(), .jsonl)
        #expect(
            line.contains(
                #""cache_write_1h_tokens":40,"audio_input_tokens":30,"audio_output_tokens":10,"service_tier":"flex","in_doubt_usd":"0","in_doubt_tokens":0}"#
            ))
    }

    @Test func hostileRecordsStayValidJSON() async throws {
        let records = (0..<20).map(fullRecord)
        try await write(records)
        let lines = try report(path, UsageQuery(), .jsonl).split(separator: "\n")
        #expect(lines.count == 20)
        for (line, record) in zip(lines, records) {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            #expect(Set(object.keys) == Set(RecordField.names))
            #expect(object["user"] as? String == record.user)
            #expect((object["metadata"] as? [String: String])?["a\"b\\c"] == "\u{1}\u{1f}\t\r\n")
        }
    }

    @Test func terminalsAreNotDriven() {
        let table = UsageTable.text([UsageTotal(group: ["\u{1b}[31mred\u{7}"])], [.field(.model)])
        #expect(!table.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
        let turned = UsageTable.text([UsageTotal(group: ["\u{202E}evil\u{2066}\u{2028}\u{1F9D1}\u{200D}\u{1F680}"])], [.field(.model)])
        #expect(turned.contains("\u{FFFD}evil\u{FFFD}\u{FFFD}\u{1F9D1}\u{200D}\u{1F680}"))
    }

    @Test func sumsAgreeWhateverTheGrouping() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("property seed \(seed)")
        var random = SeededGenerator(seed)
        let records = (0..<400).map { number in
            var record = fullRecord(number)
            record.team = ["research", "sales", nil].randomElement(using: &random) ?? nil
            record.model = "model-\(Int.random(in: 0..<7, using: &random))"
            record.metadata = [.init("branch", "b\(Int.random(in: 0..<5, using: &random))")]
            record.cost = NanoUSD(nanos: Int64.random(in: -1_000...1_000_000_000_000, using: &random))
            record.tokens = TokenUsage(
                input: Int64.random(in: 0...1_000_000, using: &random), output: Int64.random(in: 0...9, using: &random))
            return record
        }
        try await write(records)
        let cost = records.reduce(NanoUSD.zero) { $0 + $1.cost }
        let input = records.reduce(0) { $0 + $1.tokens.input }
        let reader = try UsageReader(path: path)
        let all = UsageGrouping.Field.allCases.map(UsageGrouping.field) + [.tag("branch"), .tag("none")]
        for _ in 0..<40 {
            let groups = Array(all.shuffled(using: &random).prefix(Int.random(in: 0...3, using: &random)))
            let totals = try reader.totals(UsageQuery(groups: groups))
            #expect(totals.reduce(NanoUSD.zero) { $0 + $1.cost } == cost, "seed \(seed), \(groups)")
            #expect(totals.reduce(0) { $0 + $1.tokens.input } == input, "seed \(seed), \(groups)")
            #expect(totals.reduce(0) { $0 + $1.calls } == 400)
            #expect(Set(totals.map(\.group)).count == totals.count)
        }
    }

    @Test func aSearchForATimeMissesNothing() async throws {
        let connection = try LedgerConnection(path: path, settings: .init())
        var random = SeededGenerator(7)
        var all: [UsageRecord] = []
        // A clock that runs on by a second per record, is set back now and then, and calls that take up to an hour.
        for batch in 0..<6 {
            let records = (0..<3_000).map { index in
                let number = batch * 3_000 + index
                let time = Int64(number - (number % 997 == 0 ? 20_000 : 0)) - Int64.random(in: 0...3_600, using: &random)
                return sampleRecord(number, time: time * 1_000_000)
            }
            try append(records, to: connection)
            all += records
        }
        #expect(try sql(path, "SELECT count(*) FROM time_mark") == ["2"])
        for since in stride(from: Int64(-25_000), through: 19_000, by: 1_700) {
            let since = WallTime(microseconds: since * 1_000_000)
            #expect(try records(path, UsageQuery(since: since)).count == all.count { $0.time >= since })
        }
        let span = UsageQuery(since: WallTime(microseconds: 9_000_000_000), until: WallTime(microseconds: 9_100_000_000))
        let inSpan = all.count { $0.time.microseconds >= 9_000_000_000 && $0.time.microseconds < 9_100_000_000 }
        #expect(try UsageReader(path: path).totals(span).map(\.calls) == [Int64(inSpan)])
    }

    @Test func aReaderSeesOneMomentWhileTheWriterGoesOn() async throws {
        let ledger = try SQLiteLedger(path: path, settings: .small(interval: .milliseconds(1)))
        let loop = try Loop(ledger)
        for number in 0..<100 { try await loop.commit(sampleRecord(number)) }
        let reader = try UsageReader(path: path)
        let writing = Task { for number in 100..<1_000 { try await loop.commit(sampleRecord(number)) } }
        for _ in 0..<20 {
            var seen: [String] = []
            try reader.forEachRecord(UsageQuery()) { seen.append($0.callID) }
            #expect(seen == (0..<seen.count).map { "call-\($0)" } && seen.count >= 100)
        }
        try await writing.value
        #expect(try reader.totals(UsageQuery()).map(\.calls) == [1_000])
        #expect(ledger.isHealthy)
    }

    @Test(arguments: [
        ("30m", -1_800), ("24h", -86_400), ("7d", -604_800), ("2w", -1_209_600), ("90s", -90), ("0d", 0),
    ]) func spansAreReadBackFromNow(text: String, seconds: Int64) throws {
        let now = WallTime(microseconds: 1_767_225_600_000_001)
        #expect(try UsageQuery.moment(text, now: now) == now.advanced(bySeconds: seconds))
    }

    @Test(arguments: [
        ("2026-01-01", "2026-01-01T00:00:00.000Z"), ("2024-02-29", "2024-02-29T00:00:00.000Z"),
        ("2026-03-01T09:30:05Z", "2026-03-01T09:30:05.000Z"), ("2026-03-01T00:30:00+02:00", "2026-02-28T22:30:00.000Z"),
        ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59.000Z"), ("0001-01-01", "0001-01-01T00:00:00.000Z"),
    ]) func momentsAreRead(text: String, expected: String) throws {
        #expect(try UsageQuery.moment(text).rfc3339 == expected)
    }

    @Test(arguments: [
        "", "d", "7", "7y", "-7d", "7 d", "٣d", "9999999999d", "2026-02-29", "2026-13-01", "2026-1-1", "2026-01-01T",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00", "2026-01-01T00:00:00+0200", "2026-01-01T00:00Z", "99999-01-01", "0000-01-01",
    ]) func nonsenseIsNoTime(text: String) async {
        guard case .invalid = await failure({ _ = try UsageQuery.moment(text) }) else { return #expect(Bool(false), "accepted") }
    }

    @Test func groupingsAreRead() async throws {
        #expect(try UsageGrouping.list("model,tag:a:b,key,model") == [.field(.model), .tag("a:b"), .field(.key)])
        for text in ["", "model,", "tag:", "modle", "cost; DROP TABLE usage_record"] {
            guard case .invalid = await failure({ _ = try UsageGrouping.list(text) }) else {
                return #expect(Bool(false), "accepted \(text)")
            }
        }
    }

    @Test func timesAreShownInUTC() {
        #expect(WallTime(microseconds: -1).rfc3339 == "1969-12-31T23:59:59.999Z")
        #expect(WallTime(microseconds: 1_709_210_096_123_999).rfc3339 == "2024-02-29T12:34:56.123Z")
        for days: Int64 in stride(from: -800_000, through: 2_900_000, by: 997) {
            #expect(CivilDate(daysSince1970: days).daysSince1970 == days)
        }
        #expect(!WallTime(microseconds: .max).rfc3339.isEmpty && !WallTime(microseconds: .min).rfc3339.isEmpty)
    }
}
