import Core
import TestSupport
import Testing

@testable import Ledger
@testable import Limits
@testable import SharedLedger

/// The function in the database that all gateways lease with.
@Suite(.enabled(if: Server.isThere, Server.isMissing)) struct LeaseFunctionTests {
    private func prepared(_ gateways: Int) throws -> (Database, PostgreSQLTarget) {
        let database = try Database.make()
        let target = try PostgreSQLTarget(url: database.url)
        try PostgreSQLSchema.migrate(PostgreSQLConnection(target))
        for number in 0..<gateways {
            try database.query("INSERT INTO purser.gateway (id, host, alive_until) VALUES ('g\(number)', 'h', now() + interval '1 hour')")
        }
        return (database, target)
    }

    private func row(_ name: String = "x", ceiling: Int64 = 1_000, used: Int64 = 0) -> LeaseRow {
        LeaseRow(name: name, window: 0..<60_000_000, ceiling: ceiling, used: used)
    }

    private func ask(_ connection: PostgreSQLConnection, _ row: LeaseRow, by gateway: Int64 = 1) throws -> LeaseAnswer {
        try #require(try connection.syncLeases([row], gateway: gateway, lifetime: .seconds(30)).first)
    }

    @Test func slicesShrinkNearTheLimit() throws {
        let (_, target) = try prepared(2)
        let connection = try PostgreSQLConnection(target)
        var wish = row()
        (wish.least, wish.wished) = (1, 1_000)
        var given: [Int64] = []
        while let next = Optional(try ask(connection, wish).given), next > 0 { given.append(next) }
        #expect(given.prefix(3) == [125, 109, 95])
        #expect(given.reduce(0, +) == 1_000)
        #expect(given.last == 1)
        // A need that is larger than its eighth is met in full, or not at all.
        wish = row("y")
        wish.least = 600
        #expect(try ask(connection, wish).given == 600)
        #expect(try ask(connection, wish, by: 2).given == 0)
        let second = try ask(connection, wish, by: 2)
        #expect((second.elsewhere, second.idle) == (600, 600))
        #expect(second.isWanted)
        wish.least = 400
        #expect(try ask(connection, wish, by: 2).given == 400)
    }

    @Test func doingItTwiceDoesNoHarm() throws {
        let (database, target) = try prepared(1)
        let connection = try PostgreSQLConnection(target)
        var first = row()
        first.least = 500
        _ = try ask(connection, first)
        for _ in 0..<3 { #expect(try ask(connection, row(used: 300)).granted == 500) }
        #expect(try database.query("SELECT spent, leased, overrun FROM purser.limit_window") == ["300|200|0"])
        // A gateway that has forgotten what it used frees nothing; a refund does.
        _ = try ask(connection, row(used: 0))
        #expect(try database.query("SELECT spent, leased, overrun FROM purser.limit_window") == ["300|200|0"])
        var refund = row(used: 200)
        refund.forgiven = 100
        _ = try ask(connection, refund)
        #expect(try database.query("SELECT spent, leased, overrun FROM purser.limit_window") == ["200|300|0"])
        var back = row(used: 200)
        back.returned = .max >> 8
        #expect(try ask(connection, back).granted == 200)
        #expect(try database.query("SELECT spent, leased, overrun FROM purser.limit_window") == ["200|0|0"])
    }

    @Test func whatWasUsedWithoutALeaseShows() throws {
        let (database, target) = try prepared(2)
        let connection = try PostgreSQLConnection(target)
        #expect(try ask(connection, row(used: 400)).granted == 400)
        // There was room: no overrun.
        #expect(try database.query("SELECT spent, leased, overrun FROM purser.limit_window") == ["400|0|0"])
        #expect(try ask(connection, row(used: 900), by: 2).granted == 900)
        #expect(try database.query("SELECT spent, leased, overrun FROM purser.limit_window") == ["1300|0|300"])
        var more = row(used: 900)
        more.least = 1
        #expect(try ask(connection, more, by: 2).given == 0)
    }

    @Test func aLowerLimitTakesNothingAwayAndGivesNothing() throws {
        let (database, target) = try prepared(1)
        let connection = try PostgreSQLConnection(target)
        var wish = row()
        wish.least = 800
        _ = try ask(connection, wish)
        wish.ceiling = 500
        wish.least = 1
        #expect(try ask(connection, wish).given == 0)
        #expect(try database.query("SELECT ceiling, spent, leased FROM purser.limit_window") == ["800|0|800"])
        wish.ceiling = 2_000
        wish.least = 1_200
        #expect(try ask(connection, wish).given == 1_200)
    }

    /// Four gateways do random things to three limits at once. The constraint of the table is the judge; in the end all sums must be right.
    @Test func anyMixtureKeepsTheLimit() async throws {
        let (database, target) = try prepared(4)
        let seed = UInt64.random(in: 0...UInt64.max)
        print("lease seed \(seed)")
        try await withThrowingTaskGroup { group in
            for gateway in 1...4 {
                group.addTask {
                    var random = SeededGenerator(seed &+ UInt64(gateway))
                    let connection = try PostgreSQLConnection(target)
                    var used: [String: Int64] = [:]
                    var granted: [String: Int64] = [:]
                    for _ in 0..<150 {
                        var rows: [LeaseRow] = []
                        for name in ["a", "b|c", "z"].shuffled(using: &random).prefix(Int.random(in: 1...3, using: &random)) {
                            used[name] = Int64.random(
                                in: used[name, default: 0]...max(used[name, default: 0], granted[name, default: 0]), using: &random)
                            var row = LeaseRow(name: name, window: .min..<(.max), ceiling: 10_000, used: used[name, default: 0])
                            row.least = Int64.random(in: 0...200, using: &random)
                            row.wished = Int64.random(in: 0...2_000, using: &random)
                            if Bool.random(using: &random) { row.returned = Int64.random(in: 0...500, using: &random) }
                            rows.append(row)
                        }
                        let answers = try connection.syncLeases(rows, gateway: Int64(gateway), lifetime: .seconds(30))
                        for (row, answer) in zip(rows, answers) { granted[row.name] = answer.granted }
                    }
                }
            }
            try await group.waitForAll()
        }
        let sums = try database.query(
            """
            SELECT count(*) FROM purser.limit_window AS w WHERE overrun <> 0 OR spent + leased > ceiling OR
              (spent, leased) <> (SELECT sum(used), sum(granted - used) FROM purser.lease AS l WHERE l.identity = w.identity AND l.starts = w.starts)
            """)
        #expect(sums == ["0"], "seed \(seed)")
        #expect(try database.number("SELECT min(spent) FROM purser.limit_window") > 0)
    }

    @Test func namesOfLimitsAreTheirOwn() {
        func name(_ path: String, key: String? = nil, user: String? = nil, models: [String]? = nil) -> String {
            LimitIdentity(
                scope: LimitScope(path: path, key: key, user: user), kind: .usd, period: .day, models: models.flatMap(ModelSelection.init),
                soft: false
            ).databaseName
        }
        let names = [
            name("acme"), name("acme", key: "a"), name("acme", user: "a"), name("acme", user: ""), name("acme|a"), name("acme%7Ca"),
            name("acme", user: "\u{0}"), name("acme", user: "\u{2400}"), name("acme", user: "é"), name("acme", user: "e\u{301}"),
            name("acme", models: ["a", "b"]), name("acme", models: ["a b"]), name("acme", models: ["*"]),
            name("acme", user: String(repeating: "x", count: 10_000)), name("acme", user: String(repeating: "x", count: 10_001)),
        ]
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { $0.utf8.count < 500 && $0.utf8.allSatisfy { (0x20..<0x7F).contains($0) } })
        #expect(name("acme") == "acme|||usd|day|")
    }
}
