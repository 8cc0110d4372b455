internal import HTTPServer
internal import Synchronization

/// An answer that is written once, by the running request, and read by any number of clients on any loop, each from its beginning.
///
/// The lock is never held while waiting or while writing to a socket.
final class RecordedAnswer: Sendable {
    /// Status and header fields.
    struct Head: Sendable {
        let status: Int
        let fields: HTTPResponseHead
        /// Whether the body comes piece by piece.
        let isStream: Bool
    }

    enum Ending { case whole, failed }

    /// The next part for a reader.
    enum Part {
        /// The whole answer.
        case whole(Head, [UInt8])
        /// The head of a stream.
        case beginning(Head)
        /// More of a stream.
        case bytes([UInt8])
        case end
        /// The reader was too slow, or the answer failed.
        case lost
        /// The reader is woken when there is more.
        case nothingYet
    }

    /// What the writer must do before it writes more.
    enum Pace {
        case goOn
        /// Readers are behind; the writer is woken when they have caught up.
        case pause
        /// No client can get the rest.
        case nobody
    }

    private struct Reader {
        let wake: @Sendable () -> Void
        /// The bytes that the reader has got; `nil` before the head.
        var position: Int?
        var isWaiting = false
    }

    private struct State {
        var head: Head?
        /// The body from ``start`` on.
        var bytes: [UInt8] = []
        var start = 0
        /// The end of each write, in bytes of the body: readers stop only there, at the end of an event.
        var ends: [Int] = []
        var ending: Ending?
        /// Whether the whole body is kept.
        var isKept = true
        /// Bytes that were taken from the budget.
        var taken = 0
        var readers: [Int: Reader] = [:]
        var readerCount = 0
        var wakeWriter: (@Sendable () -> Void)?
        var writerIsWaiting = false

        var end: Int { start + bytes.count }
    }

    private let budget: AnswerBudget
    private let window: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - budget: gets back what the answer has taken from it.
    ///   - window: bytes of an answer that is not kept by which its readers may be apart.
    init(budget: AnswerBudget, window: Int) {
        self.budget = budget
        self.window = window
    }

    deinit { budget.give(state.withLock { $0.taken }) }

    /// Whether the answer has no reader.
    var isUnattended: Bool { state.withLock { $0.readers.isEmpty } }
}

// MARK: - Writing

extension RecordedAnswer {
    /// Calls `wake` when readers come, go or have caught up, until the answer has ended.
    func notifyWriter(_ wake: @escaping @Sendable () -> Void) { state.withLock { $0.wakeWriter = wake } }

    /// Wakes the writer.
    func wakeWriter() { state.withLock { $0.wakeWriter }?() }

    /// Writes everything at once.
    /// - Parameter taken: bytes that were taken from the budget for it; `nil`: it is not kept.
    func respond(_ head: Head, _ body: [UInt8], taken: Int?, _ ending: Ending) {
        write { state in
            state.head = head
            state.bytes = body
            state.isKept = taken != nil
            state.taken = taken ?? 0
            state.ending = ending
        }
    }

    /// Begins a stream.
    func begin(_ head: Head) { write { $0.head = head } }

    /// Writes more of a stream.
    /// - Parameter taken: bytes that were taken from the budget for it; `nil`: from here on the answer is not kept, and readers that fall behind
    ///   the others are lost.
    func append(_ bytes: [UInt8], taken: Int?) {
        write { state in
            state.bytes.append(contentsOf: bytes)
            state.ends.append(state.end)
            if let taken { state.taken += taken } else { forget(in: &state) }
        }
    }

    /// Ends a stream, or an answer that never came.
    func end(_ ending: Ending) { write { $0.ending = $0.ending ?? ending } }

    private func write(_ change: (inout State) -> Void) {
        var wakes: [@Sendable () -> Void] = []
        state.withLock { state in
            change(&state)
            for (id, reader) in state.readers where reader.isWaiting {
                state.readers[id]?.isWaiting = false
                wakes.append(reader.wake)
            }
            if state.ending != nil { state.wakeWriter = nil }
        }
        for wake in wakes { wake() }
    }

