internal import Chat
internal import HTTPServer

/// The endpoints of the public listener.
enum Endpoint: Equatable {
    case chatCompletions
    case models
    case model(String)
    case healthz
    case readyz

    /// Finds the endpoint that `head` asks for; paths work with and without `/v1`.
    /// - Throws: `not_found`, or `method_not_allowed` when the path exists.
    init(_ head: HTTPRequestHead) throws(GatewayError) {
        self = try Self.find(head)
        let fits = self == .chatCompletions ? head.method == .post : head.method == .get || head.method == .head
        guard fits else { throw GatewayError(.methodNotAllowed, "This path takes \(allowedMethods) only.") }
    }

    /// Whether it is answered in any case: who asks decides whether others are sent here.
    var isHealth: Bool { self == .healthz || self == .readyz }

    /// The `Allow` field of an answer to the wrong method on the path of `head`.
    static func allowedMethods(_ head: HTTPRequestHead) -> String { (try? find(head))?.allowedMethods ?? "" }

    private var allowedMethods: String { self == .chatCompletions ? "POST" : "GET, HEAD" }

    private static func find(_ head: HTTPRequestHead) throws(GatewayError) -> Endpoint {
        if let found = known(head) { return found }
        let path = Self.tidy(head.path)
        switch path {
        case "/v1/chat/completions", "/chat/completions": return .chatCompletions
        case "/healthz": return .healthz
        case "/readyz": return .readyz
        case "/v1/models", "/models": return .models
        default: break
        }
        for prefix in ["/v1/models/", "/models/"] where path.hasPrefix(prefix) {
            if let name = PercentCoding.decode(path.dropFirst(prefix.count)), !name.isEmpty { return .model(name) }
        }
        throw GatewayError(.notFound, "There is nothing at \(path.prefix(120)). Chat is at /v1/chat/completions.")
    }

    /// The path with one slash for each run of them, and none at its end: base URLs that end with a slash make such paths.
    private static func tidy(_ path: ArraySlice<UInt8>) -> String {
        let slash = UInt8(ascii: "/")
        var tidy: [UInt8] = []
        tidy.reserveCapacity(path.count)
        for byte in path where byte != slash || tidy.last != slash { tidy.append(byte) }
        if tidy.count > 1, tidy.last == slash { tidy.removeLast() }
        return String(decoding: tidy, as: UTF8.self)
    }

    /// The endpoint of a path that is written as it should be: found without an allocation.
    private static func known(_ head: HTTPRequestHead) -> Endpoint? {
        if head.pathEquals("/v1/chat/completions") || head.pathEquals("/chat/completions") { return .chatCompletions }
        if head.pathEquals("/healthz") { return .healthz }
        if head.pathEquals("/readyz") { return .readyz }
        if head.pathEquals("/v1/models") || head.pathEquals("/models") { return .models }
        return nil
    }
}

/// Percent-decoding of paths (RFC 3986, section 2.1).
enum PercentCoding {
    /// The decoded text; `nil` for broken escapes and for what is not UTF-8 afterwards.
    static func decode(_ text: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst(), let low = rest.popFirst(),
                let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
