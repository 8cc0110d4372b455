internal import EventLoop

/// Requests that wait for their answers, by their ids. Belongs to its loop.
final class PendingRequests {
    private final class Entry {
        let waiter: LoopWaiter
        var answer: Result<[UInt8], MCPFailure>?
        init(on loop: EventLoop) { waiter = LoopWaiter(on: loop) }
    }

    private let loop: EventLoop
    private var entries: [Int64: Entry] = [:]
    private var last: Int64 = 0

    init(on loop: EventLoop) { self.loop = loop }

    /// Requests that wait.
    var count: Int { entries.count }

    /// An id that no other request of the connection has had.
    func nextID() -> Int64 {
        last += 1
        return last
    }

    /// Waits for the answer to the request `id`, which was sent.
    /// - Throws: `timeout`, `cancelled`, or what the answer says.
    func answer(to id: Int64, within timeout: Duration) async throws(MCPFailure) -> [UInt8] {
        let entry = Entry(on: loop)
        entries[id] = entry
        let timer = LoopTimer(on: loop) { [weak self] in self?.settle(id, .failure(.timeout(timeout))) }
        timer.set(loop.now + timeout)
        if !Task.isCancelled { await entry.waiter.waitUnlessCancelled() }
        timer.set(.never)
        entries[id] = nil
        return try (entry.answer ?? .failure(.cancelled)).get()
    }

    /// An answer has come. Late ones, and answers to nothing, are dropped.
    func settle(_ id: Int64, _ answer: Result<[UInt8], MCPFailure>) {
        guard let entry = entries[id], entry.answer == nil else { return }
        entry.answer = answer
        entry.waiter.wake()
    }

    /// No answer will come any more.
    func fail(_ failure: MCPFailure) {
        for id in entries.keys { settle(id, .failure(failure)) }
    }
}