    /// Drops the beginning of an answer that is not kept, as far as its pacing reader has read and the window allows.
    private func forget(in state: inout State) {
        state.isKept = false
        let front = min(state.end - window, Self.pace(of: state) ?? state.end) - state.start
        guard front >= window / 4, front > 0 else { return }
        state.bytes.removeFirst(front)
        state.start += front
        state.ends.removeFirst(Self.index(in: state.ends, after: state.start))
        let returned = min(front, state.taken)
        state.taken -= returned
        budget.give(returned)
    }

    /// The position of the reader that the writer waits for: the first client, or without it the fastest.
    private static func pace(of state: State) -> Int? {
        if let first = state.readers[firstReader] { return first.position ?? 0 }
        return state.readers.values.map { $0.position ?? 0 }.max()
    }

    /// Whether the writer should write more. A kept answer waits for no reader.
    func pace() -> Pace {
        state.withLock { state in
            if state.isKept { return .goOn }
            guard let pace = Self.pace(of: state) else { return .nobody }
            state.writerIsWaiting = state.end - pace > window
            return state.writerIsWaiting ? .pause : .goOn
        }
    }
}

// MARK: - Reading

extension RecordedAnswer {
    /// The reader that came first.
    static let firstReader = 0

    /// Adds a reader at the beginning.
    /// - Parameter wake: called, on any thread, when there is something after ``Part/nothingYet``.
    /// - Returns: the reader's number; `nil` when the beginning is not kept.
    func attach(_ wake: @escaping @Sendable () -> Void) -> Int? {
        let (id, wakeWriter) = state.withLock { state -> (Int?, (@Sendable () -> Void)?) in
            guard state.isKept || (state.ending != nil && state.start == 0 && state.head?.isStream == false) else { return (nil, nil) }
            defer { state.readerCount += 1 }
            state.readers[state.readerCount] = Reader(wake: wake)
            return (state.readerCount, state.wakeWriter)
        }
        wakeWriter?()
        return id
    }

    /// Removes a reader.
    func detach(_ id: Int) {
        let wakeWriter = state.withLock { state -> (@Sendable () -> Void)? in
            state.readers[id] = nil
            state.writerIsWaiting = false
            return state.wakeWriter
        }
        wakeWriter?()
    }

    /// The next part for a reader.
    func read(_ id: Int) -> Part {
        let (part, wakeWriter) = state.withLock { state -> (Part, (@Sendable () -> Void)?) in
            let part = Self.part(for: id, in: &state)
            guard state.writerIsWaiting, case .bytes = part else { return (part, nil) }
            state.writerIsWaiting = false
            return (part, state.wakeWriter)
        }
        wakeWriter?()
        return part
    }

    /// Bytes that a reader gets at a time, unless a single write is larger.
    private static let pieceBytes = 64 << 10

    private static func part(for id: Int, in state: inout State) -> Part {
        guard let reader = state.readers[id] else { return .lost }
        guard let head = state.head else { return nothingYet(for: id, in: &state, or: .lost) }
        guard let position = reader.position else {
            if !head.isStream { return .whole(head, state.bytes) }
            state.readers[id]?.position = 0
            return .beginning(head)
        }
        guard position >= state.start else { return .lost }
        let next = index(in: state.ends, after: position)
        guard next < state.ends.count else { return nothingYet(for: id, in: &state, or: .end) }
        let end = state.ends[max(next, index(in: state.ends, after: position + pieceBytes) - 1)]
        state.readers[id]?.position = end
        return .bytes(Array(state.bytes[(position - state.start)..<(end - state.start)]))
    }

    /// The index of the first of `ends`, which ascend, that is greater than `position`.
    private static func index(in ends: [Int], after position: Int) -> Int {
        var (low, high) = (0, ends.count)
        while low < high {
            let middle = (low + high) / 2
            if ends[middle] > position { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private static func nothingYet(for id: Int, in state: inout State, or ended: Part) -> Part {
        if state.ending != nil { return ended }
        state.readers[id]?.isWaiting = true
        return .nothingYet
    }
}
