internal import EventLoop
internal import TLS

/// One client's connection: reads requests, hands each to the handler as an exchange, writes the answers in order.
///
/// Belongs to its loop. What is written in a round of the loop leaves in one piece at its end.
///
/// The watch is level-triggered: after a read that was not full nothing is read again before epoll says so, which spares every request the
/// read that finds nothing. What arrives while nobody waits for it takes `readable` out of the watch until somebody does.
final class HTTPConnection: ReadinessHandler, RoundEndHandler, @unchecked Sendable {
    let server: HTTPServer
    let peer: PeerAddress
    private var transport: HTTPTransport
    private var task: Task<Void, Never>?
    private(set) var timer: LoopTimer?

    private(set) var input: [UInt8] = []
    private(set) var inputStart = 0
    private var output: [UInt8] = []
    private var outputStart = 0
    /// What the server knows of what waits in `output`.
    private var countedUnsent = 0
    private var flushIsDue = false
    /// Whether a read is worth trying before epoll says so.
    var mayRead = false
    private var mayWrite = true
    private var watched: Readiness = [.readable, .peerClosed]
    private var isWatched = false
    private(set) var isGone = false
    private var timedOut = false
    private var isInExchange = false
    private var isAtRest = true
    /// Whether it has had a request: then it may end between two.
    private var hasServed = false
    private var endsAtRest = false
    /// Whether the client may still be sending what nobody will read.
    var lingers = false
    private var readWaiter: UnsafeContinuation<Void, Never>?
    private var drainWaiter: UnsafeContinuation<Void, Never>?
    private var writeTimer: LoopTimer?
    private var writeIsTimed = false
    private var quietTimer: LoopTimer?
    private var quiet: (interval: Duration, action: () -> Void)?

    init(server: HTTPServer, descriptor: Int32, peer: PeerAddress, tls: TLSConnection?) {
        self.server = server
        self.peer = peer
        transport = HTTPTransport(descriptor: descriptor, tls: tls)
    }

    var loop: EventLoop { server.loop }
    var isEncrypted: Bool { transport.tls != nil }

    // MARK: Life

    func start() {
        timer = LoopTimer(on: loop) { [unowned self] in
            timedOut = true
            wakeReader()
        }
        do {
            try loop.watch(transport.descriptor, for: watched, handler: self)
            isWatched = true
        } catch {
            transport.close()
            return server.closed(self)
        }
        task = loop.spawn { await self.live() }
    }

    private func live() async {
        if await handshake() {
            while let head = await nextHead() {
                isInExchange = true
                let exchange = HTTPExchange(head, on: self)
                await server.handler.handle(exchange)
                let goesOn = exchange.conclude()
                isInExchange = false
                hasServed = true
                if !goesOn || server.isDraining { break }
                // Pipelined requests take turns with other connections, and wait while their answers are not read.
                if inputStart < input.count { await Task.yield() }
                if unsentBytes > server.unreadAnswerLimit { flush() }
                guard await drained() else { break }
            }
        }
        await flushed()
        if lingers { await linger() } else { transport.finishSending() }
        close()
    }

    private func close() {
        timer?.set(.never)
        writeTimer?.set(.never)
        quietTimer?.set(.never)
        unwatch()
        transport.close()
        server.closed(self)
    }

    private func unwatch() {
        guard isWatched else { return }
        isWatched = false
        loop.unwatch(transport.descriptor)
    }

    /// The server shuts down: a connection without a request ends now, the others after their answer.
    func drain() { if isAtRest { end() } }

    /// Memory is wanted: a connection that has been kept for another request ends. One that has had none yet must hurry.
    func saveMemory() {
        guard isAtRest else { return }
        if hasServed { end() } else { timer?.set(loop.now + server.intervals.head) }
    }

    private func end() {
        endsAtRest = true
        // A request may be here already: it is looked for once more.
        mayRead = true
        wakeReader()
    }

    /// Ends the connection at once, whatever it is doing.
    func abort() { lose() }

