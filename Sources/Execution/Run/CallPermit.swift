internal import Chat
internal import EventLoop
internal import Policies
internal import Upstream

/// What a call needs besides the request: time, admission by the target's health, and a place among the provider's calls.
struct CallPermit {
    let window: CallWindow
    let ticket: TargetHealth.Ticket
    /// Given back at the end of the transfer.
    let place: UpstreamGate.Place
}

/// Places at a provider.
extension PlanRun {
    /// Waits for a place among the calls that the provider takes at once.
    /// - Throws: `overloaded`, naming the limit, when there was none in time; that says nothing of the target's health.
    func place(
        _ planned: PlannedCall, _ target: Target, _ node: Node, within window: CallWindow
    ) async throws(GatewayError) -> UpstreamGate.Place {
        if let place = target.gate.enterNow(as: caller) { return place }
        let patience = node.mayRetry ? Self.longestPause : Self.patienceBeforeNextTarget
        let place = await target.gate.enter(as: caller, until: min(window.end, .now() + patience), on: executor.loop)
        if let place { return place }
        if Task.isCancelled { throw .clientLeft }
        let provider = target.model.provider
        note(.skipped(because: "max_connections of \(provider.name) are in use"), to: planned.model, for: node)
        throw GatewayError(
            .overloaded,
            "\(provider.name) is sent as many requests at once as its max_connections allows (\(provider.maxConnections)), and none ended in time. "
                + "Try again shortly, or have max_connections raised in the policy.", source: .gateway, retry: .after(.seconds(1)))
    }

    /// How long a call waits for a place at its provider while another target is left to try.
    private static let patienceBeforeNextTarget = Duration.seconds(1)
}
