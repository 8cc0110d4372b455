internal import Chat
internal import EventLoop
internal import Execution
internal import HTTPServer
internal import Policies

extension GatewayLoop {
    /// The way of a chat request, in one sentence: what for, where to, may it be recorded, then call, record, answer.
    func completeChat(_ caller: AuthenticatedRequest, _ exchange: HTTPExchange) async throws(GatewayError) {
        try gateway.places.enter(caller.principal.activity)
        guard var room = RequestMemory(exchange.head.framing, of: memory) else {
            gateway.places.leave(caller.principal.activity)
            throw gateway.memory.refusal(ofBody: RequestMemory.expectation(exchange.head.framing))
        }
        var isHandedOver = false
        defer { if !isHandedOver { leave(room, caller.principal) } }
        if let key = try caller.idempotencyKey() { return try await completeOnce(caller, key, exchange, &room, &isHandedOver) }
        await complete(try await caller.admitted(into: &room), &room)
    }

    /// A request that was let in is over.
    func leave(_ room: RequestMemory, _ principal: Principal) {
        room.end()
        gateway.places.leave(principal.activity)
    }

    /// The way of a request that was understood, to the last byte of its answer.
    func complete(_ admitted: DecodedRequest, _ room: inout RequestMemory) async {
        var (decided, held): (DecidedRequest?, ReservedRequest?)
        do throws(GatewayError) {
            let decision = try admitted.decided()
            decided = decision
            let ready = try await decision.held()
            held = ready
            room.redeem()
            if admitted.request.stream { try await streamChat(ready) } else { try await answerChat(ready) }
        } catch {
            admitted.answer(error, decided, held)
        }
    }

    private func answerChat(_ held: ReservedRequest) async throws(GatewayError) {
        let answering = try await begin(held)
        held.incoming.reply.respond(200, body: held.explaining(answering.bytes)) { fields in
            fields.contentType = "application/json"
            held.appendAnswerFields(answering.call, to: &fields)
            fields.appendField("x-purser-cost-usd", value: held.run.cost.decimalString)
        }
    }

    private func streamChat(_ held: ReservedRequest) async throws(GatewayError) {
        let reply = held.incoming.reply
        reply.whenQuiet(for: Self.quietInterval) {
            if !reply.hasBegun { held.beginStream(nil) }
            reply.write(StreamText.keepAlive)
        }
        let answering = try await begin(held)
        var failure: GatewayError?
        do throws(GatewayError) { try await relay(answering, held) } catch { failure = error }
        // The client must not hear of an end before the ledger has.
        try await held.run.close()
        if let failure { return held.incoming.endStream(with: held.explained(failure)) }
        if held.incoming.wantsExplanation {
            var event: [UInt8] = []
            answering.call.appendChunk("purser", held.explanation, to: &event)
            reply.write(event)
        }
        reply.write(StreamText.done)
        reply.end()
    }

    /// Carries out the plan until a call has begun to answer.
    private func begin(_ held: ReservedRequest) async throws(GatewayError) -> StartedResponse {
        do throws(GatewayError) { return try await held.run.begin(held.decided.plan) } catch { throw held.explained(error) }
    }

    /// Passes the stream on. The first event that is written commits us: before it a failure is free to be tried elsewhere, after it the client
    /// is told.
    private func relay(_ answering: StartedResponse, _ held: ReservedRequest) async throws(GatewayError) {
        let reply = held.incoming.reply
        let call = answering.call
        var events = answering.bytes
        var goesOn = answering.goesOn
        if !reply.hasBegun { held.beginStream(call) }
        while goesOn {
            reply.write(events)
            events.removeAll(keepingCapacity: events.capacity <= Self.keptCapacity)
            guard await reply.readyForMore() else { throw call.cancel() }
            do throws(GatewayError) {
                goesOn = try await call.next(&events)
            } catch {
                // What came before the fault is the client's.
                reply.write(events)
                throw error
            }
            if goesOn, let reason = held.reasonToCut(call) {
                call.cut(&events, because: reason)
                goesOn = false
            }
        }
        reply.write(events)
    }

    /// Bytes that an emptied buffer keeps while its stream goes on.
    private static let keptCapacity = 8 * 1024

    /// How long a stream may be quiet before a comment shows that it is alive.
    private static let quietInterval = Duration.seconds(15)
}

extension ReservedRequest {
    /// - Parameter call: the call that answers; `nil` when none does yet and the client is only to know that we are alive.
    func beginStream(_ call: UpstreamCall?) {
        incoming.reply.begin(200) { fields in
            fields.contentType = "text/event-stream; charset=utf-8"
            fields.appendField("cache-control", value: "no-cache")
            // Tells buffering proxies in front of us (nginx) to pass every event on at once.
            fields.appendField("x-accel-buffering", value: "no")
            appendAnswerFields(call, to: &fields)
        }
    }

    func appendAnswerFields(_ call: UpstreamCall?, to fields: inout HTTPResponseHead) {
        fields.appendField("x-request-id", value: incoming.requestID)
        fields.appendField("x-purser-route", value: decided.trace.route)
        appendBudgetFields(to: &fields)
        guard let call else { return }
        fields.appendField("x-purser-model", value: call.model.name)
        fields.appendField("x-purser-attempts", value: run.callCount)
        let settled = call.outcome.latencyMicroseconds
        let upstreamShare = settled > 0 ? settled : call.elapsedMicroseconds
        let total = MonotonicTime.now().microseconds(since: incoming.startTime)
        ServerTiming.append(gateway: total - upstreamShare, upstream: upstreamShare, to: &fields)
    }

    /// Why a stream has come to the end of what can be paid; `nil` while it has not.
    func reasonToCut(_ call: UpstreamCall) -> GatewayError? {
        do throws(GatewayError) {
            try run.checkBound(call)
            return nil
        } catch { return error }
    }

    /// A whole answer with the explanation in front of its last brace, for who asked for it.
    func explaining(_ body: [UInt8]) -> [UInt8] {
        guard incoming.wantsExplanation, let end = body.lastIndex(of: UInt8(ascii: "}")) else { return body }
        var explained = Array(body[..<end])
        explained.append(",\"purser\":")
        explained.append(contentsOf: explanation)
        explained.append(contentsOf: body[end...])
        return explained
    }
}

/// The fixed pieces of a stream.
private enum StreamText {
    static let keepAlive = make(SSE.appendKeepAlive)
    static let done = make(SSE.appendDone)

    private static func make(_ append: (inout [UInt8]) -> Void) -> [UInt8] {
        var bytes: [UInt8] = []
        append(&bytes)
        return bytes
    }
}
