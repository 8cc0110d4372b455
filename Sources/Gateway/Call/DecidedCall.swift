internal import Chat
internal import EventLoop
internal import Execution
internal import HTTPServer
internal import Ledger
internal import Policies

/// A call whose body has been read and understood, and that the gateway has room for.
struct AdmittedCall {
    let incoming: IncomingCall
    let principal: Principal
    let request: ChatRequest
    /// When the client's patience ends.
    let deadline: MonotonicTime
    /// The most that the client is willing to pay, from the body or the header, whichever is less.
    let maxCost: NanoUSD?
}

/// A call of which is known what to do.
struct DecidedCall {
    let admitted: AdmittedCall
    let plan: Plan
    let trace: DecisionTrace
}

/// A call that may be made: everything that must hold before a byte goes upstream holds.
struct HeldCall {
    let decided: DecidedCall
    let run: PlanRun

    var incoming: IncomingCall { decided.admitted.incoming }
    var request: ChatRequest { decided.admitted.request }
}

extension AuthenticatedCall {
    /// Reads and decodes the body, as long as there is `room` for it.
    /// - Throws: `invalid_request_error` naming the member that is wrong, `request_too_large`, `overloaded` …
    func admitted(into room: inout RequestMemory) async throws(GatewayError) -> AdmittedCall {
        let timeout = try incoming.clientTimeout()
        let ceiling = try incoming.clientMaxCost()
        try incoming.requireJSON()
        let body = try await body(into: &room)
        var request = try ChatRequest(decoding: body, reader: incoming.loop.reader)
        if request.stream, !room.addStream() { throw incoming.loop.gateway.memory.refusal() }
        if let tags = incoming.exchange.head.first("x-purser-metadata") { try request.addMetadata(Array(tags), reader: incoming.loop.reader) }
        let maxCost = [ceiling, request.maxCost].compactMap(\.self).min()
        return AdmittedCall(
            incoming: incoming, principal: principal, request: request, deadline: timeout.map { incoming.startTime + $0 } ?? .never,
            maxCost: maxCost)
    }

    private func body(into room: inout RequestMemory) async throws(GatewayError) -> [UInt8] {
        do throws(HTTPViolation) {
            return try await incoming.exchange.body(padding: JSONReader.padding) { room.receive($0) }
        } catch {
            throw error == .noRoom ? incoming.loop.gateway.memory.refusal(ofBody: room.expected) : GatewayError(error)
        }
    }
}

extension DecidedCall {
    /// Makes sure that the call can be paid and recorded: what cannot be billed is not bought.
    /// - Throws: `storage_unavailable`; `budget_exceeded`, `rate_limit_exceeded` naming the limit.
    func held() async throws(GatewayError) -> HeldCall {
        let incoming = admitted.incoming
        guard incoming.loop.gateway.ledger.isHealthy else {
            throw GatewayError(
                .storageUnavailable, "The usage ledger cannot be written at the moment; please retry later.", source: .gateway,
                retry: .after(.seconds(1)))
        }
        let (plan, envelope) = try await envelope()
        let run = PlanRun(
            incoming.loop.executor, policies: incoming.policies, request: admitted.request, deadline: admitted.deadline,
            ceiling: admitted.maxCost, envelope: envelope)
        return HeldCall(decided: DecidedCall(admitted: admitted, plan: plan, trace: trace), run: run)
    }
}
