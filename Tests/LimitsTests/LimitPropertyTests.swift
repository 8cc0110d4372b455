import Core
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Limits

/// What must be true whatever happens at the same time.
@Suite(.serialized) struct LimitPropertyTests {
    /// 10,000 requests from many threads against a random tree: what is spent and held together never exceeds a hard limit, as an observer
    /// sees it all the time and every thread after each step; in the end nothing is held, and what is spent is what was charged.
    @Test(arguments: 0..<2)
    func nothingIsEverOverspent(_ round: Int) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        let run = try PropertyRun(seed)
        run.execute(requests: 10_000, threads: ProcessInfo.processInfo.activeProcessorCount * 4)
        #expect(run.overspent.withLock { $0 } == [], "seed \(seed)")
        #expect(run.looks.load(ordering: .relaxed) > 0)
        let states = run.limits.states(at: run.now)
        #expect(states.allSatisfy { $0.held == 0 && $0.waiting == 0 }, "seed \(seed): \(states.filter { $0.held != 0 || $0.waiting != 0 })")
        let charged = run.charged.withLock { $0 }
        for state in states {
            #expect(state.spent == charged[state.identity, default: 0], "seed \(seed): \(state)")
            if !state.identity.soft { #expect(state.limit == state.left + state.held + state.spent, "seed \(seed): \(state)") }
        }
        #expect(run.served.load(ordering: .relaxed) > 100, "seed \(seed)")
        #expect(run.told.misuses.withLock { $0.isEmpty }, "seed \(seed)")
    }

    /// Budget for exactly 1,000 requests of known cost, 200 clients at once, each of which sets ten times the cost aside.
    @Test func nobodyStarves() throws {
        let cost: Int64 = 1_000
        let limits = try organization(usdLimit(1_000 * cost))
        let served = Atomic(0)
        let group = DispatchGroup()
        for _ in 0..<200 {
            Thread.start(in: group) {
                while let hold = awaitHold(limits, request(usd(10 * cost))) {
                    served.add(1, ordering: .relaxed)
                    sched_yield()
                    hold.settle(usd(cost), at: noon)
                }
            }
        }
        group.wait()
        #expect(served.load(ordering: .relaxed) >= 990)
        let state = try limits.only()
        #expect([state.spent, state.held] == [Int64(served.load(ordering: .relaxed)) * cost, 0])
    }

    /// With a clamp to what is not spent, nothing of the budget is left over.
    @Test func aClampUsesTheLastOfABudget() throws {
        let limits = try organization(usdLimit(1_000))
        let served = Atomic(0)
        let group = DispatchGroup()
        for _ in 0..<16 {
            Thread.start(in: group) {
                while let unspent = limits.headroom(for: RequestScopes(team: "acme"), model: "m", at: noon).usd?.unspent, unspent > 0 {
                    guard let hold = awaitHold(limits, request(usd(min(100, unspent)))) else { continue }
                    served.add(1, ordering: .relaxed)
                    hold.settle(usd(1), at: noon)
                }
            }
        }
        group.wait()
        #expect(served.load(ordering: .relaxed) == 1_000)
        #expect(try limits.only().left == 0)
    }
}

extension Thread {
    fileprivate static func start(in group: DispatchGroup, _ body: @escaping @Sendable () -> Void) {
        group.enter()
        Thread.detachNewThread {
            body()
            group.leave()
        }
    }
}

/// Waits as long as it takes. `nil` when refused.
private func awaitHold(_ limits: OrganizationLimits, _ wanted: SpendRequest) -> Hold? {
    let done = DispatchSemaphore(value: 0)
    let outcome = Mutex<WaitOutcome?>(nil)
    let reservation = limits.reserve(wanted, at: noon, patience: .seconds(600)) { result in
        outcome.withLock { $0 = result }
        done.signal()
    }
    switch reservation {
    case .held(let hold): return hold
    case .refused: return nil
    case .waiting(let ticket): waitForIt(done, ticket)
    }
    if case .held(let hold) = outcome.withLock({ $0 }) { return hold }
    return nil
}

