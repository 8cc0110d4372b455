internal import Core
internal import Execution
internal import Chat
internal import EventLoop
internal import Ledger
internal import Limits

extension OrganizationLimits {
    /// Reserves money. Waits in line for a moment when other requests hold what is left, and leases more where this gateway's slice is too
    /// small.
    /// - Parameter patience: how long the request can wait at all.
    /// - Throws: the refusal of the limit that has no room; `client_closed_request` when the client left the line.
    func reserve(
        _ request: SpendRequest, on loop: EventLoop, patience: Duration, keeper: (any LeaseSource)?
    ) async throws(GatewayError) -> Hold {
        if case .held(let hold) = reserve(request, at: .now) { return hold }
        return try await reserveInTurn(request, on: loop, patience: patience, keeper: keeper)
    }

    private func reserveInTurn(
        _ request: SpendRequest, on loop: EventLoop, patience: Duration, keeper: (any LeaseSource)?
    ) async throws(GatewayError) -> Hold {
        let deadline = MonotonicTime.now() + patience
        // In each turn one of the requests that wait for the same slice goes on.
        for turn in 0... {
            // With so many in front of it the request need not look each time that a slice grows.
            if turn >= Self.quickTurns { await loop.sleep(until: .now() + .milliseconds(20)) }
            if Task.isCancelled { throw GatewayError.clientLeft }
            if turn > 0, MonotonicTime.now() >= deadline { break }
            let refusal: LimitRefusal
            switch reserve(request, at: .now) {
            case .held(let hold): return hold
            case .refused(let reason): refusal = reason
            case .mustWait:
                switch try await inLine(request, loop, deadline - .now()) {
                case .held(let hold): return hold
                case .refused(let reason): refusal = reason
                }
            }
            guard case .needsLease(let needs) = refusal.reason, let keeper else { throw refusal.gatewayError }
            try await keeper.obtain(needs)
        }
        throw GatewayError(
            .overloaded, "Too many requests wait for this gateway's slice of a limit.", source: .gateway, retry: .after(.seconds(1)))
    }

    private static var quickTurns: Int { 32 }

    private func inLine(_ request: SpendRequest, _ loop: EventLoop, _ patience: Duration) async throws(GatewayError) -> WaitOutcome {
        let wait = RoomWait(on: loop)
        switch reserve(request, at: .now, patience: patience, notify: { outcome in loop.execute { wait.end(outcome) } }) {
        case .held(let hold): return .held(hold)
        case .refused(let refusal): return .refused(refusal)
        case .waiting(let ticket):
            guard let outcome = await wait.outcome(of: ticket) else { throw GatewayError.clientLeft }
            if case .held(let hold) = outcome, Task.isCancelled {
                hold.release(at: .now)
                throw GatewayError.clientLeft
            }
            return outcome
        }
    }
}

/// One request's wait for room. Unchecked, because the line's callback must be able to name it; it is used on its loop only.
private final class RoomWait: @unchecked Sendable {
    private var timer: LoopTimer?
    private var ticket: WaitTicket?
    private var ending: WaitOutcome??
    private let waiter: LoopWaiter

    init(on loop: EventLoop) {
        waiter = LoopWaiter(on: loop)
        timer = LoopTimer(on: loop) { [weak self] in self?.timeCame() }
    }

    /// How waiting ended; `nil`: the request left the line.
    func outcome(of ticket: WaitTicket) async -> WaitOutcome? {
        self.ticket = ticket
        setTimer(ticket.delay)
        if ending == nil { await waiter.waitUnlessCancelled() }
        // Without an answer only the client's leaving ends the wait.
        if ending == nil { leave() }
        if ending == nil { await waiter.wait() }
        timer?.set(.never)
        return ending ?? nil
    }

    /// The line's answer.
    func end(_ outcome: WaitOutcome?) {
        guard ending == nil else { return }
        ending = .some(outcome)
        waiter.wake()
    }

    private func timeCame() { if let next = ticket?.wake(at: .now) { setTimer(next) } }

    /// Leaves the line. When it is too late for that the answer is on its way, and what it holds is given back.
    private func leave() { if ticket?.cancel() == true { end(nil) } }

    private func setTimer(_ delay: Duration) { timer?.set(.now() + delay + .milliseconds(1)) }
}
