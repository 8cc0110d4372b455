internal import EventLoop
internal import TLS

/// One client's socket: its TLS, what is on its way to the client, back-pressure and timers. The session on the channel interprets the
/// bytes.
///
/// Belongs to its loop. What is written in a round of the loop leaves in one piece at its end.
final class ClientChannel: ReadinessHandler, RoundEndHandler, @unchecked Sendable {
    let server: HTTPServer
    let peer: PeerAddress
    private var transport: HTTPTransport
    private var task: Task<Void, Never>?
    /// The session that reads and writes here, once the client's protocol is known.
    private var connection: HTTP1Connection?

    private var interest = ChannelInterest()
    /// What epoll was told; `nil` while it watches nothing.
    private var watched: Readiness?
    private let reader: LoopWaiter
    /// Made when a writer waits for the first time: most clients read as fast as the gateway writes.
    private var writer: LoopWaiter?
    private var timer: LoopTimer?
    private var timedOut = false
    /// Whether nothing can be read or written any more.
    private(set) var isGone = false
    /// Whether a request is being answered.
    var isInExchange = false

    private var output = OutputBuffer()
    /// The part of `output` that the server has counted as unsent.
    private var countedUnsent = 0
    private var flushIsDue = false
    private var writeTimer: LoopTimer?
    private var writeIsTimed = false
    private var quietTimer: LoopTimer?
    private var quiet: (interval: Duration, action: () -> Void)?

    init(server: HTTPServer, descriptor: Int32, peer: PeerAddress, tls: TLSConnection?) {
        self.server = server
        self.peer = peer
        transport = HTTPTransport(descriptor: descriptor, tls: tls)
        reader = LoopWaiter(on: server.loop)
    }

    var loop: EventLoop { server.loop }
    private var isEncrypted: Bool { transport.tls != nil }

    // MARK: Life

    func start() {
        timer = LoopTimer(on: loop) { [unowned self] in
            timedOut = true
            reader.wake()
        }
        guard (try? loop.watch(transport.descriptor, for: interest.wanted, handler: self)) != nil else {
            transport.close()
            return server.closed(self)
        }
        watched = interest.wanted
        task = loop.spawn { await self.live() }
    }

    private func live() async {
        let opening = await open()
        if opening != .failed {
            // The protocol that ALPN agreed on says whose session this is. HTTP/1.1 is all that is offered.
            let connection = HTTP1Connection(on: self)
            self.connection = connection
            if opening == .plainHTTP { connection.refuse(.notEncrypted) } else { await connection.run() }
        }
        await flushed()
        if connection?.lingers == true { await linger() } else { transport.finishSending() }
        close()
    }

    private func close() {
        connection = nil
        timer?.set(.never)
        writeTimer?.set(.never)
        quietTimer?.set(.never)
        unwatch()
        transport.close()
        server.closed(self)
    }

    /// Called when the server shuts down: a channel without a request ends now, the others after their answer.
    func drain() { if connection?.drain() == true { lookOnceMore() } }

    /// Memory is short: an idle channel that has served a request ends. One that has not had a request yet gets less time for it.
    func saveMemory() { if connection?.saveMemory() == true { lookOnceMore() } }

    /// A request may be here already.
    private func lookOnceMore() {
        interest.mayRead = true
        reader.wake()
    }

    /// Ends the channel at once: nothing more can be read or written, and whatever works for the client stops.
    func abort() {
        guard !isGone else { return }
        isGone = true
        interest.lose()
        // epoll reports a dead socket as ready for ever.
        unwatch()
        output.removeAll()
        countUnsent()
        task?.cancel()
        reader.wake()
        writer?.wake()
    }

    // MARK: Readiness

    func ready(_ descriptor: Int32, for readiness: Readiness) {
        let news = interest.note(readiness, readerWaits: reader.isWaiting, isInExchange: isInExchange, isEncrypted: isEncrypted)
        if news == .lost { return abort() }
        if readiness.contains(.writable) { flush() }
        if news == .wakesReader { reader.wake() }
        watch()
    }

    private func watch() {
        guard let watched, watched != interest.wanted else { return }
        self.watched = interest.wanted
        loop.rewatch(transport.descriptor, for: interest.wanted)
    }

    private func unwatch() {
        guard watched != nil else { return }
        watched = nil
        loop.unwatch(transport.descriptor)
    }

    /// The TLS handshake, where there is one.
    private func open() async -> HTTPTransport.Opening {
        guard isEncrypted else { return .ready }
        setDeadline(loop.now + server.rules.intervals.handshake)
        while true {
            let opening = transport.open()
            // libssl may have taken the first request from the socket together with the end of the handshake.
            interest.mayRead = opening == .ready
            guard opening == .wouldBlock else { return opening }
            guard await readable() else { return .failed }
        }
    }
}

// MARK: - Reading

extension ClientChannel {
    /// The result of a read.
    enum Input {
        /// Bytes in memory that all channels of the loop share: to be copied before anything else is read.
        case bytes(UnsafeRawBufferPointer)
        /// There are no bytes now.
        case nothingYet
        /// No more bytes will come.
        case closed
    }

