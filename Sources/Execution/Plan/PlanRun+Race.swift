internal import Chat
internal import EventLoop
internal import Policies

/// Hedging: the next leg starts when the ones before it are slow or have failed; the first that begins to answer wins.
extension PlanRun {
    /// A failure never wins: it only lets the next leg start at once. The losers are cancelled, and their cost is settled like any other.
    func race(_ plans: [Plan], after delay: Duration, as role: Attempt.Role, isLast: Bool) async throws(GatewayError) -> StartedResponse {
        // All of this stays on one loop: the box only tells the compiler so.
        let run = OnOneLoop(value: self)
        let result = await withTaskGroup(of: OnOneLoop<RaceNews>.self) { group in
            var race = Race(plans: plans)
            run.value.startLeg(of: &race, as: role, delay, isLast, &group)
            while let news = await group.next() {
                switch news.value {
                case .answering(let answering):
                    await run.value.endRace(&group, winner: answering.call)
                    return OnOneLoop(value: Result<StartedResponse, GatewayError>.success(answering))
                case .slow(let leg):
                    if leg == race.started { run.value.startLeg(of: &race, as: .hedge, delay, isLast, &group) }
                case .failed(let error):
                    race.note(error)
                    if error.mayBeTriedElsewhere { run.value.startLeg(of: &race, as: .fallback, delay, isLast, &group) }
                    guard race.isLost else { break }
                    await run.value.endRace(&group, winner: nil)
                    return OnOneLoop(value: .failure(race.failure ?? Self.nothingToCall))
                }
            }
            return OnOneLoop(value: .failure(race.failure ?? Self.nothingToCall))
        }
        return try result.value.get()
    }

    private func startLeg(
        of race: inout Race, as role: Attempt.Role, _ delay: Duration, _ isLast: Bool, _ group: inout TaskGroup<OnOneLoop<RaceNews>>
    ) {
        guard let plan = race.startNext() else { return }
        let run = OnOneLoop(value: self)
        let mayPersist = isLast && race.isFullyStarted
        group.addTask {
            do throws(GatewayError) {
                return OnOneLoop(value: .answering(try await run.value.perform(plan, as: role, isLast: mayPersist)))
            } catch { return OnOneLoop(value: .failed(error)) }
        }
        guard !race.isFullyStarted else { return }
        let leg = race.started
        group.addTask {
            await run.value.executor.loop.sleep(until: .now() + delay)
            return OnOneLoop(value: .slow(leg))
        }
    }

    /// Cancels attempts that still run, and waits for their ends: the cost of the losers must be known, and one that has begun to answer by then
    /// would go on.
    private func endRace(_ group: inout TaskGroup<OnOneLoop<RaceNews>>, winner: UpstreamCall?) async {
        if let winner {
            for rival in attempts where rival.isRunning && !rival.isOf(winner) { rival.lostRace = true }
        }
        group.cancelAll()
        while let news = await group.next() {
            guard case .answering(let late) = news.value else { continue }
            if winner != nil { attempts.last { $0.isOf(late.call) }?.lostRace = true }
            late.call.cancel()
        }
    }
}

/// What a leg of a race, or its clock, has to tell.
private enum RaceNews {
    case answering(StartedResponse)
    case failed(GatewayError)
    /// This many legs were started when the clock was set, and it has run out.
    case slow(Int)
}

/// Where a race stands.
private struct Race {
    private let plans: [Plan]
    private(set) var started = 0
    private var failed = 0
    private(set) var failure: GatewayError?
    private var isOver = false

    init(plans: [Plan]) { self.plans = plans }

    var isFullyStarted: Bool { started == plans.count }
    /// Whether no attempt can win any more.
    var isLost: Bool { isOver || failed == started }

    mutating func startNext() -> Plan? {
        guard started < plans.count else { return nil }
        defer { started += 1 }
        return plans[started]
    }

    mutating func note(_ error: GatewayError) {
        failed += 1
        failure = PlanRun.moreInformative(failure, error)
        if !error.mayBeTriedElsewhere { isOver = true }
    }
}

/// Lets tasks of one loop share an object of the loop. Its maker guarantees that no other thread uses it.
struct OnOneLoop<Value>: @unchecked Sendable {
    let value: Value
}
