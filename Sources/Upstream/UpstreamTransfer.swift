internal import CCurl
public import EventLoop

/// One call to an upstream: its request body goes up, its answer comes down piece by piece, as fast as the consumer takes it.
///
/// Belongs to the loop of its client. The consumer awaits `head`, then `nextBytes` until it returns false. A transfer that is not read to its
/// end must be told `cancel()`; cancelling the consumer's task does that by itself while it waits.
public final class UpstreamTransfer {
    /// When the first byte of the answer's body arrived; `nil` before.
    public private(set) var firstByteTime: MonotonicTime?
    /// When the call began.
    public private(set) var startTime: MonotonicTime

    /// The status of the answer; 0 before its head.
    public var status: Int { answerHead.status }
    /// Whether the request was sent at all; before that nothing can be billed. Final when the call is over.
    public private(set) var wasSent = false

    let handle: EasyHandle
    private unowned let client: UpstreamClient
    private var body: UpstreamBody
    private let hasBody: Bool
    private(set) var answerHead: UpstreamHead
    private var headIsComplete = false
    private var headBytes = 0
    private var bodyBytes = 0
    private var buffer: [UInt8] = []
    private var isPaused = false
    private var result: Result<Void, UpstreamFailure>?
    private var isReleased = false
    /// The provider's deadline, the caller's deadline, and the earlier of the two.
    private let providerDeadline, callerDeadline, totalDeadline: MonotonicTime
    /// Since when the transfer stands still because its consumer does not read; `nil` while it moves.
    private var pauseBegan: MonotonicTime?
    /// How long it has stood still so far, in nanoseconds, the pause under way not included.
    private var pausedNanoseconds: UInt64 = 0
    /// The transfer's place among those that the provider takes at once.
    private var place: UpstreamGate.Place?
    /// How much longer the consumer waits for something that counts as progress. `nil`: every byte does.
    private var patience: Duration?

    init(_ handle: EasyHandle, _ request: UpstreamRequest, client: UpstreamClient) {
        self.handle = handle
        body = request.body
        hasBody = request.hasBody
        answerHead = UpstreamHead(in: handle.takeHeadBuffer())
        self.client = client
        // Not the loop's own time: what this round has done before the call is the gateway's share, not the provider's.
        let now = MonotonicTime.now()
        startTime = now
        place = request.place
        providerDeadline = min(now + handle.endpoint.total, request.deadlines.provider)
        callerDeadline = request.deadlines.caller
        totalDeadline = min(providerDeadline, callerDeadline)
    }

    // MARK: The consumer's side

    /// Waits for the answer's head.
    public func head() async throws(UpstreamFailure) -> UpstreamHead {
        while !headIsComplete {
            if case .failure(let failure) = result { throw failure }
            if result != nil { throw .malformed("no answer head") }
            await wait()
        }
        return answerHead
    }

    /// Waits for more of the body and moves all that has arrived into `bytes`, whose former content is lost.
    /// - Returns: false at the end of a complete body.
    public func nextBytes(_ bytes: inout [UInt8]) async throws(UpstreamFailure) -> Bool {
        bytes.removeAll(keepingCapacity: true)
        while buffer.isEmpty {
            switch result {
            case .success: return false
            case .failure(let failure): throw failure
            case nil: await waitForBody()
            }
        }
        swap(&bytes, &buffer)
        if isPaused { resume() }
        return true
    }

    /// Whether the transfer stood still for a noticeable time because its consumer did not read: for a second, or for a tenth of the time that the
    /// provider has for the whole call.
    public var waitedForConsumer: Bool {
        let pause = pauseBegan.map { (MonotonicTime.now() - $0).nonNegativeNanoseconds } ?? 0
        let noticeable = min(1_000_000_000, (providerDeadline - startTime).nonNegativeNanoseconds / 10)
        return pausedNanoseconds + pause > noticeable
    }

    /// From here on the idle time-out runs while the consumer waits, and only `madeProgress` restarts it: the consumer knows which bytes
    /// say something.
    public func countOnlyProgress() { patience = handle.endpoint.timeouts.idle }

    /// Notes that the bytes that arrived last count as progress.
    public func madeProgress() { if patience != nil { patience = handle.endpoint.timeouts.idle } }

    private func waitForBody() async {
        guard let patience else { return await wait() }
        let start = client.loop.now
        handle.watchdog.set(min(totalDeadline, start + patience))
        await wait()
        self.patience = max(.zero, patience - (client.loop.now - start))
    }

    /// Gives the call up; the connection is closed unless other HTTP/2 streams use it. Harmless when the call is over.
    public func cancel() {
        guard result == nil else { return }
        noteProgress()
        client.abandon(self)
        finish(.failure(.canceled))
    }

    /// The consumer has all it wants. What is still to come (the last chunk, as a rule) is read and dropped for a moment, so that the
    /// connection can serve the next call.
    public func release() {
        guard result == nil else { return }
        isReleased = true
        buffer = []
        if isPaused { resume() }
        handle.watchdog.set(min(totalDeadline, client.loop.now + Self.releaseTime))
    }

    private static let releaseTime = Duration.seconds(1)

    private func wait() async {
        if !Task.isCancelled { await handle.waiter.waitUnlessCancelled() }
        if Task.isCancelled { cancel() }
    }

    private func resume() {
        isPaused = false
        if let began = pauseBegan { pausedNanoseconds += (MonotonicTime.now() - began).nonNegativeNanoseconds }
        pauseBegan = nil
        setPauses()
    }