    /// Reads what has arrived. Does not ask the system where there is nothing for sure.
    /// - Parameter isLikely: whether to ask the system in any case.
    func read(isLikely: Bool = false) -> Input {
        guard interest.mayRead || isLikely else { return .nothingYet }
        switch transport.read(into: server.scratch) {
        case .bytes(let count):
            interest.mayRead = transport.mayHaveMore(after: count)
            return .bytes(UnsafeRawBufferPointer(rebasing: server.scratch[..<count]))
        case .wouldBlock:
            interest.mayRead = false
            return .nothingYet
        case .closed: return .closed
        }
    }

    /// Waits until there may be something to read; false when the deadline came first or the client is gone.
    func readable() async -> Bool {
        if !interest.mayRead, !isGone, !timedOut {
            interest.awaitBytes()
            watch()
            await reader.wait()
        }
        return !isGone && !timedOut
    }

    /// Sets until when ``readable()`` waits; `never` for ever. Once it has passed nothing is waited for any more.
    @inline(__always)
    func setDeadline(_ deadline: MonotonicTime) { timer?.set(deadline) }

    /// Says that nothing more will come, then reads and drops what is still on its way: closing a socket with unread bytes makes the
    /// kernel send a reset, which can destroy the answer before the client has read it.
    private func linger() async {
        guard !isGone else { return }
        transport.finishSending()
        timedOut = false
        setDeadline(loop.now + server.rules.intervals.linger)
        while true {
            // One read a round: a sender that keeps the socket full must not keep the loop.
            if case .closed = transport.read(into: server.scratch) { return }
            interest.mayRead = false
            guard await readable() else { return }
        }
    }
}

// MARK: - Writing

extension ClientChannel {
    /// Appends to what leaves at the end of this round. What is appended for a client that is gone goes nowhere.
    @inline(__always)
    func write(_ append: (inout [UInt8]) -> Void) {
        append(&output.bytes)
        if isGone { return output.removeAll() }
        if let quiet { quietTimer?.set(loop.now + quiet.interval) }
        if !flushIsDue {
            flushIsDue = true
            loop.notifyAtRoundEnd(self)
        }
    }

    func roundEnded() {
        flushIsDue = false
        flush()
    }

    private func flush() {
        var moved = false
        while output.unsentCount > 0, interest.mayWrite {
            switch output.send({ transport.write($0) }) {
            case .bytes(let count):
                output.noteSent(count)
                moved = true
            case .wouldBlock:
                interest.awaitRoom()
                watch()
            case .closed: return abort()
            }
        }
        output.forgetSent(isInExchange: isInExchange)
        if output.unsentCount == 0 {
            writeTimer?.set(.never)
            writeIsTimed = false
        } else if moved || !writeIsTimed {
            expectProgress()
        }
        countUnsent()
        if output.unsentCount <= server.unreadAnswerLimit { writer?.wake() }
    }

    /// What could not be sent must move within `timeouts.write`.
    private func expectProgress() {
        if writeTimer == nil { writeTimer = LoopTimer(on: loop) { [unowned self] in abort() } }
        writeTimer?.set(loop.now + server.rules.intervals.write)
        writeIsTimed = true
    }

    private func countUnsent() {
        let unsent = output.unsentCount
        guard unsent != countedUnsent else { return }
        server.noteUnsent(unsent - countedUnsent)
        countedUnsent = unsent
    }

    /// Whether so much of the answer is unread that its source is to wait.
    var holdsMuch: Bool { output.unsentCount > server.unreadAnswerLimit }

    /// Waits until little enough of the answer is unread; false when the client is gone.
    /// - Parameter sends: whether to send first what is due at the end of the round.
    func drained(sendingFirst sends: Bool = false) async -> Bool {
        if sends, holdsMuch { flush() }
        if holdsMuch, !isGone { await roomInOutput() }
        return !isGone
    }

    private func roomInOutput() async {
        if writer == nil { writer = LoopWaiter(on: loop) }
        await writer?.wait()
    }

    /// Waits until everything is sent or the client is gone.
    private func flushed() async {
        if flushIsDue { flush() }
        while output.unsentCount > 0, !isGone {
            await roomInOutput()
            if interest.mayWrite { flush() }
        }
    }

    /// Runs `action` each time nothing has been written for `interval`; `nil` ends that.
    func whenQuiet(_ rule: (interval: Duration, action: () -> Void)?) {
        quiet = rule
        if quietTimer == nil { quietTimer = LoopTimer(on: loop) { [unowned self] in beQuietNoMore() } }
        quietTimer?.set(rule.map { loop.now + $0.interval } ?? .never)
    }

    /// A client that has not read what there is needs no sign of life.
    private func beQuietNoMore() {
        guard let quiet else { return }
        if output.unsentCount == 0 { quiet.action() } else { quietTimer?.set(loop.now + quiet.interval) }
    }
}