/// Somebody who is forgotten in line is a failure, not a test that never ends.
private func waitForIt(_ done: DispatchSemaphore, _ ticket: WaitTicket) {
    if done.wait(timeout: .now() + 60) == .timedOut, ticket.cancel() { Issue.record("forgotten in line") }
}

/// One run against a random tree. Threads wait for nobody, so the run ends whatever limits do.
private final class PropertyRun: Sendable {
    let limits: OrganizationLimits
    let told = Told()
    /// What was charged to each limit, kept by the test itself.
    let charged = Mutex<[LimitIdentity: Int64]>([:])
    let overspent = Mutex<[String]>([])
    let looks = Atomic(0)
    let served = Atomic(0)
    let now = noon
    private let seed: UInt64
    private let paths: [String]
    private static let models = ["openai/gpt-4", "openai/gpt-4o", "anthropic/claude"]
    private let isDone = Atomic(false)

    init(_ seed: UInt64) throws {
        self.seed = seed
        var random = SeededGenerator(seed)
        var paths = ["acme"]
        for index in 0..<Int.random(in: 2...6, using: &random) {
            paths.append((paths.randomElement(using: &random) ?? "acme") + "/t\(index)")
        }
        self.paths = paths
        let scopes = paths.map { path in
            ScopeRules(
                path: path, limits: Self.rules(&random), eachKey: Bool.random(using: &random) ? Self.rules(&random) : [],
                eachUser: Bool.random(using: &random) ? Self.rules(&random) : [], weight: Int.random(in: 1...5, using: &random))
        }
        limits = try tree(scopes, told: told).organization(of: "acme")
    }

    /// Windows do not end during a run: what is spent could not be told from what was charged.
    private static func rules(_ random: inout SeededGenerator) -> [LimitRule] {
        var rules: [LimitRule] = []
        if Bool.random(using: &random) { rules.append(usdLimit(Int64.random(in: 100_000...3_000_000, using: &random), per: .month)) }
        if Bool.random(using: &random) {
            rules.append(usdLimit(Int64.random(in: 50_000...500_000, using: &random), per: .month, models: ["openai/*"]))
        }
        if Bool.random(using: &random) { rules.append(LimitRule(.tokens(Int64.random(in: 50_000...900_000, using: &random)), per: .day)) }
        if Bool.random(using: &random) { rules.append(LimitRule(.requests(Int64.random(in: 500...4_000, using: &random)), per: .total)) }
        if Bool.random(using: &random) { rules.append(LimitRule(.concurrent(Int.random(in: 2...12, using: &random)), wait: .seconds(5))) }
        if Bool.random(using: &random) { rules.append(usdLimit(10_000, per: .week, soft: true)) }
        return rules
    }

    func execute(requests: Int, threads: Int) {
        let group = DispatchGroup()
        let watching = DispatchGroup()
        Thread.start(in: watching) {
            while !self.isDone.load(ordering: .relaxed) { self.look("observer") }
        }
        for thread in 0..<threads {
            Thread.start(in: group) {
                var random = SeededGenerator(self.seed &+ UInt64(thread) &+ 1)
                for _ in 0..<requests / threads { self.step(&random) }
            }
        }
        group.wait()
        isDone.store(true, ordering: .relaxed)
        watching.wait()
    }

    private func look(_ who: String) {
        looks.add(1, ordering: .relaxed)
        for state in limits.states(at: now) where !state.identity.soft && state.spent + state.held > state.limit {
            overspent.withLock { $0.append("\(who): \(state)") }
        }
    }

