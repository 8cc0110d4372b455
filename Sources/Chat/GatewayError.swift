/// The one error type of Purser: what failed, on which side, whether a retry can help, and what clients may be told.
///
/// Each room turns its own failures into this type at its edge; one file of the gateway renders it to HTTP.
@dynamicMemberLookup
public struct GatewayError: Error, Sendable {
    /// The `error.code` for clients, with its HTTP status and `error.type`.
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

    /// The side that caused the failure.
    public enum Source: String, Sendable { case client, gateway, upstream }

    /// Whether another attempt can help.
    public enum Retry: Hashable, Sendable {
        /// The same request will fail at every target.
        case never
        /// The same target may succeed at once.
        case sameTarget
        /// Another target may succeed; this one probably will not soon.
        case nextTarget
        /// This target is in cooldown for this time.
        case after(Duration)
        /// The request fails at this target whenever it is tried; another target, or another limit, may admit it.
        case elsewhere

        /// Whether sending the same request again, at once or later, cannot help the client.
        public var isFinal: Bool { self == .never || self == .elsewhere }
    }

    /// The facts of an error; read and changed as members of the error itself.
    public struct Facts: Sendable {
        /// What happened.
        public var code: Code
        /// The side that caused the failure.
        public var source: Source
        /// Whether another attempt can help.
        public var retry: Retry
        /// The request member that is wrong, in OpenAI's dotted notation, e.g. `messages.0.role`.
        public var param: String?
        /// The message for the client: it has no secret, and no text of a provider that could have one.
        public var publicMessage: String
        /// For the log only.
        public var detail: String?
        /// Whether the error affects many requests at once, and is counted instead of logged for each.
        public var isCounted = false
        /// Whether the provider never got the request, so that it is safe to send it again.
        public var wasNeverSent = false
        /// Whether the size, the deadline or the reading pace of this one request caused the failure. Such a failure says nothing about the
        /// provider's health: it does not affect breakers, cooldowns or the shared retry budget.
        public var isOfOneRequest = false
        /// The additions of the gateway to the request that the provider refused; zero: none. `Providers` and `Execution` define the bits.
        public var refusedAdditions: UInt16 = 0
        /// Every try that was made, as a JSON list; shown in the error's `attempts`.
        public var attempts: [UInt8]?
        /// The explanation, as a JSON object; shown as `purser` if the client requested it.
        public var explanation: [UInt8]?
        /// A provider's own error body that the client may see as it is (its 400s): bytes of a JSON document.
        public var passThrough: (status: Int, body: [UInt8])?
    }

    /// The facts are stored indirectly: nearly every function can throw an error, and every suspended caller reserves space for it.
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
    /// 401: no key, or an unknown key.
    public static let invalidAPIKey = Self("invalid_api_key", 401, "invalid_request_error")
    /// 402: the request's ceiling is lower than the cost of every model that could answer.
    public static let maxCostExceeded = Self("max_cost_exceeded", 402, "insufficient_quota")
    /// 403: the key may not use this model.
    public static let modelNotAllowed = Self("model_not_allowed", 403, "permission_error")
    /// 404: no model of that name.
    public static let modelNotFound = Self("model_not_found", 404, "invalid_request_error")
    /// 404: no such path.
    public static let notFound = Self("not_found", 404, "invalid_request_error")
    /// 405: the path exists, but not for this method.
    public static let methodNotAllowed = Self("method_not_allowed", 405, "invalid_request_error")
    /// 408: the client did not finish sending in time.
    public static let requestTimeout = Self("request_timeout", 408, "invalid_request_error")
    /// 413: the body is larger than the limit.
    public static let bodyTooLarge = Self("request_too_large", 413, "invalid_request_error")
    /// 415: a content type or coding that is not supported.
    public static let unsupportedMediaType = Self("unsupported_media_type", 415, "invalid_request_error")
    /// 499: the client left. Only records and logs show it.
    public static let clientClosedRequest = Self("client_closed_request", 499, "invalid_request_error")
    /// 500: a failure of the gateway.
    public static let internalError = Self("internal_error", 500, "server_error")
    /// 502: the provider failed, or its answer was invalid.
    public static let upstreamError = Self("upstream_error", 502, "upstream_error")
    /// 429: the provider's own rate limit.
    public static let upstreamRateLimited = Self("rate_limit_exceeded", 429, "rate_limit_error")
    /// 503: no target is available.
    public static let noHealthyUpstream = Self("no_healthy_upstream", 503, "upstream_error")
    /// 503: the gateway is at capacity, or is shutting down.
    public static let overloaded = Self("overloaded", 503, "overloaded_error")
    /// 503: the ledger cannot be written, so no call is made.
    public static let storageUnavailable = Self("storage_unavailable", 503, "server_error")
    /// 504: the provider was too slow.
    public static let upstreamTimeout = Self("upstream_timeout", 504, "upstream_error")
}
