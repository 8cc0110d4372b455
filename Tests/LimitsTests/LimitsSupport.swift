import Core
import Synchronization
import TestSupport
import Testing

@testable import Limits

/// What limits have told.
final class Told: Sendable {
    let alerts = Mutex<[LimitAlert]>([])
    let misuses = Mutex<[LimitHooks.Misuse]>([])

    var hooks: LimitHooks {
        LimitHooks(
            alert: { alert in self.alerts.withLock { $0.append(alert) } }, misuse: { misuse in self.misuses.withLock { $0.append(misuse) } }
        )
    }
}

/// How waiting ended, in the order in which it was told.
final class Outcomes: Sendable {
    private let list = Mutex<[(name: String, outcome: WaitOutcome)]>([])

    func notify(_ name: String) -> @Sendable (WaitOutcome) -> Void {
        { outcome in self.list.withLock { $0.append((name, outcome)) } }
    }

    var names: [String] { list.withLock { $0.map(\.name) } }

    /// The holds that were given, which are taken out.
    func takeHolds() -> [(name: String, hold: Hold)] {
        list.withLock { list in
            defer { list = [] }
            return list.compactMap { if case .held(let hold) = $0.outcome { ($0.name, hold) } else { nil } }
        }
    }

    var refusals: [(name: String, refusal: LimitRefusal)] {
        list.withLock { $0.compactMap { if case .refused(let refusal) = $0.outcome { ($0.name, refusal) } else { nil } } }
    }
}

func tree(_ scopes: [ScopeRules], keys: [KeyRules] = [], sharing: LimitTree.Sharing = .alone, told: Told = Told()) throws -> LimitTree {
    LimitTree(try limits(scopes, keys: keys), sharing: sharing, hooks: told.hooks)
}

/// One organization with limits on itself only.
func organization(_ rules: LimitRule..., told: Told = Told()) throws -> OrganizationLimits {
    try tree([ScopeRules(path: "acme", limits: rules)], told: told).organization(of: "acme")
}

func usd(_ nanos: Int64) -> Spending { Spending(usd: NanoUSD(nanos: nanos)) }

func usdLimit(_ nanos: Int64, per period: LimitPeriod = .total, models: [String]? = nil, soft: Bool = false, wait: Duration? = nil)
    -> LimitRule
{
    LimitRule(.usd(NanoUSD(nanos: nanos)), per: period, models: models, soft: soft, wait: wait)
}

func request(
    _ amount: Spending, team: String = "acme", key: String? = nil, user: String? = nil, model: String = "openai/gpt-4o-mini"
) -> SpendRequest {
    SpendRequest(RequestScopes(team: team, key: key, user: user), model: model, amount: amount)
}

/// Noon of a Wednesday in UTC: 2026-04-15.
let noon = WallTime(microseconds: 1_776_254_400_000_000)

extension WallTime {
    func plus(_ duration: Duration) -> WallTime { WallTime(microseconds: microseconds + duration.microseconds) }

}

/// A moment in UTC.
func utc(_ year: Int64, _ month: Int64, _ day: Int64, _ hour: Int64 = 0, _ minute: Int64 = 0, _ second: Int64 = 0) -> WallTime {
    let days = CivilDate(year: year, month: month, day: day).daysSince1970
    return WallTime(microseconds: (((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000)
}

extension OrganizationLimits {
    /// The hold, where one is expected.
    func hold(_ wanted: SpendRequest, at now: WallTime = noon, _ location: SourceLocation = #_sourceLocation) throws -> Hold {
        let reservation = reserve(wanted, at: now)
        guard case .held(let hold) = reservation else {
            Issue.record("not held: \(reservation)", sourceLocation: location)
            throw NotHeld()
        }
        return hold
    }

    /// Spends at once.
    func spend(_ wanted: SpendRequest, at now: WallTime = noon, _ location: SourceLocation = #_sourceLocation) throws {
        try hold(wanted, at: now, location).settle(wanted.amount, at: now)
    }

    func refusal(_ wanted: SpendRequest, at now: WallTime = noon) -> LimitRefusal? {
        if case .refused(let refusal) = reserve(wanted, at: now) { refusal } else { nil }
    }

    func mustWait(_ wanted: SpendRequest, at now: WallTime = noon) -> Bool {
        if case .mustWait = reserve(wanted, at: now) { true } else { false }
    }

    func wait(_ wanted: SpendRequest, _ name: String, _ outcomes: Outcomes, patience: Duration = .seconds(30), at now: WallTime = noon)
        throws -> WaitTicket
    {
        guard case .waiting(let ticket) = reserve(wanted, at: now, patience: patience, notify: outcomes.notify(name)) else {
            throw NotHeld()
        }
        return ticket
    }

    /// The only limit.
    func only(at now: WallTime = noon) throws -> LimitState {
        let states = states(at: now)
        #expect(states.count == 1)
        return try #require(states.first)
    }
}

struct NotHeld: Error {}
