import Glibc
import Testing

@testable import Core

@Suite struct TimeZoneRulesTests {
    private func zone(_ name: String) -> TimeZoneRules? {
        TimeZoneRules.named(name) { file in
            guard let stream = fopen("/usr/share/zoneinfo/" + file, "r") else { return nil }
            defer { fclose(stream) }
            var bytes = [UInt8](repeating: 0, count: TimeZoneFile.largest)
            let count = fread(&bytes, 1, bytes.count, stream)
            return Array(bytes.prefix(count))
        }
    }

    /// Seconds since 1970 of the local clock, or of UTC.
    private func clock(_ year: Int64, _ month: Int64, _ day: Int64, _ hour: Int64 = 0, _ minute: Int64 = 0) -> Int64 {
        (CivilDate(year: year, month: month, day: day).daysSince1970 * 24 + hour) * 3_600 + minute * 60
    }

    @Test(arguments: ["UTC", "+02:00", "-0530", "Europe/Berlin", "Etc/GMT+5"])
    func zonesThatThereAre(_ name: String) { #expect(zone(name) != nil) }

    @Test(arguments: [
        "", "Europe/Berlni", "../../etc/passwd", "/etc/passwd", "Europe/../UTC", "Europe//Berlin", "Europe/", "zone.tab",
        "Europe/Ber\u{0}lin", "+99:00",
    ])
    func zonesThatThereAreNot(_ name: String) { #expect(zone(name) == nil) }

    /// A name that could leave the directory never gets as far as a file.
    @Test func onlyNamesOfTheDatabaseAreRead() {
        for name in ["../x", "/x", "a/./b", "a\\b", "a b", String(repeating: "a", count: 65)] {
            var asked: [String] = []
            let zone = TimeZoneRules.named(name) { file in
                asked.append(file)
                return nil
            }
            #expect(zone == nil && asked == [])
        }
    }

    @Test func momentsOfLocalTimes() throws {
        let berlin = try #require(zone("Europe/Berlin"))
        #expect(berlin.firstMoment(showing: clock(2026, 1, 15, 12)) == clock(2026, 1, 15, 11))
        #expect(berlin.firstMoment(showing: clock(2026, 7, 15, 12)) == clock(2026, 7, 15, 10))
        // 02:30 does not exist on 29 March: the moment of the change. It comes twice on 25 October: the first.
        #expect(berlin.firstMoment(showing: clock(2026, 3, 29, 2, 30)) == clock(2026, 3, 29, 1))
        #expect(berlin.firstMoment(showing: clock(2026, 3, 29, 3, 30)) == clock(2026, 3, 29, 1, 30))
        #expect(berlin.firstMoment(showing: clock(2026, 10, 25, 2, 30)) == clock(2026, 10, 25, 0, 30))
        #expect(berlin.firstMoment(showing: clock(2026, 10, 25, 3)) == clock(2026, 10, 25, 2))
        // Far beyond the table, by the rule.
        #expect(berlin.firstMoment(showing: clock(2090, 7, 15, 12)) == clock(2090, 7, 15, 10))
    }

    /// By definition: at the moment the clock shows as much, a second before it does not.
    @Test(arguments: [
        "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia", "America/Havana",
    ])
    func theFirstMomentIsTheFirst(_ name: String) throws {
        let zone = try #require(self.zone(name))
        for quarter in 0..<365 * 96 as Range<Int64> {
            let local = clock(2026, 1, 1) + quarter * 900
            let moment = zone.firstMoment(showing: local)
            let isFirst = moment + Int64(zone.offset(at: moment)) >= local && moment - 1 + Int64(zone.offset(at: moment - 1)) < local
            #expect(isFirst, "\(name) \(local)")
        }
    }

    @Test func theMomentOfAChange() throws {
        let berlin = try #require(zone("Europe/Berlin"))
        let change = clock(2026, 3, 29, 1)
        #expect(berlin.lastChange(after: change - 5_000, through: change + 777) == change)
        #expect(berlin.lastChange(after: change - 5_000, through: change) == change)
        #expect(berlin.lastChange(after: change, through: change + 777) == change)
        #expect(berlin.lastChange(after: change + 5, through: change + 777) == change + 5)
    }
}
