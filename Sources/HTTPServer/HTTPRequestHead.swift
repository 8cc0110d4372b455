/// How the body of a message is delimited.
public enum HTTPFraming: Hashable, Sendable {
    /// There is no body.
    case none
    /// The body is exactly so many bytes; at least 1, at most `HTTPLimits.body`.
    case length(Int)
    /// The body comes in chunks (RFC 9112, section 7.1).
    case chunked
}

/// Request line and header fields of one request, checked, with what they mean for the connection already worked out.
///
/// Holds the bytes of the head once, and offsets into them; copying it copies no byte. `HTTPRequestParser` makes it.
public struct HTTPRequestHead: Sendable {
    /// The method of the request.
    public let method: HTTPMethod
    /// The x of HTTP/1.x: 0 or 1.
    public let minorVersion: Int
    /// The header fields. Framing is already evaluated: no code needs to look at Content-Length or Connection again.
    public let fields: HTTPFieldList
    /// How the body is delimited. A declared length above the limit never gets here: the parser refuses it.
    public let framing: HTTPFraming
    /// Whether the client wants to send another request on this connection.
    public let keepAlive: Bool
    /// Whether the client waits for `100 Continue` before it sends the body.
    public let expectsContinue: Bool
    /// How the body is coded. `HTTPExchange.body` unpacks it, but for one whose coding is unknown.
    public let contentCoding: HTTPContentCoding
    /// Whether the body is coded in any way.
    public var hasContentEncoding: Bool { contentCoding != .identity }
    /// Whether the client offers to change the protocol (WebSocket, h2c). Never taken up; a server may ignore it or refuse.
    public let offersUpgrade: Bool
    private let line: RequestLine
    private let authorityRange: ByteRange?

    init(line: RequestLine, facts: HeadFacts, framing: HTTPFraming, fields: HTTPFieldList) {
        self.line = line
        self.fields = fields
        self.framing = framing
        method = line.method
        minorVersion = line.minorVersion
        keepAlive = line.minorVersion == 1 ? !facts.closes : facts.keepsAlive && !facts.closes
        // RFC 9110, 10.1.1: to be ignored in HTTP/1.0, and pointless without a body.
        expectsContinue = facts.expectsContinue && line.minorVersion == 1 && framing != .none
        contentCoding = facts.contentCoding
        offersUpgrade = facts.offersUpgrade
        authorityRange = line.target.authority ?? facts.host
    }

    /// The path of the target as it was sent, percent-encoding included; begins with "/".
    public var path: ArraySlice<UInt8> { fields.bytes[line.target.path.range] }

    /// What follows the first "?" of the target; nil without a "?".
    public var query: ArraySlice<UInt8>? { line.target.query.map { fields.bytes[$0.range] } }

    /// The method's own letters.
    public var methodName: ArraySlice<UInt8> { fields.bytes[line.methodName.range] }

    /// The host, with its port where one was sent; from the target or the Host header (they agree). Nil only in HTTP/1.0.
    public var authority: ArraySlice<UInt8>? { authorityRange.map { fields.bytes[$0.range] } }

    /// The Content-Type's value, parameters included.
    public var contentType: ArraySlice<UInt8>? { first("content-type") }

    /// Whether the path is exactly `path`.
    public func pathEquals(_ path: StaticString) -> Bool { fields.bytes.span.equals(path, in: line.target.path) }

    /// Whether the Content-Type is `mediaType` (in lower case, e.g. `application/json`), whatever its parameters.
    public func hasMediaType(_ mediaType: StaticString) -> Bool {
        guard let value = contentType else { return false }
        var end = value.firstIndex(of: UInt8(ascii: ";")) ?? value.endIndex
        while end > value.startIndex, ByteClass.isBlank(value[end - 1]) { end -= 1 }
        return fields.bytes.span.equalsIgnoringCase(mediaType, in: ByteRange(value.startIndex, end))
    }

    /// The value of the first field called `name`, which is in lower case. Costs no allocation.
    public func first(_ name: StaticString) -> ArraySlice<UInt8>? { fields.first(name) }

    /// The value of the first field called `name`, in lower case, as text; bytes that are not UTF-8 become U+FFFD.
    public func string(_ name: StaticString) -> String? { fields.string(name) }

    /// How many fields are called `name`, which is in lower case.
    public func count(of name: StaticString) -> Int { fields.count(of: name) }
}