    /// The client is gone: nothing more can be read or written, and whatever works for it stops.
    private func lose() {
        guard !isGone else { return }
        isGone = true
        mayWrite = false
        // A dead socket is ready for ever.
        unwatch()
        output = []
        outputStart = 0
        countUnsent()
        task?.cancel()
        wakeReader()
        wakeDrainWaiter()
    }

    // MARK: Readiness

    func ready(_ descriptor: Int32, for readiness: Readiness) {
        if readiness.contains(.writable) {
            mayWrite = true
            watch(watched.subtracting(.writable))
            flush()
        }
        if !readiness.isDisjoint(with: [.hungUp, .failed]) { return lose() }
        // Over TLS nobody half-closes: a client that sends its FIN during an exchange has given up. In the clear it may still be reading.
        if readiness.contains(.peerClosed), isInExchange, isEncrypted { return lose() }
        guard !readiness.isDisjoint(with: [.readable, .peerClosed]) else { return }
        mayRead = true
        // Of a TLS client in an exchange its FIN is still of interest.
        let unwanted: Readiness = isInExchange && isEncrypted ? .readable : [.readable, .peerClosed]
        if readWaiter == nil { watch(watched.subtracting(unwanted)) } else { wakeReader() }
    }

    private func watch(_ readiness: Readiness) {
        guard isWatched, readiness != watched else { return }
        watched = readiness
        loop.rewatch(transport.descriptor, for: readiness)
    }

    private func wakeReader() {
        guard let waiter = readWaiter else { return }
        readWaiter = nil
        waiter.resume()
    }

    private func wakeDrainWaiter() {
        guard let waiter = drainWaiter else { return }
        drainWaiter = nil
        waiter.resume()
    }

    // MARK: Reading

    /// Waits until the descriptor may be readable; false when `timer` ran out first or the client is gone.
    func readable() async -> Bool {
        if !mayRead, !isGone, !timedOut {
            watch(watched.union([.readable, .peerClosed]))
            await withUnsafeContinuation { readWaiter = $0 }
        }
        return !isGone && !timedOut
    }

    private func handshake() async -> Bool {
        guard isEncrypted else { return true }
        timer?.set(loop.now + server.intervals.handshake)
        guard let first = await firstByte() else { return false }
        // A TLS record begins with its type, 22; a letter begins the method of a request in plain HTTP.
        if (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first | 0x20) {
            transport.tls = nil
            refuse(.notEncrypted)
            return false
        }
        while true {
            switch transport.handshake() {
            case .bytes:
                // libssl may have taken the first request from the socket together with the end of the handshake.
                mayRead = true
                return true
            case .closed: return false
            case .wouldBlock: mayRead = false
            }
            guard await readable() else { return false }
        }
    }

    /// Waits for the first byte, which stays unread; `nil` when none comes.
    private func firstByte() async -> UInt8? {
        while true {
            switch transport.peek() {
            case .byte(let byte): return byte
            case .closed: return nil
            case .wouldBlock: mayRead = false
            }
            guard await readable() else { return nil }
        }
    }

    /// The next request's head; `nil` when the connection has come to its end, after an answer if the client is owed one.
    private func nextHead() async -> HTTPRequestHead? {
        var parser = HTTPRequestParser(limits: server.limits)
        isAtRest = inputStart == input.count
        timer?.set(loop.now + (isAtRest && hasServed && server.keepsConnections ? server.intervals.keepAlive : server.intervals.head))
        while true {
            if inputStart < input.count {
                switch parse(&parser) {
                case .head(let head, let consumed):
                    endsAtRest = false
                    consume(consumed)
                    timer?.set(.never)
                    return head
                case .invalid(let violation):
                    refuse(violation)
                    return nil
                case .incomplete: break
                }
            }
            switch fill() {
            case .bytes: if isAtRest { beginHead() }
            case .closed: return nil
            case .wouldBlock:
                if endsAtRest || server.isDraining, isAtRest { return nil }
                guard await readable() else {
                    if timedOut, !isAtRest { refuse(.headTimeout) }
                    return nil
                }
            }
        }
    }

    private func beginHead() {
        isAtRest = false
        timer?.set(loop.now + server.intervals.head)
    }

