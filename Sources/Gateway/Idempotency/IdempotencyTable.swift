internal import Chat
internal import Core
internal import EventLoop
internal import Synchronization

/// The requests with an `Idempotency-Key`: running ones, and for a while finished ones with their answers. Shared by all loops, in memory
/// only.
final class IdempotencyTable: Sendable {
    /// The role of a request with a key.
    enum Claim {
        /// It is the first: it runs, writes the answer and calls ``finish(_:_:at:)``.
        case first(RecordedAnswer)
        /// A retry: the answer of the first, finished or running.
        case another(RecordedAnswer)
        /// The key was used for another request.
        case reused
        /// A retry of a finished request whose answer is not kept.
        case notKept
        /// Too many requests run.
        case full
    }

    /// How a request with a key has ended.
    enum Outcome {
        /// Its answer is kept.
        case kept
        /// It was carried out, and its answer is not kept.
        case notKept
        /// It failed: the next one with its key is the first again.
        case failed
    }

    private struct Entry {
        let fingerprint: RequestFingerprint
        /// The answer; `nil`: not kept.
        var answer: RecordedAnswer?
        var isRunning = true
    }

    private struct State {
        var entries: [IdempotencyKey: Entry] = [:]
        /// Keys of finished requests, in the order of their ends, with the time when they are dropped.
        var finished = Queue<(key: IdempotencyKey, expires: MonotonicTime)>()
        var owners: [KeyDigest: IdempotencyOwner] = [:]
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
    /// The number of keys in the table.
    var count: Int { state.withLock { $0.entries.count } }
    /// Whether running requests are to end.
    var isAborted: Bool { aborted.load(ordering: .relaxed) }

    /// The role of a request; adds it if it is the first with its key.
    func claim(_ key: IdempotencyKey, _ fingerprint: RequestFingerprint, at now: MonotonicTime) -> Claim {
        state.withLock { state in
            Self.forgetExpired(&state, now)
            if let entry = state.entries[key] {
                guard entry.fingerprint == fingerprint else { return .reused }
                return entry.answer.map { .another($0) } ?? .notKept
            }
            if state.entries.count >= limits.keys, !Self.makeRoom(for: key.owner, &state) { return .full }
            let owner = state.owners[key.owner] ?? IdempotencyOwner(budget)
            let answer = RecordedAnswer(budget: owner.budget, window: limits.window)
            state.entries[key] = Entry(fingerprint: fingerprint, answer: answer)
            state.owners[key.owner] = owner
            owner.count += 1
            return .first(answer)
        }
    }

    /// Notes the end of the request that was the first with `key`.
    func finish(_ key: IdempotencyKey, _ outcome: Outcome, at now: MonotonicTime) {
        state.withLock { state in
            if outcome == .failed { return Self.forget(key, &state) }
            state.entries[key]?.isRunning = false
            if outcome == .notKept { state.entries[key]?.answer = nil }
            state.finished.append((key, now + limits.keep))
            state.owners[key.owner]?.finished.append(key)
            if outcome == .kept { state.owners[key.owner]?.withAnswer.append(key) }
        }
    }

    /// Takes bytes for an answer to a request of `owner`. If there are not enough, the oldest answers without a waiting client are dropped:
    /// those of the client key with the most bytes, so that no key can displace the answers of others. One key among several has at most
    /// three quarters of the bytes.
    func take(_ count: Int, for owner: KeyDigest) -> Bool {
        guard let (budget, isAlone) = state.withLock({ state in state.owners[owner].map { ($0.budget, state.owners.count == 1) } }) else {
            return false
        }
        let most = isAlone ? limits.totalBytes : limits.totalBytes / 4 * 3
        while true {
            let isWithinShare = budget.bytes + count <= most
            if isWithinShare, budget.take(count) { return true }
            guard dropAnswer(for: owner, ofItsOwn: !isWithinShare) else { return false }
        }
    }

