/// A request that the server refuses because of how it is written, not because of what it asks for.
///
/// The position of the next request on the connection is unknown after it: answer with `status` and `reason`, close, and never look at the
/// bytes that follow. The texts hold nothing from the request, so they are safe to show.
public struct HTTPViolation: Error, Sendable {
    /// The HTTP status of the answer: 400, 408, 413, 414, 417, 431, 501, 503 or 505.
    public let status: Int
    /// One English sentence for the client; holds no byte of the request.
    public let reason: StaticString

    init(_ status: Int, _ reason: StaticString) {
        self.status = status
        self.reason = reason
    }
}

extension HTTPViolation: Equatable {
    /// Two violations are the same when client and log would see the same.
    public static func == (left: HTTPViolation, right: HTTPViolation) -> Bool {
        left.status == right.status && left.reason.description == right.reason.description
    }
}

// MARK: - Time

extension HTTPViolation {
    /// The head did not arrive in time (raised by the connection, which owns the clock).
    public static var headTimeout: HTTPViolation { .init(408, "The request head did not arrive in time.") }
    /// The body stalled or was too slow (raised by the connection, which owns the clock).
    public static var bodyTimeout: HTTPViolation { .init(408, "The request body did not arrive in time.") }
}

extension HTTPViolation {
    /// The client left before its request was complete; the answer is not read (raised by the connection).
    public static var clientLeft: HTTPViolation { .init(499, "The client left before its request was complete.") }
}

extension HTTPViolation {
    /// There is no room in memory for more of the body.
    public static var noRoom: HTTPViolation { .init(503, "There is no room for the request body at the moment.") }
}

// MARK: - Request line

extension HTTPViolation {
    /// The first bytes are not those of an HTTP/1 request: TLS, HTTP/2, a PROXY header, another protocol.
    public static var notHTTP: HTTPViolation { .init(400, "This is not an HTTP/1.1 request.") }
    /// Plain HTTP where TLS is spoken.
    static var notEncrypted: HTTPViolation {
        .init(400, "This port speaks TLS, and the request came as plain HTTP. Write https:// instead of http:// in the URL.")
    }
    static var methodTooLong: HTTPViolation { .init(501, "The request method is not implemented.") }
    static var tunnel: HTTPViolation { .init(501, "CONNECT is not implemented.") }
    static var requestLineTooLong: HTTPViolation { .init(414, "The request line is too long.") }
    static var malformedRequestLine: HTTPViolation { .init(400, "The request line is malformed.") }
    static var unsupportedTarget: HTTPViolation { .init(400, "The request target must be a path or an absolute http(s) URI.") }
    static var malformedTarget: HTTPViolation { .init(400, "The request target holds a character that must be percent-encoded.") }
    static var unsupportedVersion: HTTPViolation { .init(505, "Only HTTP/1.0 and HTTP/1.1 are spoken here.") }
}

// MARK: - Fields

extension HTTPViolation {
    static var bareLineFeed: HTTPViolation { .init(400, "A line must end with CR LF.") }
    static var headTooLarge: HTTPViolation { .init(431, "The request head is too large.") }
    static var tooManyFields: HTTPViolation { .init(431, "The request head has too many fields.") }
    static var foldedField: HTTPViolation { .init(400, "A header field must not be folded over lines.") }
    static var malformedFieldName: HTTPViolation { .init(400, "A header field name is malformed.") }
    static var malformedFieldValue: HTTPViolation { .init(400, "A header field value holds a control character.") }
    static var missingHost: HTTPViolation { .init(400, "The Host header is missing.") }
    static var repeatedHost: HTTPViolation { .init(400, "The Host header appears more than once.") }
    static var malformedHost: HTTPViolation { .init(400, "The host is malformed.") }
    static var conflictingHost: HTTPViolation { .init(400, "The Host header differs from the host of the request target.") }
    static var unknownExpectation: HTTPViolation { .init(417, "The only expectation that can be met is 100-continue.") }
}

// MARK: - Framing

extension HTTPViolation {
    static var malformedLength: HTTPViolation { .init(400, "The Content-Length header is malformed.") }
    static var repeatedLength: HTTPViolation { .init(400, "The Content-Length header appears more than once.") }
    static var malformedCoding: HTTPViolation { .init(400, "The Transfer-Encoding header is malformed.") }
    static var repeatedCoding: HTTPViolation { .init(400, "The Transfer-Encoding header appears more than once.") }
    static var unknownCoding: HTTPViolation { .init(501, "The only transfer coding that is implemented is chunked.") }
    static var codingInHTTP10: HTTPViolation { .init(400, "HTTP/1.0 has no Transfer-Encoding.") }
    static var lengthAndCoding: HTTPViolation { .init(400, "Content-Length and Transfer-Encoding exclude each other.") }
    /// What was packed cannot be unpacked.
    static var brokenContent: HTTPViolation { .init(400, "The request body is not what its Content-Encoding says, or ends too early.") }
    static var bodyTooLarge: HTTPViolation { .init(413, "The request body is too large.") }
}

// MARK: - Chunks

extension HTTPViolation {
    static var malformedChunkSize: HTTPViolation { .init(400, "A chunk size is malformed.") }
    static var malformedChunkExtension: HTTPViolation { .init(400, "A chunk extension is malformed.") }
    static var chunkExtensionsTooLarge: HTTPViolation { .init(413, "The chunk extensions are too large.") }
    static var malformedChunkEnd: HTTPViolation { .init(400, "Chunk data must be followed by CR LF.") }
    static var malformedTrailer: HTTPViolation { .init(400, "A trailer field is malformed.") }
    static var trailersTooLarge: HTTPViolation { .init(413, "The trailer fields are too large.") }
}