    private func parse(_ parser: inout HTTPRequestParser) -> HTTPRequestParser.HeadResult {
        let input = input
        return parser.parseHead(input.span.extracting(droppingFirst: inputStart))
    }

    func consume(_ count: Int) {
        inputStart += count
        if inputStart >= input.count {
            inputStart = 0
            input.removeAll(keepingCapacity: false)
        }
    }

    /// Moves what has arrived into `input`.
    func fill() -> HTTPTransport.Outcome {
        if !mayRead { return .wouldBlock }
        let outcome = transport.read(into: server.scratch)
        switch outcome {
        case .bytes(let count):
            if inputStart > 0 {
                input.removeFirst(inputStart)
                inputStart = 0
            }
            input.append(contentsOf: UnsafeRawBufferPointer(server.scratch)[..<count])
            mayRead = transport.mayHaveMore(after: count)
        case .wouldBlock: mayRead = false
        case .closed: break
        }
        return outcome
    }

    // MARK: Writing

    /// Appends to what leaves at the end of this round.
    func write(_ append: (inout [UInt8]) -> Void) {
        guard !isGone else { return }
        append(&output)
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
        while outputStart < output.count, mayWrite {
            switch output.withUnsafeBytes({ transport.write(UnsafeRawBufferPointer(rebasing: $0[outputStart...])) }) {
            case .bytes(let count):
                outputStart += count
                moved = true
            case .wouldBlock:
                mayWrite = false
                watch(watched.union(.writable))
            case .closed: return lose()
            }
        }
        if outputStart == output.count {
            outputStart = 0
            output.removeAll(keepingCapacity: output.capacity <= 4096)
            writeTimer?.set(.never)
            writeIsTimed = false
        } else {
            forgetSentBytes()
            if moved || !writeIsTimed { expectProgress() }
        }
        countUnsent()
        if unsentBytes <= server.unreadAnswerLimit { wakeDrainWaiter() }
    }

    /// What could not be sent must move within `timeouts.write`.
    private func expectProgress() {
        if writeTimer == nil { writeTimer = LoopTimer(on: loop) { [unowned self] in lose() } }
        writeTimer?.set(loop.now + server.intervals.write)
        writeIsTimed = true
    }

    private var unsentBytes: Int { output.count - outputStart }

    private func countUnsent() {
        let unsent = unsentBytes
        guard unsent != countedUnsent else { return }
        server.noteUnsent(unsent - countedUnsent)
        countedUnsent = unsent
    }

    /// A client that is a little slower than its provider never empties the buffer: what it has got must not pile up in it.
    private func forgetSentBytes() {
        guard outputStart >= 64 * 1024 else { return }
        output.removeFirst(outputStart)
        outputStart = 0
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
        if unsentBytes == 0 { quiet.action() } else { quietTimer?.set(loop.now + quiet.interval) }
    }

    /// Waits until little enough of the answer is unread; false when the client is gone.
    func drained() async -> Bool {
        if unsentBytes > server.unreadAnswerLimit, !isGone { await withUnsafeContinuation { drainWaiter = $0 } }
        return !isGone
    }

    /// Waits until everything is sent or the client is gone.
    private func flushed() async {
        if flushIsDue { flush() }
        while outputStart < output.count, !isGone {
            await withUnsafeContinuation { drainWaiter = $0 }
            if mayWrite { flush() }
        }
    }

    // MARK: Endings

    /// Answers a request that could not be understood; the connection ends after it.
    private func refuse(_ violation: HTTPViolation) {
        lingers = true
        server.handler.refuse(violation, HTTPRefusal(connection: self))
    }

    /// Says that nothing more will come, then reads and drops what is still on its way: closing a socket with unread bytes makes the
    /// kernel send a reset, which can destroy the answer before the client has read it.
    private func linger() async {
        guard !isGone else { return }
        transport.finishSending()
        timedOut = false
        timer?.set(loop.now + server.intervals.linger)
        input = []
        inputStart = 0
        while true {
            switch transport.read(into: server.scratch) {
            // One read a round: a sender that keeps the socket full must not keep the loop.
            case .bytes, .wouldBlock: mayRead = false
            case .closed: return
            }
            guard await readable() else { return }
        }
    }
}
