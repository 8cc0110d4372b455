import Core
import Testing

@testable import Ledger
@testable import Limits
@testable import SharedLedger

/// The accounts of one gateway's leases, at moments that the test chooses.
final class LeaseBench {
    let database: Database
    let connection: PostgreSQLConnection
    let tree: LimitTree
    let limits: OrganizationLimits
    var desk: LeaseDesk
    let configuration: LimitConfiguration
    private let gateway: Int64

    /// - Parameter other: a gateway with the same database.
    init(_ rules: [LimitRule], eachUser: [LimitRule] = [], beside other: LeaseBench? = nil, settlingTime: Duration = .zero) throws {
        database = try other?.database ?? Database.make()
        connection = try PostgreSQLConnection(PostgreSQLTarget(url: database.url))
        try PostgreSQLSchema.migrate(connection)
        gateway = try database.number(
            "INSERT INTO purser.gateway (id, host, alive_until) VALUES (gen_random_uuid(), 'h', now() + interval '1 hour') RETURNING number"
        )
        configuration = try LimitConfiguration(scopes: [ScopeRules(path: "acme", limits: rules, eachUser: eachUser)]) { _ in nil }
        tree = LimitTree(configuration, sharing: .leased, hooks: LimitHooks(alert: { _ in }, misuse: { _ in }))
        limits = tree.organization(of: "acme")
        desk = LeaseDesk(tree, inherited: [], settlingTime: settlingTime)
    }

    /// Puts other rules in force, as a reload does.
    func adopt(_ rules: [LimitRule], at now: WallTime) throws {
        tree.reconfigure(try LimitConfiguration(scopes: [ScopeRules(path: "acme", limits: rules)]) { _ in nil }, at: now)
    }

    func sync(_ round: LeaseRound, _ now: WallTime) throws {
        if round.rows.isEmpty { return }
        desk.apply(round, try connection.syncLeases(round.rows, gateway: gateway, lifetime: .seconds(30)), at: now)
    }

    /// Reserves one request of a dollar and ten tokens, leasing what is missing as often as it takes.
    func reserve(_ user: String? = nil, at now: WallTime) throws -> Hold? {
        let request = SpendRequest(
            RequestScopes(team: "acme", user: user), model: "m",
            amount: Spending(usd: NanoUSD(nanos: 1_000_000_000), tokens: 10, requests: 1))
        for _ in 0..<3 {
            switch limits.reserve(request, at: now) {
            case .held(let hold): return hold
            case .mustWait: return nil
            case .refused(let refusal):
                guard case .needsLease(let needs) = refusal.reason else { return nil }
                try lease(needs, now)
            }
        }
        return nil
    }

    /// Why the next request is refused, without leasing anything; it gives back what it gets.
    func refusal(at now: WallTime) -> LimitRefusal? {
        switch limits.reserve(SpendRequest(RequestScopes(team: "acme"), model: "m", amount: Spending(requests: 1)), at: now) {
        case .held(let hold):
            hold.release(at: now)
            return nil
        case .mustWait(let refusal), .refused(let refusal): return refusal
        }
    }

    func lease(_ needs: [LeaseNeed], _ now: WallTime) throws {
        try sync(desk.rows(for: needs, at: now), now)
    }

    func report(at now: WallTime) throws {
        desk.look(at: now)
        try sync(desk.report(at: now), now)
    }

    /// Hears how the limits stand that others use.
    func read(at now: WallTime) throws {
        let questions = desk.questions(at: now)
        desk.learn(questions, try connection.readLimits(questions, gateway: gateway), at: now)
    }

    /// As if it was not heard of for this long.
    func fallSilent(_ interval: String) throws {
        try database.query("UPDATE purser.gateway SET alive_until = now() - interval '\(interval)' WHERE number = \(gateway)")
    }

    /// As if its process had died and begun anew.
    func freeSlots() throws { try connection.run("SELECT purser.free_slots($1)", [String(gateway)]) }

    func accounts() throws -> [String] {
        try database.query("SELECT identity, spent, leased > 0, overrun FROM purser.limit_window ORDER BY starts, identity")
    }
}
