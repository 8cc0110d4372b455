internal import Chat
internal import Core
internal import Dialects
internal import EventLoop
internal import Execution
internal import HTTPServer
internal import Ledger

/// A request as it arrived, not authenticated: the first of the types of a request. Its id, policy snapshot and start time are set here and
/// kept to the end.
struct IncomingRequest {
    /// The destination of its answer.
    private(set) var reply: ResponseWriter
    /// How the client asks and wants to be answered.
    let dialect: ClientDialect
    let loop: GatewayLoop
    let requestID: String
    let policies: ServingPolicies
    let startTime: MonotonicTime
    let wallTime: WallTime

    init(_ exchange: HTTPExchange, in loop: GatewayLoop) {
        reply = .client(exchange)
        dialect = .chatCompletions
        self.loop = loop
        requestID = Self.clientRequestID(exchange.head) ?? loop.identifiers.next("req_")
        policies = loop.currentPolicies()
        startTime = MonotonicTime.now()
        wallTime = WallTime.now
    }

    /// The same request with another destination of its answer.
    func answering(_ sink: ResponseWriter) -> IncomingRequest {
        var call = self
        call.reply = sink
        return call
    }

    /// The client's request id is used if it is short and plain: it goes into headers, records and logs.
    private static func clientRequestID(_ head: HTTPRequestHead) -> String? {
        guard head.count(of: "x-request-id") == 1, let id = head.string("x-request-id"), (1...128).contains(id.utf8.count) else {
            return nil
        }
        let isPlain = id.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"):
                true
            default: false
            }
        }
        return isPlain ? id : nil
    }

    /// Whether the client requests an explanation (`x-purser-explain: true`).
    var wantsExplanation: Bool { reply.text("x-purser-explain") == "true" }

    /// The client's ceiling in USD, from `x-purser-max-cost`.
    /// - Throws: `invalid_request_error` when the header is invalid.
    func clientMaxCost() throws(GatewayError) -> NanoUSD? {
        guard let text = reply.text("x-purser-max-cost") else { return nil }
        if let amount = NanoUSD(decimal: text), amount >= .zero { return amount }
        throw GatewayError(
            .invalidRequest, "x-purser-max-cost must be an amount of USD such as 0.05, zero or more.", param: "x-purser-max-cost")
    }

    /// The client's deadline as a time from the start, from `x-purser-timeout: 30s` (also `ms`, `m`).
    /// - Throws: `invalid_request_error` when the header is invalid.
    func clientTimeout() throws(GatewayError) -> Duration? {
        guard let text = reply.text("x-purser-timeout") else { return nil }
        for (unit, milliseconds) in [("ms", 1), ("s", 1_000), ("m", 60_000)] where text.hasSuffix(unit) {
            guard let number = Int(text.dropLast(unit.count)), number > 0, number <= 86_400_000 / milliseconds else { break }
            return .milliseconds(number * milliseconds)
        }
        throw GatewayError(.invalidRequest, "x-purser-timeout must be a time such as 30s, 500ms or 5m.", param: "x-purser-timeout")
    }
}
