#if canImport(HTTPServer)
    @testable import HTTPServer
#endif

/// A connection without a socket: feeds bytes, cut where one likes, to parser and decoder, the way the real connection does.
///
/// The fuzzer compiles this file together with the sources, hence the conditional import.
struct RequestStream {
    struct Request: Equatable, CustomStringConvertible {
        var method: HTTPMethod
        var path: String
        var query: String?
        var minorVersion: Int
        var fields: [String]
        var framing: HTTPFraming
        var keepAlive: Bool
        var expectsContinue: Bool
        /// Nil when the input ended before the body did.
        var body: [UInt8]?

        var description: String {
            "\(method) \(path)?\(query ?? "-") HTTP/1.\(minorVersion) \(fields) \(framing) body \(body?.count ?? -1)"
        }
    }

    /// What came out of it, in order.
    struct Outcome: Equatable {
        var requests: [Request] = []
        var violation: HTTPViolation?
    }

    private(set) var outcome = Outcome()
    private(set) var parser: HTTPRequestParser
    private let limits: HTTPLimits
    private var pending: [UInt8] = []
    private var decoder: HTTPBodyDecoder?
    private var body: [UInt8] = []

    init(limits: HTTPLimits = HTTPLimits()) {
        self.limits = limits
        parser = HTTPRequestParser(limits: limits)
    }

    /// The outcome of `bytes`, received in pieces that end at `cuts` (ascending) and at the end.
    static func run(_ bytes: [UInt8], cuts: [Int] = [], limits: HTTPLimits = HTTPLimits()) -> Outcome {
        var stream = RequestStream(limits: limits)
        var start = 0
        for cut in cuts + [bytes.count] where cut > start || bytes.isEmpty {
            stream.receive(bytes[start..<cut])
            start = cut
        }
        return stream.outcome
    }

    mutating func receive(_ bytes: ArraySlice<UInt8>) {
        pending += bytes
        while outcome.violation == nil, decoder == nil ? parseHead() : decodeBody() {}
    }

    private mutating func parseHead() -> Bool {
        // A span of a stored array would borrow the whole stream.
        let received = pending
        switch parser.parseHead(received.span) {
        case .incomplete: return false
        case .invalid(let violation):
            outcome.violation = violation
            return false
        case .head(let head, let consumed):
            pending.removeFirst(consumed)
            decoder = HTTPBodyDecoder(framing: head.framing, limits: limits)
            outcome.requests.append(Request(head))
            return true
        }
    }

    private mutating func decodeBody() -> Bool {
        let received = pending
        var body = self.body
        defer { self.body = body }
        switch decoder?.decode(received.span, into: &body) {
        case .incomplete(let consumed):
            pending.removeFirst(consumed)
            return false
        case .complete(let consumed):
            pending.removeFirst(consumed)
            outcome.requests[outcome.requests.count - 1].body = body
            body = []
            decoder = nil
            return true
        case .invalid(let violation):
            outcome.violation = violation
            return false
        case nil: return false
        }
    }
}

extension RequestStream.Request {
    init(_ head: HTTPRequestHead) {
        func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
        self.init(
            method: head.method, path: text(head.path), query: head.query.map(text), minorVersion: head.minorVersion,
            fields: head.fields.map { "\(text($0.name)): \(text($0.value))" }, framing: head.framing, keepAlive: head.keepAlive,
            expectsContinue: head.expectsContinue)
    }
}
