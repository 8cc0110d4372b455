import Testing

@testable import HTTPServer

@Suite struct RequestHeadTests {
    /// Parses a head that must be valid.
    private func head(_ text: String, limits: HTTPLimits = HTTPLimits()) throws -> HTTPRequestHead {
        var parser = HTTPRequestParser(limits: limits)
        let bytes = Array(text.utf8)
        let result = parser.parseHead(bytes.span)
        guard case .head(let head, bytes.count) = result else { throw Unparsed(result: "\(result)") }
        return head
    }

    private struct Unparsed: Error { let result: String }

    @Test func typicalRequest() throws {
        let head = try head(
            "POST /v1/chat/completions?trace=1&x=? HTTP/1.1\r\nHost: api.example:8443\r\nUser-Agent: OpenAI/Python 1.0\r\n"
                + "Authorization: Bearer sk-123\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 388\r\n"
                + "X-Empty:\r\nX-Blanks: \t a b \t\r\nX-Twice: 1\r\nx-twice: 2\r\n\r\n")
        #expect(head.method == .post)
        #expect(head.pathEquals("/v1/chat/completions"))
        #expect(!head.pathEquals("/v1/chat/completion"))
        #expect(head.query.map { String(decoding: $0, as: UTF8.self) } == "trace=1&x=?")
        #expect(head.authority.map { String(decoding: $0, as: UTF8.self) } == "api.example:8443")
        #expect(head.framing == .length(388))
        #expect(head.keepAlive)
        #expect(!head.expectsContinue && !head.hasContentEncoding && !head.offersUpgrade)
        #expect(head.string("authorization") == "Bearer sk-123")
        #expect(head.count(of: "authorization") == 1)
        #expect(head.string("x-empty") == "")
        #expect(head.string("x-blanks") == "a b")
        #expect(head.string("x-twice") == "1")
        #expect(head.count(of: "x-twice") == 2)
        #expect(head.string("x-missing") == nil)
        #expect(head.first("x-empti") == nil)
        #expect(head.count(of: "x-missing") == 0)
        #expect(head.hasMediaType("application/json"))
        #expect(!head.hasMediaType("application/jso"))
        #expect(head.fields.count == 9)
        #expect(head.fields.last.map { String(decoding: $0.name, as: UTF8.self) } == "x-twice")
        #expect(head.fields.first(named: "CONTENT-length").map(Array.init) == Array("388".utf8))
        #expect(head.fields.first(named: "content-lengths") == nil)
    }

