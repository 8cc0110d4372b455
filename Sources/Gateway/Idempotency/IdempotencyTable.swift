internal import EventLoop
internal import Synchronization

/// The requests that had an `Idempotency-Key`: those that run, and for a while those that are over, with their answers. Shared by all loops,
/// and forgotten with the process.
final class IdempotencyTable: Sendable {
    /// What a request with a key has to do.
    enum Claim {
        /// It is the first: it runs, writes the answer and calls ``finish(_:_:at:)``.
        case first(RecordedAnswer)
        /// Another has run or runs for it: its answer is here.
        case another(RecordedAnswer)
        /// The key belongs to another request.
        case reused
        /// Another has run for it, and its answer is not here.
        case notKept
        /// There are too many that run.
        case full
    }

    /// How a request with a key has ended.
    enum Outcome {
        /// Its answer can be had again.
        case kept
        /// It was carried out, and its answer cannot be had again.
        case notKept
        /// It failed: the next one with its key is the first again.
        case failed
    }

    private struct Entry {
        let fingerprint: RequestFingerprint
        /// `nil`: not kept.
        var answer: RecordedAnswer?
        var isRunning = true
    }

    private struct State {
        var entries: [IdempotencyKey: Entry] = [:]
        /// Keys of requests that are over, in the order of their ends, from `first` on.
        var finished: [(key: IdempotencyKey, expires: MonotonicTime)] = []
        var first = 0
        /// Those before it have no answer any more.
        var firstWithAnswer = 0
    }

    let limits: IdempotencyLimits
    private let budget: AnswerBudget
    private let state = Mutex(State())
    private let aborted = Atomic(false)

    init(_ limits: IdempotencyLimits) {
        self.limits = limits
        budget = AnswerBudget(limit: limits.totalBytes)
    }

    /// Bytes of all answers.
    var bytes: Int { budget.bytes }
    /// Keys that are remembered.
    var count: Int { state.withLock { $0.entries.count } }
    /// Whether what runs is to end.
    var isAborted: Bool { aborted.load(ordering: .relaxed) }

    /// Says what a request has to do, and takes note of it where it is the first with its key.
    func claim(_ key: IdempotencyKey, _ fingerprint: RequestFingerprint, at now: MonotonicTime) -> Claim {
        state.withLock { state in
            Self.forgetExpired(&state, now)
            if let entry = state.entries[key] {
                guard entry.fingerprint == fingerprint else { return .reused }
                return entry.answer.map { .another($0) } ?? .notKept
            }
            if state.entries.count >= limits.keys {
                guard state.first < state.finished.count else { return .full }
                Self.forgetOldest(&state)
            }
            let answer = RecordedAnswer(budget: budget, window: limits.window)
            state.entries[key] = Entry(fingerprint: fingerprint, answer: answer)
            return .first(answer)
        }
    }

    /// Takes note of the end of the request that was the first with `key`.
    func finish(_ key: IdempotencyKey, _ outcome: Outcome, at now: MonotonicTime) {
        state.withLock { state in
            if outcome == .failed {
                state.entries[key] = nil
                return
            }
            state.entries[key]?.isRunning = false
            if outcome == .notKept { state.entries[key]?.answer = nil }
            state.finished.append((key, now + limits.keep))
        }
    }

    /// Takes bytes for an answer; the oldest answers that nobody waits for give way.
    func take(_ count: Int) -> Bool {
        while !budget.take(count) { guard dropOldestAnswer() else { return false } }
        return true
    }

    /// Forgets what is over for long enough.
    func forgetExpired(at now: MonotonicTime) { state.withLock { Self.forgetExpired(&$0, now) } }

    /// Ends what runs without anybody waiting for it, and what will.
    func abort() {
        aborted.store(true, ordering: .relaxed)
        let running = state.withLock { state in state.entries.values.filter(\.isRunning).compactMap(\.answer) }
        for answer in running { answer.wakeWriter() }
    }
}

// MARK: - What is over

extension IdempotencyTable {
    private static func forgetExpired(_ state: inout State, _ now: MonotonicTime) {
        while state.first < state.finished.count, state.finished[state.first].expires <= now { forgetOldest(&state) }
    }

    private static func forgetOldest(_ state: inout State) {
        state.entries[state.finished[state.first].key] = nil
        state.first += 1
        state.firstWithAnswer = max(state.firstWithAnswer, state.first)
        guard state.first > 1_024, state.first > state.finished.count / 2 else { return }
        state.finished.removeFirst(state.first)
        state.firstWithAnswer -= state.first
        state.first = 0
    }

    private func dropOldestAnswer() -> Bool {
        // Its bytes come back when the last one lets go of it, outside of the lock.
        let dropped = state.withLock { state -> RecordedAnswer? in
            while state.firstWithAnswer < state.finished.count {
                let key = state.finished[state.firstWithAnswer].key
                state.firstWithAnswer += 1
                guard let answer = state.entries[key]?.answer else { continue }
                state.entries[key]?.answer = nil
                return answer
            }
            return nil
        }
        return dropped != nil
    }
}
