internal import EventLoop
internal import HTTPServer

/// The writing side of a kept answer: a request with an `Idempotency-Key` writes here instead of to a client.
///
/// Unchecked, because the readers' wake-up must be able to refer to it; it is used on its loop only.
final class AnswerRecorder: @unchecked Sendable {
    /// The head of the request.
    let head: HTTPRequestHead
    private let answer: RecordedAnswer
    private let table: IdempotencyTable
    private let key: IdempotencyKey
    private let places: RequestPlaces
    private let activity: KeyActivity
    /// Whether the request counts as one without a client.
    private var isIdle = false
    private let loop: EventLoop
    /// Whether the answer has begun.
    private(set) var hasBegun = false
    /// Whether the table has been told of the end.
    private var isFinished = false
    /// Whether the request was cancelled because no client could have got its answer.
    private var isGivenUp = false
    /// Whether the whole answer is kept.
    private var isKept = true
    private var size = 0
    private var task: Task<Void, Never>?
    private var unattended: LoopTimer?
    private var quietTimer: LoopTimer?
    private var quiet: (interval: Duration, action: () -> Void)?
    private let waiter: LoopWaiter

    init(
        _ head: HTTPRequestHead, _ key: IdempotencyKey, _ answer: RecordedAnswer, in table: IdempotencyTable, _ places: RequestPlaces,
        _ activity: KeyActivity, on loop: EventLoop
    ) {
        self.head = head
        self.key = key
        self.answer = answer
        self.table = table
        self.places = places
        self.activity = activity
        self.loop = loop
        waiter = LoopWaiter(on: loop)
        unattended = LoopTimer(on: loop) { [weak self] in self?.giveUp() }
        answer.notifyWriter { [weak self] in loop.execute { [weak self] in self?.readersChanged() } }
    }

    /// Runs `work`, which writes the answer, in a task of its own, independent of clients.
    func run(_ work: @escaping @Sendable () async -> Void) {
        task = loop.spawn {
            await work()
            self.close()
        }
        readersChanged()
    }

    private func close() {
        end(.failed)
        attend()
        unattended?.set(.never)
        quietTimer?.set(.never)
        quiet = nil
        task = nil
    }

    /// Tells the table of the end, once, before any client learns of it: a request that a client then sends must find the table up to date.
    private func finish(_ ending: RecordedAnswer.Ending) {
        guard !isFinished else { return }
        isFinished = true
        table.finish(key, outcome(ending), at: .now())
    }

    private func outcome(_ ending: RecordedAnswer.Ending) -> IdempotencyTable.Outcome {
        // A cancelled request has cost something although its answer was lost. A retry must be told so, or it would pay twice unnoticed.
        if isGivenUp { return .notKept }
        if ending == .failed { return .failed }
        return isKept ? .kept : .notKept
    }

    // MARK: The answer

    /// As ``HTTPExchange/respond(_:body:fields:)``.
    func respond(_ status: Int, body: [UInt8], fields: (inout HTTPResponseHead) -> Void) {
        guard !hasBegun else { return }
        hasBegun = true
        let ending: RecordedAnswer.Ending = status == 200 ? .whole : .failed
        isKept = ending == .whole && body.count <= table.limits.answerBytes && table.take(body.count, for: key.owner)
        finish(ending)
        answer.respond(made(status, isStream: false, fields), body, taken: isKept ? body.count : nil, ending)
    }

    /// As ``HTTPExchange/begin(_:fields:)``.
    func begin(_ status: Int, fields: (inout HTTPResponseHead) -> Void) {
        guard !hasBegun else { return }
        hasBegun = true
        answer.begin(made(status, isStream: true, fields))
    }

    private func made(_ status: Int, isStream: Bool, _ fields: (inout HTTPResponseHead) -> Void) -> RecordedAnswer.Head {
        var head = HTTPResponseHead(status: status)
        fields(&head)
        return RecordedAnswer.Head(status: status, fields: head, isStream: isStream)
    }

    /// As ``HTTPExchange/write(_:)``.
    func write(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        size += bytes.count
        isKept = isKept && size <= table.limits.answerBytes && table.take(bytes.count, for: key.owner)
        answer.append(bytes, taken: isKept ? bytes.count : nil)
        if let quiet { quietTimer?.set(loop.now + quiet.interval) }
    }

    /// Ends a stream.
    func end(_ ending: RecordedAnswer.Ending) {
        finish(ending)
        answer.end(ending)
    }

    /// As ``HTTPExchange/whenQuiet(for:_:)``.
    func whenQuiet(for interval: Duration, _ action: @escaping () -> Void) {
        quiet = (interval, action)
        quietTimer = LoopTimer(on: loop) { [weak self] in self?.quiet?.action() }
        quietTimer?.set(loop.now + interval)
    }

    // MARK: Readers

    /// Waits until more can be written; false when no client can get it.
    func readyForMore() async -> Bool {
        while !Task.isCancelled {
            switch answer.pace() {
            case .goOn: return true
            case .nobody:
                isGivenUp = true
                return false
            case .pause: await waiter.waitUnlessCancelled()
            }
        }
        return false
    }

    /// Called when readers have come, gone or caught up, or the process is ending.
    private func readersChanged() {
        waiter.wake()
        guard task != nil else { return }
        if table.isAborted { return giveUp() }
        guard answer.isUnattended else {
            attend()
            unattended?.set(.never)
            return
        }
        // A run that no client waits for must not use up the places of others.
        if !isIdle {
            isIdle = true
            if !places.becomeIdle(activity) { return giveUp() }
        }
        if isKept { unattended?.set(loop.now + table.limits.unattended) } else { giveUp() }
    }

    private func attend() {
        if isIdle { places.becomeBusy(activity) }
        isIdle = false
    }

    private func giveUp() {
        isGivenUp = true
        task?.cancel()
    }
}
