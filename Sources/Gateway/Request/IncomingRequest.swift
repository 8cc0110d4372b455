internal import Chat
internal import EventLoop
internal import Execution
internal import HTTPServer
internal import Ledger

/// The first of the types that a request grows through: who asks is not known yet. One request id, one policy snapshot and one start time are
/// taken here and carried to the end.
struct IncomingRequest {
    /// Where its answer goes.
    private(set) var reply: ResponseWriter
    let loop: GatewayLoop
    let requestID: String
    let policies: ServingPolicies
    let startTime: MonotonicTime
    let wallTime: WallTime

    init(_ exchange: HTTPExchange, in loop: GatewayLoop) {
        reply = .client(exchange)
        self.loop = loop
        requestID = Self.clientRequestID(exchange.head) ?? loop.identifiers.next("req_")
        policies = loop.currentPolicies()
        startTime = MonotonicTime.now()
        wallTime = WallTime.now
    }

    /// The same call with its answer going elsewhere.
    func answering(_ sink: ResponseWriter) -> IncomingRequest {
        var call = self
        call.reply = sink
        return call
    }

    /// A client's own id is kept when it is short and plain: it goes into headers, records and logs.
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

    /// Whether the client wants to know how its request was decided (`x-purser-explain: true`).
    var wantsExplanation: Bool { reply.text("x-purser-explain") == "true" }

    /// What the client is willing to pay, from `x-purser-max-cost`, in USD.
    /// - Throws: `invalid_request_error` when the header is there and makes no sense.
    func clientMaxCost() throws(GatewayError) -> NanoUSD? {
        guard let text = reply.text("x-purser-max-cost") else { return nil }
        if let amount = NanoUSD(decimal: text), amount >= .zero { return amount }
        throw GatewayError(
            .invalidRequest, "x-purser-max-cost must be an amount of USD such as 0.05, zero or more.", param: "x-purser-max-cost")
    }

    /// How long the client is willing to wait, from `x-purser-timeout: 30s` (also `ms`, `m`).
    /// - Throws: `invalid_request_error` when the header is there and makes no sense.
    func clientTimeout() throws(GatewayError) -> Duration? {
        guard let text = reply.text("x-purser-timeout") else { return nil }
        for (unit, milliseconds) in [("ms", 1), ("s", 1_000), ("m", 60_000)] where text.hasSuffix(unit) {
            guard let number = Int(text.dropLast(unit.count)), number > 0, number <= 86_400_000 / milliseconds else { break }
            return .milliseconds(number * milliseconds)
        }
        throw GatewayError(.invalidRequest, "x-purser-timeout must be a time such as 30s, 500ms or 5m.", param: "x-purser-timeout")
    }
}
