import Chat
import Core
import Testing

@Suite struct TimeZoneTests {
    private func rules(_ rule: String, transitions: [(Int64, UInt8)] = [], offsets: [Int32] = []) throws -> TimeZoneRules {
        try #require(TimeZoneFile.parse(TestFiles.tzif(rule: rule, transitions: transitions, offsets: offsets)))
    }

    /// Moments around the changes, as `date -d @N` prints them.
    @Test(
        arguments: [
            ("CET-1CEST,M3.5.0,M10.5.0/3", 1_774_745_999, 3600), ("CET-1CEST,M3.5.0,M10.5.0/3", 1_774_746_000, 7200),
            ("CET-1CEST,M3.5.0,M10.5.0/3", 1_792_889_999, 7200), ("CET-1CEST,M3.5.0,M10.5.0/3", 1_792_890_000, 3600),
            ("EST5EDT,M3.2.0,M11.1.0", 1_772_953_199, -18_000), ("EST5EDT,M3.2.0,M11.1.0", 1_772_953_200, -14_400),
            ("EST5EDT,M3.2.0,M11.1.0", 1_793_512_799, -14_400), ("EST5EDT,M3.2.0,M11.1.0", 1_793_512_800, -18_000),
            // South of the equator it is daylight saving time in January.
            ("AEST-10AEDT,M10.1.0,M4.1.0/3", 1_767_571_200, 39_600), ("AEST-10AEDT,M10.1.0,M4.1.0/3", 1_783_000_000, 36_000),
            ("<+0530>-5:30", 0, 19_800), ("XYZ3", 1_767_571_200, -10_800),
            // Days of the year, with and without 29 February: both are 1 March 2024, then 2 March.
            ("AAA0BBB,J60/0,J61/0", 1_709_251_200, 3600), ("AAA0BBB,J60/0,J61/0", 1_709_337_600, 0),
            ("AAA0BBB,60/0,61/0", 1_709_251_200, 3600),
        ] as [(String, Int64, Int32)])
    func rulesOfPOSIX(_ rule: String, _ time: Int64, _ offset: Int32) throws {
        #expect(try rules(rule).offset(at: time) == offset)
    }

    @Test func transitionsComeBeforeTheRule() throws {
        let rules = try rules("AAA0", transitions: [(1000, 1), (2000, 2), (3000, 1)], offsets: [7200, -3600])
        for (time, offset) in [(-5, 3600), (999, 3600), (1000, 7200), (1999, 7200), (2000, -3600), (2999, -3600), (3000, 0)]
            as [(Int64, Int32)]
        {
            #expect(rules.offset(at: time) == offset)
        }
    }

    @Test(arguments: [
        "AAA", "A0", "AAA99", "AAA0BBB", "AAA0BBB,M3.5.0", "AAA0BBB,M13.1.0,M1.1.0", "AAA0BBB,M3.6.0,M1.1.0", "AAA0BBB,J0,J1",
        "AAA0BBB,366,1", "<AAA0", "AAA0x",
    ])
    func otherRulesAreRefused(_ rule: String) { #expect(TimeZoneFile.parse(TestFiles.tzif(rule: rule)) == nil) }

    @Test func everyPrefixOfAFileIsRefusedOrRead() {
        let whole = TestFiles.tzif(rule: "CET-1CEST,M3.5.0,M10.5.0/3", transitions: [(1000, 1)], offsets: [7200])
        let readable = (0..<whole.count).filter { TimeZoneFile.parse(Array(whole.prefix($0))) != nil }
        #expect(readable.allSatisfy { $0 > whole.count - 30 }, "only the rule at the end may be missing")
        for index in whole.indices {
            var changed = whole
            changed[index] ^= 0xFF
            if let rules = TimeZoneFile.parse(changed) { _ = rules.local(.max) }
        }
    }

    @Test func distances() {
        for (text, seconds) in [("+02:00", 7200), ("-0530", -19_800), ("+9", 32_400), ("+14:00", 50_400)] as [(String, Int32)] {
            #expect(TimeZoneRules(offset: text)?.offset(at: 0) == seconds)
        }
        for text in ["", "+", "2", "+15", "+0:99", "+1234567", "+ 1", "UTC"] { #expect(TimeZoneRules(offset: text) == nil, "\(text)") }
    }
}
