internal import Chat
internal import Core
internal import Dialects
internal import EventLoop
internal import Execution
internal import HTTPServer
internal import Policies

extension GatewayLoop {
    /// The way of a chat request, in one sentence: what for, where to, may it be recorded, then call, record, answer.
    func completeChat(_ caller: AuthenticatedRequest, _ exchange: HTTPExchange) async throws(GatewayError) {
        var room = try enter(exchange.head.framing, caller.principal)
        var isHandedOver = false
        defer { if !isHandedOver { leave(room, caller.principal) } }
        if let key = try caller.idempotencyKey() { return try await completeOnce(caller, key, exchange, &room, &isHandedOver) }
        await complete(try await caller.admitted(into: &room), &room)
    }

    /// Lets a request in: a place for it, and memory for its body. ``leave(_:_:)`` must follow.
    /// - Throws: `overloaded`.
    // Out of line: what it needs for a moment would stay in the suspended caller's frame.
    @inline(never)
    func enter(_ framing: HTTPFraming, _ principal: Principal) throws(GatewayError) -> RequestMemory {
        try admission.places.enter(principal.activity)
        if let room = RequestMemory(framing, of: memory) { return room }
        admission.places.leave(principal.activity)
        throw admission.memory.refusal(ofBody: RequestMemory.expectation(framing))
    }

    /// A request that was let in is over.
    func leave(_ room: RequestMemory, _ principal: Principal) {
        room.end()
        admission.places.leave(principal.activity)
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
            if admitted.request.facts.stream { try await streamChat(ready) } else { try await answerChat(ready) }
        } catch {
            admitted.answer(error, decided, held)
        }
    }

    private func answerChat(_ held: ReservedRequest) async throws(GatewayError) {
        let answer = try await begin(held)
        guard let whole = answer.whole else { throw Self.wrongShape }
        held.incoming.reply.respond(200, body: held.explaining(held.incoming.dialect.body(whole))) { fields in
            fields.contentType = "application/json"
            held.appendAnswerFields(answer.source, to: &fields)
            fields.appendField("x-purser-cost-usd", value: held.run.cost.decimalString)
        }
    }

    private func streamChat(_ held: ReservedRequest) async throws(GatewayError) {
        let reply = held.incoming.reply
        reply.whenQuiet(for: Self.quietInterval) {
            if !reply.hasBegun { held.beginStream(nil) }
            reply.write(StreamText.keepAlive)
        }
        let answer = try await begin(held)
        var failure: GatewayError?
        do throws(GatewayError) { try await relay(answer, held) } catch { failure = error }
        // The calls must be recorded before the client sees the end of the answer.
        try await held.run.close()
        if let failure { return held.incoming.endStream(with: held.explained(failure)) }
        var end: [UInt8] = []
        if held.incoming.wantsExplanation { answer.source.appendMember("purser", held.explanation, to: &end) }
        held.incoming.dialect.appendEnd(&end)
        reply.write(end)
        reply.end()
    }

    /// Carries out the plan until an answer has begun.
    private func begin(_ held: ReservedRequest) async throws(GatewayError) -> StartedAnswer {
        let (run, decided) = (held.run, held.decided)
        do throws(GatewayError) {
            let answer = try await run.start(decided.plan, held.question)
            if !answer.goesOn || run.hasUnsettled { try await run.begun(answer) }
            return answer
        } catch { throw held.explained(await run.closed(after: error)) }
    }

    /// Passes the stream on. The first event that is written is the commit point: before it a failed call may be replaced by one to another
    /// target, after it the client is told of the failure.
    private func relay(_ answer: StartedAnswer, _ held: ReservedRequest) async throws(GatewayError) {
        let reply = held.incoming.reply
        var (events, goesOn) = ([UInt8](), answer.goesOn)
        swap(&events, &answer.events)
        if !reply.hasBegun { held.beginStream(answer.source) }
        while goesOn {
            reply.write(events)
            events.removeAll(keepingCapacity: events.capacity <= Self.keptCapacity)
            guard await reply.readyForMore() else { throw answer.source.cancel() }
            do throws(GatewayError) {
                goesOn = try await answer.source.next(&events)
            } catch {
                // Events that came before the fault are sent to the client.
                reply.write(events)
                throw error
            }
        }
        reply.write(events)
    }

    private static let wrongShape = GatewayError(.internalError, "The answer came in another shape than was asked for.", source: .gateway)

    /// Bytes that an emptied buffer keeps while its stream goes on.
    private static let keptCapacity = 8 * 1024

    /// How long a stream may be quiet before a comment shows that it is alive.
    private static let quietInterval = Duration.seconds(15)
}

extension ReservedRequest {
    /// - Parameter source: the source of the answer; `nil` when none has begun and the client is only to learn that the gateway is alive.
    func beginStream(_ source: (any AnswerSource)?) {
        incoming.reply.begin(200) { fields in
            fields.contentType = "text/event-stream; charset=utf-8"
            fields.appendField("cache-control", value: "no-cache")
            // Tells buffering proxies in front of the gateway (nginx) to pass every event on at once.
            fields.appendField("x-accel-buffering", value: "no")
            appendAnswerFields(source, to: &fields)
        }
    }

    func appendAnswerFields(_ source: (any AnswerSource)?, to fields: inout HTTPResponseHead) {
        fields.appendField("x-request-id", value: incoming.requestID)
        fields.appendField("x-purser-route", value: decided.trace.route)
        appendBudgetFields(to: &fields)
        guard let source else { return }
        fields.appendField("x-purser-model", value: source.model.name)
        fields.appendField("x-purser-attempts", value: run.callCount)
        let upstreamShare = source.upstreamMicroseconds
        let total = MonotonicTime.now().microseconds(since: incoming.startTime)
        ServerTiming.append(gateway: total - upstreamShare, upstream: upstreamShare, to: &fields)
    }

    /// A whole answer, with the explanation in front of its last brace if the client asked for it.
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
    static let keepAlive: [UInt8] = {
        var bytes: [UInt8] = []
        SSE.appendKeepAlive(to: &bytes)
        return bytes
    }()
}
