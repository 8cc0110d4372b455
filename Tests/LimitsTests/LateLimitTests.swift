import Core
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Limits

/// Limits that come into force under requests.
@Suite(.serialized) struct LateLimitTests {
    private let acme = RequestScopes(team: "acme/a", key: "key_1", user: "ann")

    private func amount(_ units: Int64) -> Spending { Spending(usd: NanoUSD(nanos: units), tokens: units * 2, requests: 1) }

    private func reload(_ tree: LimitTree, _ scopes: [ScopeRules], at now: WallTime = noon) throws {
        tree.reconfigure(try limits(scopes), at: now)
    }

    /// What is under way counts in a new limit of every kind, place and selection, and what it costs counts once.
    @Test(
        arguments: [
            LimitRule(.usd(NanoUSD(nanos: 1_000)), per: .day), LimitRule(.tokens(2_000), per: .month),
            LimitRule(.requests(20), per: .total),
            LimitRule(.concurrent(20)), LimitRule(.usd(NanoUSD(nanos: 1_000)), per: .hour, models: ["openai/*"]),
        ], [0, 1, 2, 3])
    func holdsUnderWayCount(_ rule: LimitRule, _ place: Int) throws {
        let ledger = LedgerStub()
        ledger.commit(RequestScopes(team: "acme/other"), amount(5), at: noon)
        let before = [ScopeRules(path: "acme", limits: [usdLimit(1_000_000)]), ScopeRules(path: "acme/a")]
        let tree = try ledger.tree(before, at: noon)
        let limits = tree.organization(of: "acme")
        let holds = try (0..<20).map { _ in try limits.hold(SpendRequest(acme, model: "openai/gpt-4o-mini", amount: amount(50))) }
        var after = before
        switch place {
        case 0: after[0].limits.append(rule)
        case 1: after[1].limits.append(rule)
        case 2: after[1].eachKey = [rule]
        default: after[0].eachUser = [rule]
        }
        try reload(tree, after)
        let isCounted = rule.amount.kind != .concurrent
        if isCounted { #expect(limits.mustWait(SpendRequest(acme, model: "openai/gpt-4o-mini", amount: amount(1)))) }
        // Some end before, while and after the ledger is read.
        end(holds[0..<5], ledger, limits)
        let marks = holds[5..<7].map { _ in ledger.commit(acme, amount(25), at: noon) }
        ledger.read(into: tree, at: noon) { end(holds[7..<10], ledger, limits) }
        for (hold, mark) in zip(holds[5..<7], marks) { finish(hold, mark) }
        let state = try #require(
            limits.states(at: noon).first { $0.identity.kind == rule.amount.kind && $0.identity.period == rule.period })
        let each: Int64 = rule.amount.kind == .usd ? 50 : rule.amount.kind == .tokens ? 100 : 1
        #expect(state.held == each * 10 && state.spent == (isCounted ? ledger.sum(state) : 0), "\(state)")
        end(holds[10...], ledger, limits)
        let last = try #require(limits.states(at: noon).first { $0.identity == state.identity })
        #expect(last.held == 0 && last.spent == (isCounted ? ledger.sum(last) : 0), "\(last)")
    }

    private func end(_ holds: ArraySlice<Hold>, _ ledger: LedgerStub, _ limits: OrganizationLimits) {
        for hold in holds { finish(hold, ledger.commit(acme, amount(25), at: noon)) }
    }

    private func finish(_ hold: Hold, _ mark: JournalMark) {
        hold.charge(amount(25), reserved: amount(50), record: mark, at: noon)
        hold.settle(.nothing, record: mark, at: noon)
    }

    /// A call that began before the window of a new limit does not count in it.
    @Test func callsOfAnEarlierWindowDoNotCount() throws {
        let ledger = LedgerStub()
        let before = [ScopeRules(path: "acme", limits: [usdLimit(1_000_000)])]
        let tree = try ledger.tree(before, at: noon)
        let limits = tree.organization(of: "acme")
        let hold = try limits.hold(request(usd(50)))
        let now = noon.plus(.seconds(70))
        try reload(
            tree,
            [ScopeRules(path: "acme", limits: [usdLimit(1_000_000), usdLimit(100, per: .minute), LimitRule(.requests(5), per: .minute)])],
            at: now)
        ledger.read(into: tree, at: now)
        #expect(hold.topUp(usd(30), at: now) == .held)
        hold.charge(usd(40), reserved: usd(50), record: ledger.commit(RequestScopes(team: "acme"), usd(40), at: noon), at: now)
        let mark = ledger.commit(RequestScopes(team: "acme"), usd(20), at: now)
        hold.charge(usd(20), reserved: usd(30), record: mark, at: now)
        hold.settle(.nothing, record: mark, at: now)
        #expect(limits.states(at: now).map(\.spent) == [60, 20, 0])
    }