    /// Tells libcurl which directions of the transfer are paused.
    private func setPauses() {
        let isStarved = if case .pieces(let upload) = body { upload.isStarved } else { false }
        curl_easy_pause(handle.easy, (isPaused ? CURLPAUSE_RECV : 0) | (isStarved ? CURLPAUSE_SEND : 0))
        client.collectFinished()
    }

    // MARK: The client's side

    /// Hands libcurl the request body, which this object keeps alive and in place until the transfer is over.
    func start() {
        if hasBody { lendBody() }
        handle.transfer = self
        handle.watchdog.set(min(totalDeadline, startTime + handle.endpoint.firstByte))
    }

    private func lendBody() {
        guard case .whole(let body) = body else { return openUpload() }
        body.withUnsafeBytes { bytes in
            // An array's storage does not move while the array is unchanged, and `body` changes only after libcurl is done with it.
            purser_curl_set_pointer(handle.easy, CURLOPT_POSTFIELDS, bytes.baseAddress)
            purser_curl_set_offset(handle.easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count))
        }
    }

    private func openUpload() {
        guard case .pieces(let upload) = body else { return }
        purser_curl_set_pointer(handle.easy, CURLOPT_POSTFIELDS, nil)
        purser_curl_set_offset(handle.easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(upload.length ?? -1))
        upload.resume = { [unowned self] in setPauses() }
    }

    /// libcurl has room for more of the body.
    /// - Returns: how many bytes it got; 0 at the end, `nil` when there are none yet.
    func offer(_ memory: UnsafeMutableRawBufferPointer) -> Int? {
        guard case .pieces(let upload) = body else { return 0 }
        guard let count = upload.read(into: memory) else { return nil }
        // The answer is due when the request is sent, and not before.
        if !headIsComplete { handle.watchdog.set(min(totalDeadline, client.loop.now + handle.endpoint.firstByte)) }
        return count
    }

    /// libcurl is done with the transfer: a body that may be large need not wait for the end of a request that tries others.
    func releaseBody() {
        if case .pieces(let upload) = body { upload.close() }
        body = .whole([])
        place?.leave()
        place = nil
    }

    /// libcurl is about to send the request. It does so again, by itself, when a connection that was used before breaks before the answer: an upstream
    /// that had the request by then may bill both, and only one was reserved. A connection that turned out to be closed took nothing.
    func mayBeginRequest() -> Bool { handle.sentRequestBytes == 0 }

    func receiveHeaderLine(_ line: UnsafeRawBufferPointer) -> Bool {
        headBytes += line.count
        guard headBytes <= handle.endpoint.limits.headBytes else {
            fail(.tooLarge("headBytes"))
            return false
        }
        // After the head only trailers come, which do not change it.
        if !headIsComplete { HeaderLine(line).update(&answerHead) }
        return true
    }

    /// libcurl offers bytes of the body; false asks it to pause and offer them again later.
    func receive(_ bytes: UnsafeRawBufferPointer) -> ReceiveResult {
        completeHead()
        if isReleased { return .taken }
        if !buffer.isEmpty, buffer.count + bytes.count > min(handle.endpoint.limits.bufferedBytes, client.bufferLimit) {
            isPaused = true
            if pauseBegan == nil { pauseBegan = MonotonicTime.now() }
            // When the consumer does not read, the client is slow, not the upstream.
            handle.watchdog.set(totalDeadline)
            return .pause
        }
        bodyBytes += bytes.count
        guard bodyBytes <= handle.endpoint.limits.bodyBytes else {
            fail(.tooLarge("bodyBytes"))
            return .abort
        }
        if firstByteTime == nil { firstByteTime = MonotonicTime.now() }
        buffer.append(contentsOf: bytes)
        if patience == nil { handle.watchdog.set(min(totalDeadline, client.loop.now + handle.endpoint.idle)) }
        handle.waiter.wake()
        return .taken
    }

    enum ReceiveResult { case taken, pause, abort }

    private func completeHead() {
        guard !headIsComplete else { return }
        headIsComplete = true
        handle.waiter.wake()
    }

    /// The head is complete when its blank line has come, even if no body ever follows.
    func headEnded() {
        // 1xx heads are followed by the real one.
        guard answerHead.status >= 200 else { return }
        if firstByteTime == nil { handle.watchdog.set(min(totalDeadline, client.loop.now + handle.endpoint.idle)) }
        completeHead()
    }

    func timedOut() {
        // A consumer that is not waiting is busy with its client: that is not the upstream's slowness.
        if patience != nil, !handle.waiter.isWaiting, result == nil, !isReleased, client.loop.now < totalDeadline {
            return handle.watchdog.set(totalDeadline)
        }
        noteProgress()
        client.abandon(self)
        // A transfer that has failed already, in a call-back whose result libcurl ignored, only had to be removed.
        guard result == nil else { return }
        let failure: UpstreamFailure =
            if client.loop.now >= totalDeadline {
                callerDeadline <= providerDeadline ? .callerTimeout : .totalTimeout
            } else if !headIsComplete { .firstByteTimeout } else { .idleTimeout }
        finish(.failure(failure))
    }

    /// Records what libcurl knows of the transfer, before libcurl drops it.
    func noteProgress() { if !wasSent { wasSent = headIsComplete || handle.hasSentRequest } }

    func finish(_ result: Result<Void, UpstreamFailure>) {
        guard self.result == nil else { return }
        if case .success = result { completeHead() }
        self.result = result
        handle.waiter.wake()
    }

    /// Notes a failure found inside a libcurl call-back; libcurl ends the transfer itself as soon as the call-back returns.
    private func fail(_ failure: UpstreamFailure) {
        guard result == nil else { return }
        noteProgress()
        result = .failure(failure)
        handle.watchdog.set(client.loop.now)
        handle.waiter.wake()
    }
}
