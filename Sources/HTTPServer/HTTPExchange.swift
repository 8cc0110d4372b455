internal import EventLoop

/// One request and the answer to it. The handler reads the body if it wants it, then answers once: whole with `respond`, or piece by piece
/// with `begin`, `write` and `end`.
///
/// Belongs to the loop of its connection.
public final class HTTPExchange {
    /// The request's head.
    public let head: HTTPRequestHead
    private let connection: HTTPConnection
    private var bodyIsRead: Bool
    private var state = State.unanswered
    private var mustClose = false
    private var isChunked = false
    private var watchesQuiet = false
    /// Appends what belongs into the head of whatever answer is sent.
    public var commonFields: ((inout HTTPResponseHead) -> Void)?

    private enum State { case unanswered, streaming, answered }

    init(_ head: HTTPRequestHead, on connection: HTTPConnection) {
        self.head = head
        self.connection = connection
        bodyIsRead = head.framing == .none
    }

    /// Whether the client has left: what is written goes nowhere.
    public var clientIsGone: Bool { connection.isGone }
    /// Whether the first byte of an answer has been written.
    public var hasBegun: Bool { state != .unanswered }

    // MARK: Request

    /// Reads the whole body, and unpacks it. Its coding must not be unknown.
    /// - Parameters:
    ///   - padding: spare capacity to leave behind the body, for parsers that read ahead.
    ///   - hasRoom: asked with the size so far each time that more has come; false ends it.
    /// - Throws: `HTTPViolation` with the status to answer: 400, 408, 413, or `clientLeft`, `noRoom`.
    public func body(padding: Int = 0, hasRoom: (Int) -> Bool = { _ in true }) async throws(HTTPViolation) -> [UInt8] {
        guard !bodyIsRead else { return [] }
        if head.expectsContinue { connection.write { HTTPResponseHead.appendContinue(to: &$0) } }
        var decoder = HTTPBodyDecoder(framing: head.framing, limits: connection.server.limits)
        var body: [UInt8] = []
        let inflater = head.hasContentEncoding ? BodyInflater(head.contentCoding) : nil
        if inflater == nil, case .length(let length) = head.framing {
            // All of it at once, for growing leaves holes behind in the heap. What a client announces and does not send costs addresses only.
            body.reserveCapacity(length + padding)
        }
        do { try await connection.readBody(&decoder, into: &body, unpacking: inflater, hasRoom: hasRoom) } catch {
            mustClose = true
            throw error
        }
        bodyIsRead = true
        return body
    }

    /// Throws away a small body that has come already: the connection can then be kept although nobody has read it. A new one, with its
    /// handshake, would cost more than the refusal it got.
    public func dropArrivedBody() {
        guard !bodyIsRead, !head.expectsContinue, case .length(let length) = head.framing else { return }
        bodyIsRead = connection.dropBody(of: length)
    }

    // MARK: Answer

    /// Sends a complete answer.
    /// - Parameter fields: appends further header fields; `content-length` and framing are taken care of.
    public func respond(_ status: Int, body: [UInt8], fields: (inout HTTPResponseHead) -> Void) {
        guard state == .unanswered else { return }
        state = .answered
        var head = HTTPResponseHead(status: status, framing: .length(body.count), closes: decideToClose())
        fields(&head)
        commonFields?(&head)
        connection.write { output in
            output.reserveCapacity(output.count + body.count + 768)
            head.append(to: &output, date: connection.server.date)
            if self.head.method != .head { output.append(contentsOf: body) }
        }
    }

    /// Begins an answer whose length is not known.
    public func begin(_ status: Int, fields: (inout HTTPResponseHead) -> Void) {
        guard state == .unanswered else { return }
        state = .streaming
        isChunked = head.minorVersion >= 1
        if !isChunked { mustClose = true }
        var head = HTTPResponseHead(status: status, framing: isChunked ? .chunked : .untilClose, closes: decideToClose())
        fields(&head)
        commonFields?(&head)
        connection.write { head.append(to: &$0, date: connection.server.date) }
    }

    /// Writes a piece of a begun answer; it leaves at the end of the loop's round.
    public func write(_ bytes: [UInt8]) {
        guard state == .streaming, !bytes.isEmpty, head.method != .head else { return }
        connection.write { output in
            if isChunked { HTTPResponseHead.appendChunk(bytes[...], to: &output) } else { output.append(contentsOf: bytes) }
        }
    }

    /// Waits until the client has read enough for more to be written; false when it is gone.
    public func readyForMore() async -> Bool { await connection.drained() }

    /// Ends a begun answer.
    public func end() {
        guard state == .streaming else { return }
        state = .answered
        if isChunked, head.method != .head { connection.write { HTTPResponseHead.appendLastChunk(to: &$0) } }
    }

    /// Runs `action` each time nothing has been written for `interval`, until the answer ends: the place for keep-alive comments.
    public func whenQuiet(for interval: Duration, _ action: @escaping () -> Void) {
        guard state != .answered else { return }
        watchesQuiet = true
        connection.whenQuiet((interval, action))
    }

    // MARK: For the connection

    private func decideToClose() -> Bool {
        // An unread body would be taken for the next request.
        if !bodyIsRead { connection.lingers = true }
        if !head.keepAlive || !bodyIsRead || !connection.server.keepsConnections { mustClose = true }
        return mustClose
    }

    /// Whether the connection can take another request. An answer that was begun and not ended leaves the client at a truncated body.
    func conclude() -> Bool {
        if watchesQuiet { connection.whenQuiet(nil) }
        return state == .answered && bodyIsRead && !mustClose && !connection.isGone
    }
}

/// The way to answer a request that could not be understood.
public struct HTTPRefusal {
    let connection: HTTPConnection

    /// Sends the answer; the connection closes after it.
    public func respond(_ status: Int, body: [UInt8], fields: (inout HTTPResponseHead) -> Void) {
        var head = HTTPResponseHead(status: status, framing: .length(body.count), closes: true)
        fields(&head)
        connection.write { output in
            head.append(to: &output, date: connection.server.date)
            output.append(contentsOf: body)
        }
    }
}
