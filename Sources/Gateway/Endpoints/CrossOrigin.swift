internal import Chat
internal import HTTPServer
internal import Policies

/// Lets pages of other origins use the gateway from a browser (CORS of the Fetch standard), if the policies allow them.
///
/// Keys are sent in headers and never in cookies, so credentials of the browser are never allowed.
struct CrossOrigin {
    private let rules: CrossOriginRules
    private let head: HTTPRequestHead
    /// The value of `access-control-allow-origin`; `nil` without an origin, and for one that is not allowed.
    private let allowed: String?

    init(_ rules: CrossOriginRules, _ head: HTTPRequestHead) {
        self.rules = rules
        self.head = head
        let origin = head.count(of: "origin") == 1 ? head.string("origin") : nil
        allowed = origin.flatMap { rules.allows($0) ? (rules.allowsAll ? "*" : $0) : nil }
    }

    /// Whether the request is a browser's preflight, which has no key.
    var isPreflight: Bool { head.method == .options && head.first("origin") != nil && head.first("access-control-request-method") != nil }

    /// Appends the fields of every response.
    func appendFields(to fields: inout HTTPResponseHead) {
        // The response depends on the origin, even if there is none.
        if !rules.allowsAll { fields.appendField("vary", value: "Origin") }
        guard let allowed else { return }
        fields.appendField("access-control-allow-origin", value: allowed)
        if !isPreflight { fields.appendField("access-control-expose-headers", value: Self.exposed) }
    }

    /// - Throws: `origin_not_allowed`.
    func answerPreflight(_ exchange: HTTPExchange) throws(GatewayError) {
        guard allowed != nil else {
            throw GatewayError(
                Self.notAllowed, "This origin may not use the gateway from a browser. Have it added to cors.origins of the policies.")
        }
        exchange.respond(204, body: []) { fields in
            fields.appendField("access-control-allow-methods", value: "GET, HEAD, POST")
            fields.appendField("access-control-allow-headers", value: requestedHeaders)
            fields.appendField("access-control-max-age", value: 600)
            fields.appendField("vary", value: "Access-Control-Request-Method, Access-Control-Request-Headers")
        }
    }

    /// SDKs add headers of their own, so every requested header is allowed if the list is valid.
    private var requestedHeaders: String {
        guard let asked = head.string("access-control-request-headers"), asked.utf8.count <= 4_096, asked.utf8.allSatisfy(Self.isOfList)
        else {
            return Self.usual
        }
        return asked
    }

    private static func isOfList(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"),
            UInt8(ascii: "_"), UInt8(ascii: ","), UInt8(ascii: " "):
            true
        default: false
        }
    }

    static let notAllowed = GatewayError.Code("origin_not_allowed", 403, "permission_error")

    private static let usual =
        "authorization, api-key, x-api-key, content-type, idempotency-key, x-request-id, x-session-id, traceparent, "
        + "x-purser-explain, x-purser-max-cost, x-purser-metadata, x-purser-timeout"

    /// The fields of responses that a page may read.
    private static let exposed = [
        "x-request-id", "x-purser-model", "x-purser-route", "x-purser-attempts", "x-purser-cost-usd", "x-purser-budget-left-usd",
        "x-ratelimit-limit-requests", "x-ratelimit-limit-tokens", "x-ratelimit-remaining-requests", "x-ratelimit-remaining-tokens",
        "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens", "retry-after", "retry-after-ms", "x-should-retry", "idempotency-replayed",
        "server-timing", "www-authenticate",
    ].joined(separator: ", ")
}
