internal import Core
import Foundation
import Glibc
import Ledger
internal import Limits
import Synchronization

/// Measures what limits cost a request: `swift run -c release LimitsBenchmark`. Prints nanoseconds for reserve + settle.
@main
enum LimitsBenchmark {
    static let team = "acme/research/vision/batch"

    static func main() throws {
        for count in [1, 4, 8] { try report("\(count) nested limits, 1 thread", limits: count, threads: 1) }
        for threads in [2, 4] { try report("4 nested limits, \(threads) threads on one scope", limits: 4, threads: threads) }
        try report("4 nested limits and one of each user, 1 thread", limits: 4, threads: 1, eachUser: true)
        try report("4 nested limits, 1 of them on other models, 1 thread", limits: 4, threads: 1, isRestricted: true)
    }

    private static func report(_ name: String, limits: Int, threads: Int, eachUser: Bool = false, isRestricted: Bool = false) throws {
        let tree = try makeTree(limits, eachUser, isRestricted)
        let rounds = 300_000
        _ = measure(tree, threads: threads, rounds: rounds / 10)
        let best = (0..<4).map { _ in measure(tree, threads: threads, rounds: rounds) }.min { $0.cpu < $1.cpu }
        guard let best else { return }
        print("\(name): \(best.cpu) ns of CPU, \(best.wall) ns of the wall for each request of all threads")
    }

    /// The limits, spread over the scopes from the organization down.
    private static func makeTree(_ count: Int, _ eachUser: Bool, _ isRestricted: Bool) throws -> LimitTree {
        let kinds: [LimitRule] = [
            LimitRule(.usd(NanoUSD(nanos: .max / 2)), per: .month), LimitRule(.tokens(.max / 2), per: .minute),
            LimitRule(.requests(.max / 2), per: .minute), LimitRule(.concurrent(1_000)),
            LimitRule(.usd(NanoUSD(nanos: .max / 2)), per: .day), LimitRule(.tokens(.max / 2), per: .day),
            LimitRule(.requests(.max / 2), per: .day), LimitRule(.usd(NanoUSD(nanos: .max / 2)), per: .total),
        ]
        let paths = ["acme", "acme/research", "acme/research/vision", team]
        var scopes = paths.map { ScopeRules(path: $0) }
        for index in 0..<count { scopes[index % 4].limits.append(kinds[index]) }
        if eachUser { scopes[1].eachUser = [LimitRule(.usd(NanoUSD(nanos: .max / 2)), per: .day)] }
        if isRestricted { scopes[3].limits = [LimitRule(.usd(.zero), per: .day, models: ["openai/gpt-4"])] }
        let hooks = LimitHooks(alert: { _ in }, misuse: { print("misuse: \($0)") })
        return LimitTree(try LimitConfiguration(scopes: scopes) { _ in nil }, hooks: hooks)
    }

    /// Nanoseconds of CPU that a thread uses for one reserve + settle, waiting for the lock's holder included where it spins. Other programs
    /// on the machine disturb it less than a clock on the wall.
    private static func measure(_ tree: LimitTree, threads: Int, rounds: Int) -> (cpu: Int, wall: Int) {
        let start = ContinuousClock.now
        let used = Mutex(0)
        let group = DispatchGroup()
        for thread in 0..<threads {
            group.enter()
            Thread.detachNewThread {
                let before = cpuTime()
                run(tree, thread, rounds)
                let after = cpuTime()
                used.withLock { $0 += after - before }
                group.leave()
            }
        }
        group.wait()
        let elapsed = ContinuousClock.now - start
        let wall = Int(elapsed.components.seconds * 1_000_000_000 + elapsed.components.attoseconds / 1_000_000_000)
        return (used.withLock { $0 } / rounds / threads, wall / rounds / threads)
    }

    private static func cpuTime() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    private static func run(_ tree: LimitTree, _ thread: Int, _ rounds: Int) {
        let organization = tree.organization(of: team)
        let scopes = RequestScopes(team: team, key: "key_8f3kq2zd", user: "user-\(thread)")
        let request = SpendRequest(
            scopes, model: "openai/gpt-4o-mini", amount: Spending(usd: NanoUSD(nanos: 5_000_000), tokens: 4_000, requests: 1))
        let actual = Spending(usd: NanoUSD(nanos: 1_200_000), tokens: 900, requests: 1)
        let time = WallTime.now
        for round in 0..<rounds {
            let now = WallTime(microseconds: time.microseconds + Int64(round))
            guard case .held(let hold) = organization.reserve(request, at: now) else { return print("refused") }
            hold.settle(actual, at: now)
        }
    }
}
