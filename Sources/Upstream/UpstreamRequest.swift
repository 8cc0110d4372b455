public import EventLoop

/// The method of a request to an upstream.
public enum UpstreamMethod: String, Hashable, Sendable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
    case options = "OPTIONS"

    /// Whether a request has a body even if it is empty: one of length zero.
    var alwaysHasBody: Bool { self == .post || self == .put || self == .patch }
}

/// The body of a request to an upstream.
public enum UpstreamBody: Sendable {
    /// All of it; may be empty.
    case whole([UInt8])
    /// What is written while the call goes on. Cannot be signed for AWS.
    case pieces(UpstreamUpload)
}

/// What is sent to an upstream, besides what its endpoint says.
public struct UpstreamRequest: Sendable {
    /// What to do there. Default `POST`.
    public var method: UpstreamMethod
    /// Is added to the endpoint's URL, percent-encoded, with a query if there is one.
    public var path: String
    /// Complete header lines without line ends, besides the endpoint's own.
    public var headers: [String]
    /// The body; with `HEAD` it is not sent.
    public var body: UpstreamBody
    /// When the call must be over, besides the endpoint's own time-outs.
    public var deadlines: UpstreamDeadlines
    /// The call's place among those that the provider takes at once; given back when the transfer is over.
    public var place: UpstreamGate.Place?

    /// Makes a request; one that posts nothing, where nothing else is said.
    public init(
        _ method: UpstreamMethod = .post, path: String = "", headers: [String] = [], body: UpstreamBody = .whole([]),
        deadlines: UpstreamDeadlines = UpstreamDeadlines(), place: UpstreamGate.Place? = nil
    ) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.deadlines = deadlines
        self.place = place
    }

    /// Whether libcurl is to send a body.
    var hasBody: Bool {
        guard method != .head else { return false }
        if case .whole(let bytes) = body, bytes.isEmpty { return method.alwaysHasBody }
        return true
    }

    /// The body, where all of it is there.
    var wholeBody: [UInt8]? { if case .whole(let bytes) = body { bytes } else { nil } }
}

/// When a call must be over, besides the endpoint's own time-outs.
public struct UpstreamDeadlines: Hashable, Sendable {
    /// The caller's deadline; running into it is `callerTimeout`.
    public var caller: MonotonicTime
    /// When the provider's time ends, where that is earlier than `timeouts.total` from now: running into it is `totalTimeout`.
    public var provider: MonotonicTime

    /// Makes deadlines; there is none where nothing is said.
    public init(caller: MonotonicTime = .never, provider: MonotonicTime = .never) {
        self.caller = caller
        self.provider = provider
    }
}
