internal import EventLoop

/// How far a request on an HTTP/1 connection, its body and its answer have come.
struct HTTP1Exchange {
    /// How far the answer has come.
    enum Answer { case none, begun, whole }

    let framing: HTTPFraming
    let expectsContinue: Bool
    /// Whether the answer has a head only.
    let isHeadOnly: Bool
    /// Whether the client understands chunks.
    private let takesChunks: Bool
    private let keepsConnection: Bool

    var answer = Answer.none
    /// Whether the answer's body goes out in chunks; else it ends with the connection.
    private(set) var isChunked = false
    /// Whether nothing is left of the request's body.
    var bodyIsRead: Bool
    /// Whether the connection ends with the answer.
    var mustClose = false
    /// The decoder of the body; `nil` while the handler does not read it.
    var body: HTTPBodyDecoder?
    var bodyStart = MonotonicTime.never
    var arrivedBytes = 0

    /// Makes the state before the first request.
    init() {
        framing = .none
        expectsContinue = false
        isHeadOnly = false
        takesChunks = false
        keepsConnection = false
        bodyIsRead = true
    }

    init(_ head: HTTPRequestHead) {
        framing = head.framing
        expectsContinue = head.expectsContinue
        isHeadOnly = head.method == .head
        takesChunks = head.minorVersion >= 1
        keepsConnection = head.keepAlive
        bodyIsRead = head.framing == .none
    }

    /// Says how the body of an answer of unknown length is to end.
    mutating func beginStream() -> HTTPResponseHead.Framing {
        isChunked = takesChunks
        if !isChunked { mustClose = true }
        return isChunked ? .chunked : .untilClose
    }

    /// Whether the connection ends with the answer whose head is being written.
    mutating func decideToClose(keepsConnections: Bool) -> Bool {
        if !keepsConnection || !bodyIsRead || !keepsConnections { mustClose = true }
        return mustClose
    }
}
