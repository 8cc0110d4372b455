import Core
import Testing

@testable import Ledger
@testable import Limits
@testable import SharedLedger

/// Limits on requests under way, which several gateways share.
@Suite(.enabled(if: Server.isThere, Server.isMissing)) struct SlotTests {
    private let start = WallTime(microseconds: 1_767_225_600_000_000)
    private static let leased = "SELECT sum(leased), max(spent), max(overrun) FROM purser.limit_window"

    private func fill(_ bench: LeaseBench, _ user: String? = nil, at now: WallTime) throws -> [Hold] {
        var holds: [Hold] = []
        while let hold = try bench.reserve(user, at: now) { holds.append(hold) }
        return holds
    }

    private func end(_ holds: [Hold]) { for hold in holds { hold.settle(.nothing, at: start) } }

    @Test func allGatewaysTogetherHaveTheSlotsAndNoMore() throws {
        let first = try LeaseBench([LimitRule(.concurrent(10))])
        let second = try LeaseBench([LimitRule(.concurrent(10))], beside: first)
        let three = try (0..<3).map { _ in try #require(try first.reserve(at: start)) }
        let seven = try fill(second, at: start)
        #expect(seven.count == 7)
        #expect(try fill(first, at: start).isEmpty)
        #expect(try first.database.query(Self.leased) == ["10|0|0"])
        // One that is refused for what others have may try again, and is not told that it never fits.
        let refusal = try #require(first.refusal(at: start))
        #expect(refusal.reason == .held && refusal.retryAfter == .seconds(1))
        let state = try #require(first.limits.states(at: start).first)
        #expect((state.spent, state.held, state.left) == (0, 10, 0))

        // It is heard that slots are wanted, and what comes free goes where it is.
        try first.report(at: start)
        try second.read(at: start)
        end(seven)
        try second.report(at: start)
        try first.read(at: start)
        #expect(try fill(first, at: start).count == 7)
        #expect(try first.database.query(Self.leased) == ["10|0|0"])
        end(three)
    }

    /// The slots of a user, whose limits nobody reads for the gateway: those who are refused ask again.
    @Test func slotsOfUsersComeBackToo() throws {
        let first = try LeaseBench([], eachUser: [LimitRule(.concurrent(2))])
        let second = try LeaseBench([], eachUser: [LimitRule(.concurrent(2))], beside: first)
        let both = try fill(first, "bob", at: start)
        #expect(both.count == 2)
        #expect(try second.reserve("bob", at: start) == nil)
        #expect(try second.reserve("eve", at: start) != nil)
        end(both)
        try first.report(at: start)
        #expect(try second.reserve("bob", at: start) == nil, "it has not heard yet")
        // It says that it wants one, the other one gives, it takes.
        var got: Hold?
        for _ in 0..<3 where got == nil {
            for bench in [second, first] { try bench.report(at: start) }
            got = try second.reserve("bob", at: start)
        }
        #expect(got != nil)
    }

    @Test func waitingForASlotThatAnotherGatewayHas() throws {
        let rule = LimitRule(.concurrent(1), wait: .seconds(5))
        let first = try LeaseBench([rule])
        let second = try LeaseBench([rule], beside: first)
        let hold = try #require(try first.reserve(at: start))
        #expect(try second.reserve(at: start) == nil)
        let ending = Ending()
        let request = SpendRequest(RequestScopes(team: "acme"), model: "m", amount: Spending(requests: 1))
        guard case .waiting = second.limits.reserve(request, at: start, patience: .seconds(5), notify: { ending.note($0) }) else {
            Issue.record("it does not wait")
            return
        }
        hold.settle(.nothing, at: start)
        try second.report(at: start)
        try first.read(at: start)
        try first.report(at: start)
        try second.report(at: start)
        try second.read(at: start)
        #expect(ending.isOver, "it is told to lease, or has the slot")
        #expect(try second.reserve(at: start) != nil || ending.hold != nil)
    }

    /// A gateway that always has work would never give a slot away: it is held to its equal share while others want some, and no longer.
    @Test func nobodyKeepsAllSlotsWhileOthersWantSome() throws {
        let rule = LimitRule(.concurrent(9))
        let rich = try LeaseBench([rule])
        var holds = try fill(rich, at: start)
        #expect(holds.count == 9)
        let poor = try (0..<2).map { _ in try LeaseBench([rule], beside: rich) }
        for bench in poor { #expect(try bench.reserve(at: start) == nil) }
        // Each time a call ends, the next one tries to begin.
        var served = 0
        for _ in 0..<12 {
            for bench in [rich] + poor {
                try bench.report(at: start)
                try bench.read(at: start)
            }
            if let first = holds.first, holds.count > 0 {
                first.settle(.nothing, at: start)
                holds.removeFirst()
            }
            holds += try fill(rich, at: start)
            for bench in poor where served < 6 {
                if let hold = try bench.reserve(at: start) {
                    served += 1
                    holds.insert(hold, at: holds.endIndex)
                }
            }
        }
        #expect(served >= 4)
        #expect(try rich.database.query("SELECT leased <= 9 FROM purser.limit_window") == ["t"])
        end(holds)
    }

    /// A gateway that is gone keeps its slots while its calls may go on, and not for ever; the same gateway gets them back when it begins anew.
    @Test func slotsOfADeadGatewayExpire() throws {
        let dead = try LeaseBench([LimitRule(.concurrent(4))])
        let other = try LeaseBench([LimitRule(.concurrent(4))], beside: dead)
        let lost = try fill(dead, at: start)
        #expect(lost.count == 4)
        try dead.fallSilent("14 minutes")
        #expect(try fill(other, at: start).isEmpty)
        try dead.fallSilent("16 minutes")
        try other.read(at: start)
        try other.report(at: start)
        let found = try fill(other, at: start)
        #expect(found.count == 4)
        #expect(try dead.database.query(Self.leased) == ["4|0|0"])
        // It was only cut off: what it asks now is answered by what is there.
        dead.desk.expireSlots(at: start)
        end(lost)
        #expect(try fill(dead, at: start).isEmpty)
        #expect(try dead.database.query("SELECT granted FROM purser.lease ORDER BY gateway") == ["0", "4"])
        end(found)
    }

    @Test func aGatewayThatBeginsAnewHasNoCallsUnderWay() throws {
        let bench = try LeaseBench([LimitRule(.concurrent(4)), LimitRule(.requests(100), per: .total)])
        let lost = try fill(bench, at: start)
        #expect(lost.count == 4)
        try bench.freeSlots()
        #expect(try bench.database.number("SELECT leased FROM purser.limit_window WHERE identity LIKE '|slots|%'") == 0)
        #expect(try bench.database.number("SELECT leased FROM purser.limit_window WHERE identity NOT LIKE '|%'") >= 4)
        end(lost)
    }

    /// Who does not reach the database for long begins no more calls.
    @Test func slotsThatAreNotSureAreNotUsed() throws {
        let bench = try LeaseBench([LimitRule(.concurrent(8))])
        let hold = try #require(try bench.reserve(at: start))
        bench.desk.expireSlots(at: start)
        let refusal = try #require(bench.refusal(at: start))
        guard case .needsLease = refusal.reason else {
            Issue.record("\(refusal)")
            return
        }
        // The next word with the database makes them good.
        try bench.report(at: start)
        #expect(try bench.reserve(at: start) != nil)
        hold.settle(.nothing, at: start)
    }

    /// Over and over with as many at a time: nobody asks the database.
    @Test func steadyTrafficNeedsNoRoundTrip() throws {
        let bench = try LeaseBench([LimitRule(.concurrent(64))])
        end(try (0..<16).map { _ in try #require(try bench.reserve(at: start)) })
        let before = bench.connection.roundTrips
        for second in 0..<60 {
            let now = start.advanced(bySeconds: Int64(second))
            let holds = try (0..<16).map { _ in try #require(try bench.reserve(at: now)) }
            bench.desk.look(at: now)
            end(holds)
        }
        #expect(bench.connection.roundTrips == before)
    }

    @Test func tablesOfTheFirstVersionAreUpgraded() throws {
        let database = try Database.make()
        let connection = try PostgreSQLConnection(PostgreSQLTarget(url: database.url))
        try PostgreSQLSchema.migrate(connection)
        // As version 1 had it: a function that tells less, and none that frees slots.
        try database.query(
            """
            ALTER TABLE purser.usage_record DROP COLUMN further_tokens CASCADE, DROP COLUMN in_doubt_nanos CASCADE,
              DROP COLUMN in_doubt_tokens CASCADE;
            CREATE VIEW purser.usage AS SELECT 1;
            ALTER TABLE purser.lease DROP COLUMN wanted_until; DROP FUNCTION purser.free_slots; DROP FUNCTION purser.sync_leases;
            CREATE FUNCTION purser.sync_leases(me integer, identities text[], starts_ bigint[], ends_ bigint[], ceilings bigint[], used_ bigint[],
              forgiven bigint[], returned bigint[], least_ bigint[], wished bigint[], lifetime interval)
              RETURNS TABLE (place integer, granted_ bigint) LANGUAGE sql AS 'SELECT 1, 1::bigint';
            UPDATE purser.meta SET value = '1' WHERE name = 'version'
            """)
        try PostgreSQLSchema.migrate(connection)
        #expect(try database.query("SELECT value FROM purser.meta WHERE name = 'version'") == ["\(PostgreSQLSchema.version)"])
        try connection.run("SELECT purser.free_slots(1)")
        #expect(
            try connection.syncLeases(
                [LeaseRow(name: "x", window: 0..<1, ceiling: 1, used: 0)], gateway: try gateway(database), lifetime: .seconds(1)
            ).count == 1)
    }

    private func gateway(_ database: Database) throws -> Int64 {
        try database.number("INSERT INTO purser.gateway (id, host, alive_until) VALUES ('g', 'h', now()) RETURNING number")
    }
}

/// How many slots a gateway wants, without any database.
@Suite struct SlotPolicyTests {
    private let start = ContinuousClock.now

    private func policy(_ used: [Int64]) -> SlotPolicy {
        var policy = SlotPolicy()
        for (index, count) in used.enumerated() { policy.note(count, at: start + .milliseconds(250 * index)) }
        return policy
    }

    @Test func aGatewayThatGrowsAsksForAQuarterMore() {
        #expect(policy([]).slice(missing: 1, free: 0) == 1)
        #expect(policy([40, 80]).slice(missing: 1, free: 0) == 20)
        #expect(policy([40, 80]).topUp(free: 0, at: start + .seconds(1)) == 0)
    }

    @Test func whatIsNotNeededGoesBack() {
        let busy = policy([80, 10])
        let now = start + .milliseconds(250)
        #expect(busy.surplus(free: 70, isWanted: false, at: now) == 0)
        #expect(busy.surplus(free: 1_000, isWanted: false, at: now) > 800)
        #expect(busy.surplus(free: 70, isWanted: true, at: now) == 70)
        #expect(policy([80, 0]).surplus(free: 80, isWanted: false, at: now + .seconds(3)) == 80)
        // One long call keeps its slots for as long as it lasts.
        #expect(policy([2, 2, 2]).surplus(free: 3, isWanted: false, at: start + .seconds(1)) == 0)
    }
}

/// How waiting ended, noted from the thread that made room.
private final class Ending: @unchecked Sendable {
    private(set) var isOver = false
    private(set) var hold: Hold?

    func note(_ outcome: WaitOutcome) {
        isOver = true
        if case .held(let hold) = outcome { self.hold = hold }
    }
}
