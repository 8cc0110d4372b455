import Core
import Foundation
import Testing

@testable import Ledger
@testable import Limits
@testable import SharedLedger
@testable import LedgerClusterHelper

/// Gateways in this process that share one limit.
@Suite(.enabled(if: Server.isThere, Server.isMissing), .timeLimit(.minutes(2))) struct LeaseTests {
    private func gateway(
        _ url: String, _ directory: TemporaryDirectory, limit: Int64, _ change: (inout SimulatedGateway.Options) -> Void = { _ in }
    ) throws -> SimulatedGateway {
        var options = SimulatedGateway.Options(rules: [
            LimitRule(.usd(NanoUSD(nanos: limit)), per: .total), LimitRule(.requests(1_000_000), per: .hour),
        ])
        change(&options)
        var settings = PostgreSQLLedger.Settings()
        settings.spool.importInterval = .milliseconds(20)
        settings.interval = .milliseconds(100)
        settings.patience = .seconds(2)
        return try SimulatedGateway(url, directory: directory.path, options, settings: settings)
    }

    private static let money = "FROM purser.limit_window WHERE identity = 'acme|||usd|total|'"

    /// A budget for exactly 1,000 requests and 120 clients at three gateways: no more is spent, and next to nothing is left over.
    @Test func oneBudgetOfThreeGatewaysIsUsedUpExactly() async throws {
        let database = try Database.make()
        let directories = try (0..<3).map { _ in try TemporaryDirectory() }
        let gateways = try directories.map { try gateway(database.url, $0, limit: 1_000_000) { $0.latency = .milliseconds(3) } }
        let served = try await withThrowingTaskGroup(of: Int.self) { group in
            for client in 0..<120 {
                group.addTask {
                    var served = 0
                    var refused = 0
                    while refused < 3 {
                        switch try await gateways[client % 3].serve() {
                        case .served: served += 1
                        case .refused, .away:
                            refused += 1
                            try await Task.sleep(for: .milliseconds(100))
                        }
                    }
                    return served
                }
            }
            return try await group.reduce(0, +)
        }
        for gateway in gateways { try gateway.ledger.close() }
        #expect(served >= 990)
        #expect(try database.number("SELECT sum(cost_nanos) FROM purser.usage_record") == Int64(served) * 1_000)
        #expect(try database.query("SELECT spent, leased, overrun \(Self.money)") == ["\(served * 1_000)|0|0"])
        #expect(served <= 1_000)
    }

    @Test func mostRequestsNeedNoRoundTrip() async throws {
        let database = try Database.make()
        let directory = try TemporaryDirectory()
        let gateway = try gateway(database.url, directory, limit: 1_000_000_000_000)
        for _ in 0..<5_000 { _ = try await gateway.serve() }
        #expect(gateway.keeper.waits < 200)
        try gateway.ledger.close()
        #expect(try database.number("SELECT count(*) FROM purser.usage_record") == 5_000)
    }

    @Test func idleSlicesGoBack() async throws {
        let database = try Database.make()
        let directory = try TemporaryDirectory()
        let gateway = try gateway(database.url, directory, limit: 1_000_000)
        #expect(try await gateway.serve() == .served)
        #expect(try database.number("SELECT leased + spent \(Self.money)") > 1_000)
        #expect(try await eventually(within: 6) { try database.query("SELECT spent, leased \(Self.money)") == ["1000|0"] })
        // And it still works.
        #expect(try await gateway.serve() == .served)
        try gateway.ledger.close()
        #expect(try database.query("SELECT spent, leased \(Self.money)") == ["2000|0"])
    }

    /// What one gateway holds and does not need comes to the other within its patience, though nothing else is left.
    @Test func slicesOfOthersComeBackWhenTheyAreWanted() async throws {
        let database = try Database.make()
        let directories = try (0..<2).map { _ in try TemporaryDirectory() }
        let first = try gateway(database.url, directories[0], limit: 8_000)
        let second = try gateway(database.url, directories[1], limit: 8_000)
        #expect(try await first.serve() == .served)
        var served = 0
        #expect(
            try await eventually(within: 20) {
                if try await second.serve() == .served { served += 1 }
                return served == 7
            })
        try first.ledger.close()
        try second.ledger.close()
        #expect(try database.query("SELECT spent, leased, overrun \(Self.money)") == ["8000|0|0"])
    }

    @Test func withoutPostgreSQLSlicesLastAndThenItIsClosed() async throws {
        let server = try Server()
        let database = try server.database()
        let directory = try TemporaryDirectory()
        let gateway = try gateway(database.url, directory, limit: 1_000_000)
        #expect(try await gateway.serve() == .served)
        try server.stop()
        #expect(try await eventually { !gateway.ledger.isServerReachable })
        var served = 1
        var outcome = try await gateway.serve()
        while outcome == .served {
            served += 1
            outcome = try await gateway.serve()
        }
        #expect(outcome == .away)
        #expect(served > 1 && served <= 130)
        #expect(gateway.ledger.isHealthy)
        try server.start()
        #expect(try await eventually { try await gateway.serve() == .served })
        try gateway.ledger.close()
        #expect(try database.query("SELECT spent, leased, overrun \(Self.money)") == ["\((served + 1) * 1_000)|0|0"])
        #expect(try database.number("SELECT count(*) FROM purser.usage_record") == served + 1)
        try server.stop()
    }

    @Test func withoutPostgreSQLAnOpenLimitLetsThroughAndTellsLater() async throws {
        let server = try Server()
        let database = try server.database()
        let directory = try TemporaryDirectory()
        let gateway = try gateway(database.url, directory, limit: 20_000) { $0.failsOpen = true }
        #expect(try await gateway.serve() == .served)
        try server.stop()
        #expect(try await eventually { !gateway.ledger.isServerReachable })
        // Beyond what is known to be left nothing goes through all the same.
        var served = 1
        while try await gateway.serve() == .served { served += 1 }
        #expect(served == 20)
        try server.start()
        #expect(try await eventually { gateway.ledger.isServerReachable && gateway.ledger.statistics.queued == 0 })
        #expect(try await gateway.serve() == .refused)
        try gateway.ledger.close()
        #expect(try database.query("SELECT spent, leased, overrun \(Self.money)") == ["20000|0|0"])
        try server.stop()
    }

    @Test func eachGatewayTellsWhatAllHaveUsed() async throws {
        let database = try Database.make()
        let directories = try (0..<2).map { _ in try TemporaryDirectory() }
        let first = try gateway(database.url, directories[0], limit: 1_000_000)
        let second = try gateway(database.url, directories[1], limit: 1_000_000)
        for _ in 0..<5 { #expect(try await first.serve() == .served) }
        func left(_ gateway: SimulatedGateway) -> Int64? { gateway.states.first { $0.identity.kind == .usd }?.left }
        #expect(try await eventually { left(first) == 995_000 && left(second) == 995_000 })
        for _ in 0..<2 { #expect(try await second.serve() == .served) }
        #expect(try await eventually { left(first) == 993_000 && left(second) == 993_000 })
        try first.ledger.close()
        try second.ledger.close()
    }

    /// A soft limit tells what all together have used, though no gateway has reached it alone.
    @Test func softLimitsAreSharedToo() async throws {
        let database = try Database.make()
        let directories = try (0..<2).map { _ in try TemporaryDirectory() }
        let isTold = Flag()
        let gateways = try directories.map {
            try gateway(database.url, $0, limit: 1_000_000) { options in
                options.rules.append(LimitRule(.usd(NanoUSD(nanos: 6_000)), per: .total, soft: true))
                options.alert = { if $0.event == .softReached { isTold.set() } }
            }
        }
        for _ in 0..<2 { for gateway in gateways { #expect(try await gateway.serve() == .served) } }
        try await Task.sleep(for: .seconds(1))
        #expect(!isTold.value)
        for gateway in gateways { #expect(try await gateway.serve() == .served) }
        #expect(try await eventually { isTold.value })
        for gateway in gateways { try gateway.ledger.close() }
        #expect(try database.query("SELECT spent, leased FROM purser.limit_window WHERE identity LIKE '%soft'") == ["6000|0"])
    }

    /// A gateway that starts again goes on where it was: with what it had leased, and all that it has used.
    @Test func aRestartGoesOn() async throws {
        let database = try Database.make()
        let directory = try TemporaryDirectory()
        for run in 1...3 {
            let gateway = try gateway(database.url, directory, limit: 9_000)
            for _ in 0..<3 { #expect(try await gateway.serve() == .served) }
            try gateway.ledger.close()
            #expect(try database.query("SELECT spent, leased, overrun \(Self.money)") == ["\(run * 3_000)|0|0"])
        }
        let last = try gateway(database.url, directory, limit: 9_000)
        #expect(try await last.serve() == .refused)
        try last.ledger.close()
    }
}
