internal import Chat
internal import EventLoop
internal import HTTPServer
internal import Ledger

extension GatewayLoop {
    /// Answers a chat request with an `Idempotency-Key`: runs it, or sends the answer of the first request with the key.
    /// - Parameter isHandedOver: becomes true where what runs lets the request out.
    func completeOnce(
        _ caller: AuthenticatedRequest, _ key: IdempotencyKey, _ exchange: HTTPExchange, _ room: inout RequestMemory,
        _ isHandedOver: inout Bool
    ) async throws(GatewayError) {
        try caller.incoming.requireJSON()
        let body = try await caller.body(into: &room)
        let fingerprint = RequestFingerprint(exchange.head, body: body)
        switch gateway.idempotency.claim(key, fingerprint, at: .now()) {
        case .first(let answer):
            isHandedOver = true
            let reader = AnswerReader(of: answer, on: loop)
            let recorder = AnswerRecorder(
                exchange.head, key, answer, in: gateway.idempotency, gateway.places, caller.principal.activity, on: loop)
            IdempotentRun(caller, body, recorder, room).start()
            try await reader.relay(to: exchange, isReplay: false)
        case .another(let answer): try await AnswerReader(of: answer, on: loop).relay(to: exchange, isReplay: true)
        case .reused: throw .idempotencyKeyReused
        case .notKept: throw .idempotencyAnswerNotKept
        case .full:
            throw GatewayError(
                .overloaded, "Too many requests with an Idempotency-Key are under way.", source: .gateway, retry: .after(.seconds(1)))
        }
    }
}

/// A request with an `Idempotency-Key` on its way, in a task of its own. Unchecked, because the task must be able to name it; it is used on its
/// loop only.
private final class IdempotentRun: @unchecked Sendable {
    private let caller: AuthenticatedRequest
    private let body: [UInt8]
    private let recorder: AnswerRecorder
    private let room: RequestMemory

    init(_ caller: AuthenticatedRequest, _ body: [UInt8], _ recorder: AnswerRecorder, _ room: RequestMemory) {
        self.room = room
        self.recorder = recorder
        self.caller = AuthenticatedRequest(
            incoming: caller.incoming.answering(.recorder(recorder)), principal: caller.principal, keyDigest: caller.keyDigest)
        self.body = body
    }

    func start() { recorder.run { await self.complete() } }

    private func complete() async {
        let loop = caller.incoming.loop
        var room = room
        defer { loop.leave(room, caller.principal) }
        do throws(GatewayError) {
            await loop.complete(try caller.admitted(body, &room), &room)
        } catch {
            caller.incoming.answer(error)
        }
    }
}

extension GatewayError {
    /// 422, as the IETF's draft on the header has it.
    fileprivate static let idempotencyKeyReused = GatewayError(
        Code("idempotency_key_reused", 422, "invalid_request_error"),
        "This Idempotency-Key belongs to a request with another body, path or x-purser headers. Send a new key with a new request.",
        param: "Idempotency-Key")

    /// 409: there was a request with the key, and its answer cannot be given again.
    static let idempotencyAnswerNotKept = GatewayError(
        Code("idempotency_answer_not_kept", 409, "invalid_request_error"),
        "A request with this Idempotency-Key was carried out, and its answer was too large, or came too long ago, to be kept. To have it made and "
            + "charged again, send it with a new key.", param: "Idempotency-Key")
}
