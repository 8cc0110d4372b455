internal import Chat
internal import EventLoop
internal import Execution
internal import HTTPServer
internal import Policies

extension GatewayLoop {
    /// The way of a chat request, in one sentence: who asks, what for, where to, may it be recorded, then call, record, answer.
    func completeChat(_ call: IncomingCall) async throws(GatewayError) {
        let held = try await call.authenticated().admitted().decided().held()
        if held.request.stream { try await streamChat(held) } else { try await answerChat(held) }
    }

    private func answerChat(_ held: HeldCall) async throws(GatewayError) {
        let upstream = try executor.start(held.request, on: held.decided.target, timeout: held.decided.admitted.timeout)
        let body: [UInt8]
        do throws(GatewayError) { body = try await upstream.answer() } catch {
            try await held.settle(upstream.outcome)
            throw error
        }
        try await held.settle(upstream.outcome)
        held.incoming.exchange.respond(200, body: body) { fields in
            fields.contentType = "application/json"
            held.appendAnswerFields(upstream, to: &fields)
            fields.appendField("x-purser-cost-usd", value: upstream.outcome.cost.decimalString)
        }
    }

    private func streamChat(_ held: HeldCall) async throws(GatewayError) {
        let exchange = held.incoming.exchange
        let upstream = try executor.start(held.request, on: held.decided.target, timeout: held.decided.admitted.timeout)
        exchange.whenQuiet(for: Self.quietInterval) {
            if !exchange.hasBegun { held.beginStream(upstream) }
            exchange.write(StreamText.keepAlive)
        }
        do {
            try await relay(upstream, held)
        } catch {
            // The client must not hear of an end before the ledger has.
            try await held.settle(upstream.outcome)
            guard exchange.hasBegun else { throw error }
            return held.incoming.endStream(with: error)
        }
        try await held.settle(upstream.outcome)
        exchange.write(StreamText.done)
        exchange.end()
    }

    /// Passes the stream on. The first event that is written commits us: before it a failure is an ordinary answer, after it an event.
    private func relay(_ upstream: UpstreamCall, _ held: HeldCall) async throws(GatewayError) {
        let exchange = held.incoming.exchange
        var events: [UInt8] = []
        var goesOn = try await upstream.open(&events)
        if !exchange.hasBegun { held.beginStream(upstream) }
        while goesOn {
            exchange.write(events)
            events.removeAll(keepingCapacity: true)
            guard await exchange.readyForMore() else { throw upstream.cancel() }
            do throws(GatewayError) { goesOn = try await upstream.next(&events) } catch {
                // What came before the fault is the client's.
                exchange.write(events)
                throw error
            }
        }
        exchange.write(events)
    }

    /// How long a stream may be quiet before a comment shows that it is alive.
    private static let quietInterval = Duration.seconds(15)
}

extension HeldCall {
    func beginStream(_ upstream: UpstreamCall) {
        incoming.exchange.begin(200) { fields in
            fields.contentType = "text/event-stream; charset=utf-8"
            fields.appendField("cache-control", value: "no-cache")
            // Tells buffering proxies in front of us (nginx) to pass every event on at once.
            fields.appendField("x-accel-buffering", value: "no")
            appendAnswerFields(upstream, to: &fields)
        }
    }

    func appendAnswerFields(_ upstream: UpstreamCall, to fields: inout HTTPResponseHead) {
        fields.appendField("x-request-id", value: incoming.requestID)
        fields.appendField("x-purser-model", value: decided.target.model.name)
        fields.appendField("x-purser-route", value: "direct")
        fields.appendField("x-purser-attempts", value: 1)
        let settled = upstream.outcome.latencyMicroseconds
        let upstreamShare = settled > 0 ? settled : upstream.elapsedMicroseconds
        let total = MonotonicTime.now().microseconds(since: incoming.startTime)
        ServerTiming.append(gateway: total - upstreamShare, upstream: upstreamShare, to: &fields)
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