    /// Requests that no limit bound when they began have no hold; what they cost counts all the same, once.
    @Test func callsWithoutAHoldCount() throws {
        let ledger = LedgerStub()
        let tree = try ledger.tree([ScopeRules(path: "acme")], at: noon)
        let limits = tree.organization(of: "acme")
        let call = { (mark: JournalMark) in
            limits.count(PastSpending(self.acme, model: "m", time: noon, amount: self.amount(10)), record: mark, at: noon)
        }
        call(ledger.commit(acme, model: "m", amount(10), at: noon))
        try reload(
            tree,
            [
                ScopeRules(
                    path: "acme", limits: [usdLimit(100, per: .day), LimitRule(.requests(100), per: .total), LimitRule(.concurrent(3))])
            ])
        let recorded = ledger.commit(acme, model: "m", amount(10), at: noon)
        ledger.read(into: tree, at: noon) { call(ledger.commit(acme, model: "m", amount(10), at: noon)) }
        call(recorded)
        call(ledger.commit(acme, model: "m", amount(10), at: noon))
        #expect(limits.states(at: noon).map(\.spent) == [40, 4, 0])
    }

    /// Threads at full speed while limits are added one by one: each limit then shows exactly what the ledger has of its window.
    @Test func limitsAddedUnderLoadCountExactly() throws {
        let ledger = LedgerStub()
        var scopes = [ScopeRules(path: "acme", limits: [usdLimit(.max / 2)]), ScopeRules(path: "acme/a")]
        let tree = try ledger.tree(scopes, at: noon)
        let limits = tree.organization(of: "acme")
        let isDone = Atomic(false)
        let count = Atomic(0)
        let group = DispatchGroup()
        for loop in 0..<4 {
            group.enter()
            Thread.detachNewThread {
                var open: [Hold] = []
                while !isDone.load(ordering: .relaxed), count.add(1, ordering: .relaxed).newValue < 60_000 {
                    let wanted = SpendRequest(self.acme, model: "openai/gpt-4o-mini", amount: self.amount(50))
                    if case .held(let hold) = limits.reserve(wanted, at: noon) { open.append(hold) }
                    if open.count > 5 { self.finish(open.removeFirst(), ledger.commit(self.acme, self.amount(25), at: noon, loop: loop)) }
                }
                for hold in open { self.finish(hold, ledger.commit(self.acme, self.amount(25), at: noon, loop: loop)) }
                group.leave()
            }
        }
        for rule in Self.added {
            usleep(15_000)
            switch rule.isForUsers {
            case true: scopes[1].eachUser.append(rule.rule)
            case false: scopes[0].limits.append(rule.rule)
            }
            try reload(tree, scopes)
            ledger.read(into: tree, at: noon)
            // Another reload without a change counts nothing again.
            try reload(tree, scopes)
            ledger.read(into: tree, at: noon)
        }
        usleep(15_000)
        isDone.store(true, ordering: .relaxed)
        group.wait()
        let states = limits.states(at: noon)
        #expect(states.count == 1 + Self.added.count)
        for state in states {
            #expect(state.held == 0 && state.spent == (state.identity.kind == .concurrent ? 0 : ledger.sum(state)), "\(state)")
        }
    }

    private static let added: [(rule: LimitRule, isForUsers: Bool)] = [
        (usdLimit(.max / 2, per: .day), false), (LimitRule(.tokens(.max / 2), per: .day), false),
        (LimitRule(.requests(.max / 2), per: .day), false),
        (LimitRule(.concurrent(1_000)), false), (usdLimit(.max / 2, per: .month, models: ["openai/*"]), false),
        (usdLimit(.max / 2, per: .day), true),
        (LimitRule(.requests(.max / 2), per: .month), true), (usdLimit(5, per: .month, soft: true), false),
    ]
}