    private func step(_ random: inout SeededGenerator) {
        let scopes = RequestScopes(
            team: paths.randomElement(using: &random) ?? "acme", key: "key-\(Int.random(in: 0..<5, using: &random))",
            user: Bool.random(using: &random) ? "user-\(Int.random(in: 0..<5, using: &random))" : nil)
        let model = Self.models.randomElement(using: &random) ?? "m"
        let amount = Spending(
            usd: NanoUSD(nanos: Int64.random(in: 0...5_000, using: &random)), tokens: Int64.random(in: 0...2_000, using: &random),
            requests: 1)
        guard let hold = acquire(SpendRequest(scopes, model: model, amount: amount), &random) else { return look("refused") }
        look("held")
        use(hold, scopes, model, amount, &random)
        look("ended")
    }

    /// A hold at once or after waiting; some leave the line instead.
    private func acquire(_ wanted: SpendRequest, _ random: inout SeededGenerator) -> Hold? {
        let done = DispatchSemaphore(value: 0)
        let outcome = Mutex<WaitOutcome?>(nil)
        switch limits.reserve(wanted, at: now) {
        case .held(let hold): return hold
        case .refused: return nil
        case .mustWait: break
        }
        let reservation = limits.reserve(wanted, at: now, patience: .seconds(60)) { result in
            outcome.withLock { $0 = result }
            done.signal()
        }
        switch reservation {
        case .held(let hold): return hold
        case .refused: return nil
        case .waiting(let ticket):
            if Int.random(in: 0..<4, using: &random) == 0, ticket.cancel() { return nil }
            waitForIt(done, ticket)
        }
        if case .held(let hold) = outcome.withLock({ $0 }) { return hold }
        return nil
    }

    /// Succeeds, fails, is cancelled, tops up, falls back to another model: as requests do.
    private func use(_ hold: Hold, _ scopes: RequestScopes, _ model: String, _ amount: Spending, _ random: inout SeededGenerator) {
        served.add(1, ordering: .relaxed)
        var reserved = amount
        if Int.random(in: 0..<3, using: &random) == 0 {
            let more = Spending(
                usd: NanoUSD(nanos: Int64.random(in: 0...3_000, using: &random)), tokens: Int64.random(in: 0...900, using: &random))
            if hold.topUp(more) == .held {
                reserved = Spending(usd: reserved.usd + more.usd, tokens: reserved.tokens + more.tokens, requests: 1)
            }
            look("topped up")
        }
        switch Int.random(in: 0..<10, using: &random) {
        case 0: hold.release(at: now)
        case 1: fallBack(hold, scopes, model, reserved, &random)
        default:
            let actual = part(of: reserved, &random)
            note(scopes, model, actual, requests: 1)
            hold.settle(actual, at: now)
        }
    }

    /// A failed call of the first model is charged, then another model is called if its limits allow.
    private func fallBack(_ hold: Hold, _ scopes: RequestScopes, _ model: String, _ reserved: Spending, _ random: inout SeededGenerator) {
        let failed = part(of: reserved, &random)
        note(scopes, model, failed, requests: 0)
        hold.charge(failed, reserved: reserved, at: now)
        look("charged")
        let other = Self.models.randomElement(using: &random) ?? "m"
        let isHeld = hold.topUp(reserved, model: other) == .held
        let actual = isHeld ? part(of: reserved, &random) : .nothing
        note(scopes, isHeld ? other : model, actual, requests: 1)
        hold.settle(actual, model: isHeld ? other : model, at: now)
    }

    private func part(of whole: Spending, _ random: inout SeededGenerator) -> Spending {
        Spending(
            usd: NanoUSD(nanos: Int64.random(in: 0...whole.usd.nanos, using: &random)),
            tokens: Int64.random(in: 0...whole.tokens, using: &random),
            requests: 1)
    }

    private func note(_ scopes: RequestScopes, _ model: String, _ amount: Spending, requests: Int64) {
        let states = limits.states(for: scopes, model: model, at: now)
        charged.withLock { charged in
            for state in states {
                let units = state.identity.kind == .requests ? requests : amount.units(state.identity.kind)
                charged[state.identity, default: 0] += units
            }
        }
    }
}
