internal import Chat
internal import EventLoop
internal import Policies

/// Hedging: the next leg starts when the ones before it are slow or have failed; the first that begins to answer wins.
extension PlanRun {
    /// A failure never wins: it only lets the next leg start at once. The losers are cancelled, and their cost is settled like any other.
    func race(_ plans: [Plan], after delay: Duration, _ node: Node) async throws(GatewayError) -> StartedAnswer {
        // All of this stays on one loop: the box only tells the compiler so.
        let run = OnOneLoop(value: self)
        let node = OnOneLoop(value: node)
        let result = await withTaskGroup(of: OnOneLoop<RaceNews>.self) { group in
            var race = Race(plans: plans, in: node.value.leg)
            run.value.startLeg(of: &race, node.value, as: node.value.role, delay, &group)
            while let news = await group.next() {
                switch news.value {
                case .answering(let answer, let leg):
                    await run.value.endRace(race, &group, winner: leg)
                    return OnOneLoop(value: Result<StartedAnswer, GatewayError>.success(answer))
                case .slow(let started):
                    if started == race.started { run.value.startLeg(of: &race, node.value, as: .hedge, delay, &group) }
                case .failed(let error):
                    race.note(error)
                    if error.retry != .never { run.value.startLeg(of: &race, node.value, as: .fallback, delay, &group) }
                    guard race.isLost else { break }
                    await run.value.endRace(race, &group, winner: nil)
                    return OnOneLoop(value: .failure(race.failure ?? Self.nothingToCall))
                }
            }
            return OnOneLoop(value: .failure(race.failure ?? Self.nothingToCall))
        }
        return try result.value.get()
    }

    private func startLeg(
        of race: inout Race, _ node: Node, as role: Attempt.Role, _ delay: Duration, _ group: inout TaskGroup<OnOneLoop<RaceNews>>
    ) {
        guard let (plan, leg) = race.startNext() else { return }
        let run = OnOneLoop(value: self)
        let task = OnOneLoop(value: (node.with(plan, as: role, mayRetry: node.mayRetry && race.isFullyStarted, in: leg), leg))
        group.addTask {
            do throws(GatewayError) {
                return OnOneLoop(value: .answering(try await run.value.open(task.value.0), task.value.1))
            } catch { return OnOneLoop(value: .failed(error)) }
        }
        guard !race.isFullyStarted else { return }
        let started = race.started
        group.addTask {
            await run.value.executor.loop.sleep(until: .now() + delay)
            return OnOneLoop(value: .slow(started))
        }
    }

    /// Cancels attempts that still run, and waits for their ends: the cost of the losers must be known, and one that has begun to answer by then
    /// would go on.
    private func endRace(_ race: Race, _ group: inout TaskGroup<OnOneLoop<RaceNews>>, winner: RaceLeg?) async {
        if let winner {
            let losers = race.legs.filter { $0 !== winner }
            for rival in attempts where rival.isRunning && losers.contains(where: rival.isIn) { rival.lostRace = true }
        }
        group.cancelAll()
        while let news = await group.next() {
            guard case .answering(let late, let leg) = news.value else { continue }
            if winner != nil { attempts.last { $0.call != nil && $0.isIn(leg) }?.lostRace = true }
            late.source.cancel()
        }
    }
}

/// An event of a race: from one of its legs, or from its timer.
private enum RaceNews {
    case answering(StartedAnswer, RaceLeg)
    case failed(GatewayError)
    /// The timer has run out that was set when this many legs were started.
    case slow(Int)
}

/// The state of a race.
private struct Race {
    private let plans: [Plan]
    var started: Int { legs.count }
    private var failed = 0
    private(set) var failure: GatewayError?
    private var isOver = false

    private let outer: RaceLeg?
    /// The legs that were started.
    private(set) var legs: [RaceLeg] = []

    init(plans: [Plan], in outer: RaceLeg?) { (self.plans, self.outer) = (plans, outer) }

    var isFullyStarted: Bool { started == plans.count }
    /// Whether no attempt can win any more.
    var isLost: Bool { isOver || failed == started }

    mutating func startNext() -> (Plan, RaceLeg)? {
        guard started < plans.count else { return nil }
        let leg = RaceLeg(in: outer)
        legs.append(leg)
        return (plans[started - 1], leg)
    }

    mutating func note(_ error: GatewayError) {
        failed += 1
        failure = PlanRun.moreInformative(failure, error)
        if error.retry == .never { isOver = true }
    }
}

/// Lets tasks of one loop share an object of the loop. Its maker guarantees that no other thread uses it.
struct OnOneLoop<Value>: @unchecked Sendable {
    let value: Value
}