    @Test(arguments: [
        ("GET", HTTPMethod.get), ("HEAD", .head), ("POST", .post), ("PUT", .put), ("DELETE", .delete), ("PATCH", .patch),
        ("OPTIONS", .options),
        ("TRACE", .trace), ("get", .other), ("GETS", .other), ("PROPFIND", .other), ("!#$%&'*+-.^_`|~", .other),
    ])
    func methods(_ name: String, _ method: HTTPMethod) throws {
        let head = try head("\(name) / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(head.method == method)
        #expect(String(decoding: head.methodName, as: UTF8.self) == name)
    }

    @Test(
        arguments: [
            ("/", "/", nil), ("/?", "/", ""), ("/a/b;c=d:e@f", "/a/b;c=d:e@f", nil), ("/%2F%aB?%00", "/%2F%aB", "%00"), ("//a", "//a", nil),
            ("http://a", "/", nil), ("HTTP://A/x?y", "/x", "y"), ("https://a?q=/", "/", "q=/"), ("/x?http://b/", "/x", "http://b/"),
        ] as [(String, String, String?)])
    func targets(_ target: String, _ path: String, _ query: String?) throws {
        let head = try head("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(String(decoding: head.path, as: UTF8.self) == path)
        #expect(head.query.map { String(decoding: $0, as: UTF8.self) } == query)
    }

    @Test(arguments: ["a", "A.b-c_d~e", "127.0.0.1:8443", "[::1]", "[2001:db8::1]:443", "a:0", "a:65535"])
    func hosts(_ host: String) throws {
        #expect(try head("GET / HTTP/1.1\r\nhOsT: \(host)\r\n\r\n").authority.map { String(decoding: $0, as: UTF8.self) } == host)
    }

    @Test(arguments: [
        ("1.1", "", true), ("1.1", "Connection: close\r\n", false), ("1.1", "Connection: keep-alive\r\n", true),
        ("1.1", "Connection: keep-alive, Close\r\n", false), ("1.1", "Connection: upgrade ,\tclose\r\n", false),
        ("1.1", "Connection: x\r\nConnection: close\r\n", false), ("1.1", "Connection: closed\r\n", true),
        ("1.1", "Connection: ,\r\n", true),
        ("1.0", "", false), ("1.0", "Connection: Keep-Alive\r\n", true), ("1.0", "Connection: keep-alive, close\r\n", false),
    ])
    func keepAlive(_ version: String, _ field: String, _ expected: Bool) throws {
        #expect(try head("GET / HTTP/\(version)\r\nHost: a\r\n\(field)\r\n").keepAlive == expected)
    }

    @Test(arguments: [
        ("", HTTPFraming.none), ("Content-Length: 0\r\n", .none), ("Content-Length: 000000000000000007\r\n", .length(7)),
        ("Content-Length: 33554432\r\n", .length(32 << 20)), ("Transfer-Encoding: Chunked \r\n", .chunked),
        ("Content-Length:\t12\t\r\n", .length(12)), ("X-Content-Length: 5\r\n", .none),
    ])
    func framing(_ field: String, _ expected: HTTPFraming) throws {
        #expect(try head("POST / HTTP/1.1\r\nHost: a\r\n\(field)\r\n").framing == expected)
    }

    @Test func expectation() throws {
        #expect(try head("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-Continue\r\n\r\n").expectsContinue)
        #expect(try head("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n").expectsContinue)
        #expect(try !head("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n").expectsContinue)
        #expect(try !head("POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n").expectsContinue)
    }

    @Test func contentEncodingAndUpgrade() throws {
        #expect(try head("POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\n\r\n").hasContentEncoding)
        #expect(try head("POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: identity, br\r\n\r\n").hasContentEncoding)
        #expect(try !head("POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: Identity\r\n\r\n").hasContentEncoding)
        #expect(try head("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n").offersUpgrade)
    }

    @Test func oldVersionNeedsNoHost() throws {
        let head = try head("GET /healthz HTTP/1.0\r\n\r\n")
        #expect(head.minorVersion == 0)
        #expect(head.authority == nil)
        #expect(head.fields.isEmpty)
    }

    @Test func bytesAbove127AreKept() throws {
        let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\nX: ".utf8) + [0x80, 0xFF, 0x09, 0x41] + Array("\r\n\r\n".utf8)
        var parser = HTTPRequestParser()
        guard case .head(let head, _) = parser.parseHead(bytes.span) else {
            Issue.record("not parsed")
            return
        }
        #expect(head.first("x").map(Array.init) == [0x80, 0xFF, 0x09, 0x41])
        #expect(head.string("x") == "\u{FFFD}\u{FFFD}\tA")
    }

    @Test func oneEmptyLineIsPassedOver() throws {
        #expect(try head("\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n").pathEquals("/x"))
    }

    /// One byte less than each limit's excess is fine, one more is not.
    @Test func limitsAreExact() throws {
        let line = "GET /aaaa HTTP/1.1"
        let text = line + "\r\nHost: a\r\n\r\n"
        _ = try head(text, limits: HTTPLimits(requestLine: line.utf8.count))
        #expect(RequestStream.run(Array(text.utf8), limits: HTTPLimits(requestLine: line.utf8.count - 1)).violation?.status == 414)
        _ = try head(text, limits: HTTPLimits(head: text.utf8.count))
        #expect(RequestStream.run(Array(text.utf8), limits: HTTPLimits(head: text.utf8.count - 1)).violation?.status == 431)
        _ = try head(text, limits: HTTPLimits(fieldCount: 1))
        #expect(RequestStream.run(Array(text.utf8), limits: HTTPLimits(fieldCount: 0)).violation?.status == 431)
    }

    @Test func limitsOutOfRangeAreMoved() {
        let limits = HTTPLimits(requestLine: -1, head: .max, fieldCount: .max, body: .max, trailers: .min, chunkExtensions: .max)
        #expect(limits.requestLine == 0 && limits.trailers == 0)
        #expect(limits.head == 16 << 20 && limits.body == 1 << 40)
        #expect(RequestStream.run(Array("GET / HTTP/1.1\r\n".utf8), limits: limits).violation?.status == 414)
    }
}