    /// Drops finished requests whose time is over.
    func forgetExpired(at now: MonotonicTime) { state.withLock { Self.forgetExpired(&$0, now) } }

    /// Ends requests that run without a client, and those that will.
    func abort() {
        aborted.store(true, ordering: .relaxed)
        let running = state.withLock { state in state.entries.values.filter(\.isRunning).compactMap(\.answer) }
        for answer in running { answer.wakeWriter() }
    }
}

// MARK: - What is over

extension IdempotencyTable {
    private static func forgetExpired(_ state: inout State, _ now: MonotonicTime) {
        while let oldest = state.finished.first, oldest.expires <= now {
            state.finished.removeFirst()
            // Its key may have been dropped, and belong to another request by now.
            if state.entries[oldest.key]?.isRunning == false { forget(oldest.key, &state) }
        }
    }

    private static func forget(_ key: IdempotencyKey, _ state: inout State) {
        guard state.entries.removeValue(forKey: key) != nil, let owner = state.owners[key.owner] else { return }
        owner.count -= 1
        if owner.count == 0 { state.owners[key.owner] = nil }
    }

    /// Drops the oldest finished request of the client key with the most, if it has at least as many as `claimant`.
    private static func makeRoom(for claimant: KeyDigest, _ state: inout State) -> Bool {
        let least = state.owners[claimant]?.count ?? 0
        let candidates = state.owners.filter { $0.value.count >= least }.sorted { $0.value.count > $1.value.count }
        for (_, owner) in candidates {
            while let key = owner.finished.popFirst() {
                guard state.entries[key]?.isRunning == false else { continue }
                forget(key, &state)
                return true
            }
        }
        return false
    }

    /// Drops an answer to make space for `owner`.
    /// - Parameter ofItsOwn: whether only its own answers may be dropped; else those of the key with the most bytes.
    private func dropAnswer(for owner: KeyDigest, ofItsOwn: Bool) -> Bool {
        // Its bytes are given back with its last reference, outside of the lock.
        let dropped = state.withLock { state -> RecordedAnswer? in
            let own = state.owners[owner]
            if ofItsOwn { return own.flatMap { Self.dropOldest($0, &state) } }
            let least = own?.budget.bytes ?? 0
            let richer = state.owners.values.filter { $0.budget.bytes >= least }.sorted { $0.budget.bytes > $1.budget.bytes }
            for one in richer {
                if let answer = Self.dropOldest(one, &state) { return answer }
            }
            return nil
        }
        return dropped != nil
    }

    /// Drops the oldest answer of `owner`; its request stays in the table.
    private static func dropOldest(_ owner: IdempotencyOwner, _ state: inout State) -> RecordedAnswer? {
        while let key = owner.withAnswer.popFirst() {
            guard let entry = state.entries[key], !entry.isRunning, let answer = entry.answer else { continue }
            state.entries[key]?.answer = nil
            return answer
        }
        return nil
    }
}

/// The requests of one client key. Guarded by the table's lock, except for the budget.
private final class IdempotencyOwner: @unchecked Sendable {
    /// The bytes of its answers, running ones included.
    let budget: AnswerBudget
    /// The number of its requests in the table.
    var count = 0
    /// Keys of its finished requests, in the order of their ends; some may have been dropped.
    var finished = Queue<IdempotencyKey>()
    /// Those of them that may still have an answer.
    var withAnswer = Queue<IdempotencyKey>()

    init(_ all: AnswerBudget) { budget = AnswerBudget(limit: .max, within: all) }
}

/// A first-in, first-out queue.
private struct Queue<Element> {
    private var elements: [Element] = []
    private var start = 0

    var first: Element? { start < elements.count ? elements[start] : nil }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func removeFirst() {
        start += 1
        guard start > 1_024, start > elements.count / 2 else { return }
        elements.removeFirst(start)
        start = 0
    }

    mutating func popFirst() -> Element? {
        defer { if first != nil { removeFirst() } }
        return first
    }
}
