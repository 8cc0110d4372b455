/// One request and the answer to it. The handler reads the body if it wants it, then answers once: whole with `respond`, or piece by piece
/// with `begin`, `write` and `end`.
///
/// Belongs to the loop of its connection.
public final class HTTPExchange {
    /// The request's head.
    public let head: HTTPRequestHead
    private let connection: HTTP1Connection
    private var watchesQuiet = false
    /// Whether the connection has gone on to the next request.
    private var isOver = false
    /// Appends what belongs into the head of whatever answer is sent.
    public var commonFields: ((inout HTTPResponseHead) -> Void)?

    init(_ head: HTTPRequestHead, on connection: HTTP1Connection) {
        self.head = head
        self.connection = connection
    }

    /// Whether the client has left: what is written goes nowhere.
    public var clientIsGone: Bool { connection.channel.isGone }
    /// Whether the first byte of an answer has been written.
    public var hasBegun: Bool { isOver || connection.session.exchange.answer != .none }

    // MARK: Request

    /// Reads the whole body, and unpacks it. Its coding must not be unknown.
    /// - Parameters:
    ///   - padding: spare capacity to leave behind the body, for parsers that read ahead.
    ///   - hasRoom: asked with the size so far each time that more has come; false ends it.
    /// - Throws: `HTTPViolation` with the status to answer: 400, 408, 413, or `clientLeft`, `noRoom`.
    public func body(padding: Int = 0, hasRoom: (Int) -> Bool = { _ in true }) async throws(HTTPViolation) -> [UInt8] {
        guard !isOver, !connection.session.exchange.bodyIsRead else { return [] }
        var body: [UInt8] = []
        let inflater = head.hasContentEncoding ? BodyInflater(head.contentCoding) : nil
        if inflater == nil, case .length(let length) = head.framing {
            // Capacity is reserved at once, because growing fragments the heap. A length that a client announces and does not send costs
            // address space only.
            body.reserveCapacity(length + padding)
        }
        if inflater == nil, try connection.takeArrivedBody(into: &body, hasRoom: hasRoom) { return body }
        try await connection.readBody(into: &body, unpacking: inflater, hasRoom: hasRoom)
        return body
    }

    /// Discards a small body that has come already: the connection can then be kept although the body was not read. A new connection, with
    /// its handshake, would cost more than the refusal did.
    public func dropArrivedBody() { if !isOver { connection.dropArrivedBody() } }

    // MARK: Answer

    /// Sends a complete answer.
    /// - Parameter fields: appends further header fields; `content-length` and framing are taken care of.
    public func respond(_ status: Int, body: [UInt8], fields: (inout HTTPResponseHead) -> Void) {
        if !hasBegun { connection.respond(head(status, fields), body: body) }
    }

    /// Begins an answer whose length is not known.
    public func begin(_ status: Int, fields: (inout HTTPResponseHead) -> Void) {
        if !hasBegun { connection.begin(head(status, fields)) }
    }

    private func head(_ status: Int, _ fields: (inout HTTPResponseHead) -> Void) -> HTTPResponseHead {
        var head = HTTPResponseHead(status: status)
        fields(&head)
        commonFields?(&head)
        return head
    }

    /// Writes a piece of a begun answer; it leaves at the end of the loop's round.
    public func write(_ bytes: [UInt8]) { if !isOver, !bytes.isEmpty { connection.write(bytes) } }

    /// Waits until the client has read enough for more to be written; false when it is gone.
    public func readyForMore() async -> Bool { await connection.channel.drained() }

    /// Ends a begun answer.
    public func end() { if !isOver { connection.end() } }

    /// Runs `action` each time nothing has been written for `interval`, until the answer ends: the place for keep-alive comments.
    public func whenQuiet(for interval: Duration, _ action: @escaping () -> Void) {
        guard !isOver, connection.session.exchange.answer != .whole else { return }
        watchesQuiet = true
        connection.channel.whenQuiet((interval, action))
    }

    /// The handler is done.
    func conclude() {
        isOver = true
        if watchesQuiet { connection.channel.whenQuiet(nil) }
    }
}

/// The way to answer a request that could not be understood.
public struct HTTPRefusal {
    let connection: HTTP1Connection

    /// Sends the answer; the connection closes after it.
    public func respond(_ status: Int, body: [UInt8], fields: (inout HTTPResponseHead) -> Void) {
        var head = HTTPResponseHead(status: status)
        fields(&head)
        connection.respondToRefused(head, body: body)
    }
}
