internal import EventLoop

/// Runs an ``HTTP1Session`` on a channel: reads requests, hands each to the handler as an exchange, writes the answers in order.
///
/// Belongs to its loop.
final class HTTP1Connection: @unchecked Sendable {
    let channel: ClientChannel
    private(set) var session: HTTP1Session

    init(on channel: ClientChannel) {
        self.channel = channel
        session = HTTP1Session(channel.server.rules)
    }

    private var server: HTTPServer { channel.server }
    private var loop: EventLoop { channel.server.loop }
    /// Whether the client may still be sending when the connection ends.
    var lingers: Bool { session.lingers }

    // MARK: Requests

    /// What ``run()`` does next. Smaller than the session's action, for it stays in the frame of a task that may live long.
    private enum Step {
        case wait
        case answer(HTTPExchange)
        case end
    }

    /// Takes one request after the other until the connection comes to its end.
    func run() async {
        var step = nextRequest()
        while true {
            switch step {
            case .wait: step = goOn(isReadable: await channel.readable())
            case .answer(let exchange):
                channel.isInExchange = true
                await server.handler.handle(exchange)
                guard goesOn(after: exchange) else { return }
                // Pipelined requests take turns with other connections, and wait while their answers are not read.
                if session.inputCount > 0 { await Task.yield() }
                if channel.holdsMuch { guard await channel.drained(sendingFirst: true) else { return } }
                step = nextRequest()
            case .end: return
            }
        }
    }

    // Out of line: a head on its way through would stay in the suspended caller's frame for as long as the connection lives.
    @inline(never)
    private func nextRequest() -> Step {
        step(session.awaitRequest(at: loop.now, keepsConnections: server.keepsConnections))
    }

    @inline(never)
    private func goOn(isReadable: Bool) -> Step {
        step(isReadable ? .read : channel.isGone ? session.closed() : session.timedOut())
    }

    /// Carries actions out until one has to be waited for.
    private func step(_ first: HTTP1Session.Action) -> Step {
        var action = first
        while true {
            channel.setDeadline(session.deadline)
            switch action {
            case .read:
                guard let next = readNow() else { return .wait }
                action = next
            case .request(let head): return .answer(HTTPExchange(head, on: self))
            case .refuse(let violation):
                answer(violation)
                return .end
            case .end: return .end
            }
        }
    }

    /// What follows from what there is to read; `nil` when more has to be waited for.
    private func readNow() -> HTTP1Session.Action? {
        switch channel.read() {
        case .bytes(let bytes): return session.received(bytes, at: loop.now)
        case .closed: return session.closed()
        case .nothingYet: break
        }
        let action = session.nothingCame(isDraining: server.isDraining)
        if case .read = action { return nil }
        return action
    }

    @inline(never)
    private func goesOn(after exchange: HTTPExchange) -> Bool {
        exchange.conclude()
        channel.isInExchange = false
        return session.conclude(isDraining: server.isDraining) && !channel.isGone
    }

    // MARK: Endings

    /// Answers a request that is not valid HTTP; the connection ends after it.
    func refuse(_ violation: HTTPViolation) {
        if case .refuse(let violation) = session.refuse(violation) { answer(violation) }
    }

    private func answer(_ violation: HTTPViolation) { server.handler.refuse(violation, HTTPRefusal(connection: self)) }

    /// - Returns: whether to look for a request once more.
    func drain() -> Bool { session.drain() }

    /// - Returns: as ``drain()``.
    func saveMemory() -> Bool {
        let looksOnceMore = session.saveMemory(at: loop.now)
        if session.phase == .atRest { channel.setDeadline(session.deadline) }
        return looksOnceMore
    }
}

// MARK: - Bodies

extension HTTP1Connection {
    /// Takes a body that has come already, as most do, if `hasRoom` allows its size; false when it has to be read.
    func takeArrivedBody(into body: inout [UInt8], hasRoom: (Int) -> Bool) throws(HTTPViolation) -> Bool {
        guard let length = session.unaskedBody, session.inputCount >= length else { return false }
        guard hasRoom(length) else {
            session.endBody(isWhole: false)
            throw .noRoom
        }
        session.takeArrivedBody(into: &body)
        return true
    }

    /// Reads a request's body to its end, or until `hasRoom` says no to its size so far.
    /// - Parameter inflater: unpacks the body; `nil` for one that comes as it is.
    func readBody(into body: inout [UInt8], unpacking inflater: BodyInflater?, hasRoom: (Int) -> Bool) async throws(HTTPViolation) {
        if session.exchange.expectsContinue { channel.write { session.appendContinue(to: &$0) } }
        session.beginBody(at: loop.now)
        var isWhole = false
        defer {
            session.endBody(isWhole: isWhole)
            channel.setDeadline(session.deadline)
        }
        while true {
            channel.setDeadline(session.deadline)
            if session.inputCount > 0 {
                let result = inflater.map { session.takeBody(into: &$0.packed) } ?? session.takeBody(into: &body)
                if let inflater { try await unpack(inflater, into: &body, hasRoom) }
                guard hasRoom(body.count) else { throw .noRoom }
                if case .invalid(let violation) = result { throw violation }
                if case .complete = result { break }
            }
            switch channel.read() {
            case .bytes(let bytes): session.receivedBody(bytes, at: loop.now)
            case .closed: throw .clientLeft
            case .nothingYet:
                guard await channel.readable() else { throw channel.isGone ? .clientLeft : .bodyTimeout }
            }
        }
        try inflater?.finish()
        isWhole = true
    }

    /// Unpacks what has come, in steps between which other connections take their turn.
    private func unpack(_ inflater: BodyInflater, into body: inout [UInt8], _ hasRoom: (Int) -> Bool) async throws(HTTPViolation) {
        while true {
            let hasMore = try inflater.unpack(into: &body, most: Self.unpackedAtOnce)
            guard body.count <= session.rules.limits.body else { throw .bodyTooLarge }
            guard hasMore else { return }
            guard hasRoom(body.count) else { throw .noRoom }
            await Task.yield()
            guard !channel.isGone else { throw .clientLeft }
        }
    }

    /// Bytes that one body may take of a round of the loop.
    private static let unpackedAtOnce = 256 * 1024

    /// Throws away a body that has come already.
    func dropArrivedBody() {
        guard let length = session.unaskedBody else { return }
        // What is small comes with its head, or is on its way behind it.
        if session.inputCount < length, length <= server.scratch.count, case .bytes(let bytes) = channel.read(isLikely: true) {
            session.append(bytes)
        }
        session.dropBody()
    }
}

// MARK: - Answers

extension HTTP1Connection {
    private var surroundings: HTTP1Session.Surroundings {
        HTTP1Session.Surroundings(date: server.date, keepsConnections: server.keepsConnections)
    }

    func respond(_ head: HTTPResponseHead, body: [UInt8]) {
        let surroundings = surroundings
        channel.write { session.respond(head, body: body, surroundings, to: &$0) }
    }

    func begin(_ head: HTTPResponseHead) {
        let surroundings = surroundings
        channel.write { session.begin(head, surroundings, to: &$0) }
    }

    func write(_ bytes: [UInt8]) { channel.write { session.write(bytes, to: &$0) } }

    func end() { channel.write { session.end(to: &$0) } }

    func respondToRefused(_ head: HTTPResponseHead, body: [UInt8]) {
        let surroundings = surroundings
        channel.write { session.respondToRefused(head, body: body, surroundings, to: &$0) }
    }
}
