internal import Chat
internal import EventLoop
internal import HTTPServer

/// One client that reads a kept answer. Unchecked, because the writer's wake-up must be able to refer to it; it is used on its loop only.
final class AnswerReader: @unchecked Sendable {
    private let answer: RecordedAnswer
    private var id: Int?
    private var isWoken = false
    private let waiter: LoopWaiter

    /// A reader at the beginning of `answer`.
    init(of answer: RecordedAnswer, on loop: EventLoop) {
        self.answer = answer
        waiter = LoopWaiter(on: loop)
        id = answer.attach { [weak self] in loop.execute { [weak self] in self?.wake() } }
    }

    /// Sends the answer to the client, until its end or until the client leaves.
    /// - Parameter isReplay: whether it is the answer to an earlier request.
    /// - Throws: `idempotency_answer_not_kept` when the beginning has been dropped, or the client is too slow for an answer that is not
    /// kept.
    func relay(to exchange: HTTPExchange, isReplay: Bool) async throws(GatewayError) {
        guard let id else { throw .idempotencyAnswerNotKept }
        defer { answer.detach(id) }
        while true {
            switch answer.read(id) {
            case .whole(let head, let body):
                return exchange.respond(head.status, body: body) { Self.append(head, isReplay, to: &$0) }
            case .beginning(let head): exchange.begin(head.status) { Self.append(head, isReplay, to: &$0) }
            case .bytes(let bytes):
                exchange.write(bytes)
                guard await exchange.readyForMore() else { return }
            case .end: return exchange.end()
            case .lost: throw .idempotencyAnswerNotKept
            case .nothingYet: guard await isStillThere() else { return }
            }
        }
    }

    private static func append(_ head: RecordedAnswer.Head, _ isReplay: Bool, to fields: inout HTTPResponseHead) {
        fields.appendFields(of: head.fields)
        if isReplay { fields.appendField("idempotency-replayed", value: "true") }
    }

    /// Waits for more of the answer; false when the client has left.
    private func isStillThere() async -> Bool {
        if !isWoken { await waiter.waitUnlessCancelled() }
        isWoken = false
        return !Task.isCancelled
    }

    private func wake() {
        isWoken = true
        waiter.wake()
    }
}
