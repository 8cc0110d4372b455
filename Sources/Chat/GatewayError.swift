/// The one error of Purser: what went wrong, on whose side, whether trying again can help, and what may be said about it.
///
/// Each room turns its own failures into this type at its edge; one file of the gateway renders it to HTTP.
@dynamicMemberLookup
public struct GatewayError: Error, Sendable {
    /// What clients find as `error.code`, with the status and `error.type` that go with it.
    public struct Code: Hashable, Sendable {
        /// The machine-readable name, e.g. `model_not_found`.
        public let name: String
        /// The HTTP status.
        public let status: Int
        /// OpenAI's `error.type`.
        public let type: String

        /// Makes a code; the well-known ones are static members.
        public init(_ name: String, _ status: Int, _ type: String) {
            self.name = name
            self.status = status
            self.type = type
        }
    }

    /// Whose fault it is.
    public enum Source: String, Sendable { case client, gateway, upstream }

    /// Whether another attempt can help.
    public enum Retry: Hashable, Sendable {
        /// The same request will fail again everywhere.
        case never
        /// The same target may well succeed at once.
        case sameTarget
        /// Another target may succeed; this one will not soon.
        case nextTarget
        /// This target asks to be left alone for so long.
        case after(Duration)
    }

    /// What there is to know of an error; read and changed as members of the error itself.
    public struct Facts: Sendable {
        /// What happened.
        public var code: Code
        /// Whose fault it is.
        public var source: Source
        /// Whether another attempt can help.
        public var retry: Retry
        /// The request member that is wrong, in OpenAI's dotted notation, e.g. `messages.0.role`.
        public var param: String?
        /// Safe to show to the client: holds no secret and no provider's own text that could hold one.
        public var publicMessage: String
        /// For the log only.
        public var detail: String?
        /// Whether it comes to many requests at once, and is counted instead of logged for each.
        public var isCounted = false
        /// Whether the provider never got the request, so that sending it again cannot do anything twice.
        public var wasNeverSent = false
        /// Whether one request's own size, deadline or reading pace caused the failure. Such a failure says nothing of the provider's health: it
        /// moves no breaker, no cooldown and no shared retry budget.
        public var isOfOneRequest = false
        /// What the provider refused of that which the gateway itself had put into the request; zero: nothing of it. The rooms that translate and
        /// call know the bits.
        public var refusedAdditions: UInt16 = 0
        /// Every try that was made, as a JSON list; shown in the error's `attempts`.
        public var attempts: [UInt8]?
        /// How it came about, as a JSON object; shown as `purser` to who asked for it.
        public var explanation: [UInt8]?
        /// A provider's own error body that the client may see as it is (its 400s): bytes of a JSON document.
        public var passThrough: (status: Int, body: [UInt8])?
    }

    /// Facts that stand elsewhere: nearly every function can throw an error, and every suspended caller keeps room for it.
    private final class Box: Sendable {
        let facts: Facts
        init(_ facts: Facts) { self.facts = facts }
    }

    private var box: Box

    /// A fact.
    public subscript<Value>(dynamicMember member: WritableKeyPath<Facts, Value>) -> Value {
        get { box.facts[keyPath: member] }
        set {
            var facts = box.facts
            facts[keyPath: member] = newValue
            box = Box(facts)
        }
    }

    /// Makes an error.
    public init(
        _ code: Code, _ publicMessage: String, source: Source = .client, retry: Retry = .never, param: String? = nil, detail: String? = nil,
        passThrough: (status: Int, body: [UInt8])? = nil
    ) {
        box = Box(
            Facts(
                code: code, source: source, retry: retry, param: param, publicMessage: publicMessage, detail: detail,
                passThrough: passThrough))
    }
}

extension GatewayError.Code {
    /// 400: the body is not JSON, has wrong types or lacks fields.
    public static let invalidRequest = Self("invalid_request_error", 400, "invalid_request_error")
    /// 401: no key, or not one of ours.
    public static let invalidAPIKey = Self("invalid_api_key", 401, "invalid_request_error")
    /// 402: the request's own ceiling is less than what any model that could answer may cost.
    public static let maxCostExceeded = Self("max_cost_exceeded", 402, "insufficient_quota")
    /// 403: the key may not use this model.
    public static let modelNotAllowed = Self("model_not_allowed", 403, "permission_error")
    /// 404: no model of that name.
    public static let modelNotFound = Self("model_not_found", 404, "invalid_request_error")
    /// 404: no such path.
    public static let notFound = Self("not_found", 404, "invalid_request_error")
    /// 405: the path exists, the method does not fit.
    public static let methodNotAllowed = Self("method_not_allowed", 405, "invalid_request_error")
    /// 408: the client did not finish sending in time.
    public static let requestTimeout = Self("request_timeout", 408, "invalid_request_error")
    /// 413: the body is larger than the limit.
    public static let bodyTooLarge = Self("request_too_large", 413, "invalid_request_error")
    /// 415: a content type or coding that is not taken.
    public static let unsupportedMediaType = Self("unsupported_media_type", 415, "invalid_request_error")
    /// 499: the client left; nobody reads this, but records and logs name it.
    public static let clientClosedRequest = Self("client_closed_request", 499, "invalid_request_error")
    /// 500: a fault of our own.
    public static let internalError = Self("internal_error", 500, "server_error")
    /// 502: the provider failed or answered nonsense.
    public static let upstreamError = Self("upstream_error", 502, "upstream_error")
    /// 429: the provider's own rate limit.
    public static let upstreamRateLimited = Self("rate_limit_exceeded", 429, "rate_limit_error")
    /// 503: nothing to send the request to.
    public static let noHealthyUpstream = Self("no_healthy_upstream", 503, "upstream_error")
    /// 503: the gateway has no room, or is shutting down.
    public static let overloaded = Self("overloaded", 503, "overloaded_error")
    /// 503: the ledger cannot be written, so nothing is sold.
    public static let storageUnavailable = Self("storage_unavailable", 503, "server_error")
    /// 504: the provider was too slow.
    public static let upstreamTimeout = Self("upstream_timeout", 504, "upstream_error")
}
