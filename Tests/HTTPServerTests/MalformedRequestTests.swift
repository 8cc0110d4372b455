import Testing

@testable import HTTPServer

/// Every row is a request that must be refused with this status, and after which no request may be found in the bytes that follow.
@Suite struct MalformedRequestTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let status: Int
        let bytes: [UInt8]
        var testDescription: String { "\(name) → \(status)" }

        init(_ name: String, _ status: Int, _ text: String) {
            self.name = name
            self.status = status
            bytes = Array(text.utf8)
        }

        init(_ name: String, _ status: Int, bytes: [UInt8]) {
            self.name = name
            self.status = status
            self.bytes = bytes
        }

        /// A POST with these lines after its Host, then a body and a second request that must never be found.
        static func post(_ name: String, _ status: Int, _ lines: String) -> Case {
            Case(
                name, status,
                "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        }

        static func get(_ name: String, _ status: Int, _ lines: String) -> Case {
            Case(name, status, "GET / HTTP/1.1\r\n\(lines)\r\n\r\n")
        }

        static func line(_ name: String, _ status: Int, _ line: String) -> Case {
            Case(name, status, "\(line)\r\nHost: a\r\n\r\n")
        }

        static func chunks(_ name: String, _ status: Int, _ body: String) -> Case {
            Case(name, status, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(body)")
        }
    }

    static let framing: [Case] = [
        .post("length and coding", 400, "Content-Length: 5\r\nTransfer-Encoding: chunked"),
        .post("coding and length", 400, "Transfer-Encoding: chunked\r\nContent-Length: 5"),
        .post("coding and length 0", 400, "Transfer-Encoding: chunked\r\nContent-Length: 0"),
        .post("unknown coding", 501, "Transfer-Encoding: gzip"),
        .post("coding identity", 501, "Transfer-Encoding: identity"),
        .post("gzip, chunked", 501, "Transfer-Encoding: gzip, chunked"),
        .post("chunked, gzip", 501, "Transfer-Encoding: chunked, gzip"),
        .post("chunked twice in a line", 400, "Transfer-Encoding: chunked, chunked"),
        .post("two codings", 400, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
        .post("two codings, one unknown", 400, "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
        .post("empty coding", 400, "Transfer-Encoding:"),
        .post("chunked and comma", 400, "Transfer-Encoding: chunked,"),
        .post("comma and chunked", 400, "Transfer-Encoding: ,chunked"),
        .post("chunked with parameter", 400, "Transfer-Encoding: chunked;q=1"),
        .post("quoted chunked", 400, "Transfer-Encoding: \"chunked\""),
        .post("xchunked", 501, "Transfer-Encoding: xchunked"),
        .post("chunked after vertical tab", 400, "Transfer-Encoding: \u{0B}chunked"),
        .post("chunked after no-break space", 400, "Transfer-Encoding: \u{A0}chunked"),
        .post("space before colon of coding", 400, "Transfer-Encoding : chunked"),
        .post("folded coding", 400, "Transfer-Encoding:\r\n chunked"),
        Case("coding in HTTP/1.0", 400, "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        .post("two lengths", 400, "Content-Length: 5\r\nContent-Length: 6"),
        .post("two equal lengths", 400, "Content-Length: 5\r\nContent-Length: 5"),
        .post("length list", 400, "Content-Length: 5, 5"),
        .post("empty length", 400, "Content-Length:"),
        .post("signed length", 400, "Content-Length: +5"),
        .post("negative length", 400, "Content-Length: -1"),
        .post("hexadecimal length", 400, "Content-Length: 0x5"),
        .post("length with underscore", 400, "Content-Length: 1_0"),
        .post("length with space", 400, "Content-Length: 1 0"),
        .post("fractional length", 400, "Content-Length: 5.0"),
        .post("length in other digits", 400, "Content-Length: \u{0665}"),
        .post("length of 19 digits", 400, "Content-Length: 0000000000000000005"),
        .post("length of 2^64 + 5", 400, "Content-Length: 18446744073709551621"),
        .post("length of 18 digits", 413, "Content-Length: 999999999999999999"),
        .post("length over the limit", 413, "Content-Length: 33554433"),
        .post("unknown expectation", 417, "Content-Length: 5\r\nExpect: 200-ok"),
    ]

    static let lines: [Case] = [
        Case("bare LF after request line", 400, "GET / HTTP/1.1\nHost: a\r\n\r\n"),
        Case("bare LF everywhere", 400, "GET / HTTP/1.1\nHost: a\n\n"),
        Case("bare LF before the end", 400, "GET / HTTP/1.1\r\nHost: a\r\n\n"),
        .get("bare LF after field", 400, "Host: a\nX: b"),
        .get("bare CR in value", 400, "Host: a\r\nX: b\rY: c"),
        .get("CR CR LF", 400, "Host: a\r\r\nX: b"),
        Case("CR at start of line", 400, "GET / HTTP/1.1\r\nHost: a\r\n\rX: b\r\n\r\n"),
        .get("folded value", 400, "Host: a\r\nX: b\r\n c"),
        .get("folded first line", 400, " Host: a"),
        .get("folded with tab", 400, "Host: a\r\n\tX: b"),
        .get("space before colon", 400, "Host: a\r\nX : b"),
        .get("tab before colon", 400, "Host: a\r\nX\t: b"),
        .get("space in name", 400, "Host: a\r\nX Y: b"),
        .get("empty name", 400, "Host: a\r\n: b"),
        .get("no colon", 400, "Host: a\r\nXYZ"),
        .get("name in quotes", 400, "Host: a\r\n\"X\": b"),
        .get("name with bracket", 400, "Host: a\r\nX[]: b"),
        .get("name with slash", 400, "Host: a\r\nX/Y: b"),
        .get("name not ASCII", 400, "Host: a\r\nXé: b"),
        .get("NUL in name", 400, "Host: a\r\nX\u{0}: b"),
        .get("NUL in value", 400, "Host: a\r\nX: b\u{0}c"),
        .get("control in long value", 400, "Host: a\r\nX: 0123456789\u{1}0123456789"),
        .get("escape in value", 400, "Host: a\r\nX: \u{1B}[31m"),
        .get("DEL in value", 400, "Host: a\r\nX: abcdefgh\u{7F}"),
        .get("no Host", 400, "X: b"),
        .get("two Hosts", 400, "Host: a\r\nHost: b"),
        .get("two equal Hosts", 400, "Host: a\r\nhost: a"),
        .get("empty Host", 400, "Host:"),
        .get("Host list", 400, "Host: a, b"),
        .get("Host with comma", 400, "Host: a,b"),
        .get("Host with user", 400, "Host: user@a"),
        .get("Host with path", 400, "Host: a/b"),
        .get("Host with space", 400, "Host: a b"),
        .get("Host with bad port", 400, "Host: a:8x"),
        .get("Host with empty port", 400, "Host: a:"),
        .get("Host with large port", 400, "Host: a:65536"),
        .get("Host with two ports", 400, "Host: a:1:2"),
        .get("Host of port alone", 400, "Host: :80"),
        .get("Host with open bracket", 400, "Host: [::1"),
        .get("Host with text after bracket", 400, "Host: [::1]x"),
        .get("Host with bad IPv6", 400, "Host: [zz::1]"),
        .get("Host with empty brackets", 400, "Host: []"),
        .get("Host not ASCII", 400, "Host: bücher.example"),
        .get("Host with percent", 400, "Host: a%2eb"),
        .get("Host too long", 400, "Host: \(String(repeating: "a", count: 256))"),
    ]

    static let requestLines: [Case] = [
        .line("no version", 400, "GET /"),
        .line("no target", 400, "GET HTTP/1.1"),
        .line("method alone", 400, "GET"),
        .line("two spaces before target", 400, "GET  / HTTP/1.1"),
        .line("two spaces before version", 400, "GET /  HTTP/1.1"),
        .line("space after version", 400, "GET / HTTP/1.1 "),
        .line("space in target", 400, "GET /a b HTTP/1.1"),
        .line("tab instead of space", 400, "GET\t/ HTTP/1.1"),
        .line("space before method", 400, " GET / HTTP/1.1"),
        .line("small version", 400, "GET / http/1.1"),
        .line("version 2.0", 505, "GET / HTTP/2.0"),
        .line("version 1.2", 505, "GET / HTTP/1.2"),
        .line("version 0.9", 505, "GET / HTTP/0.9"),
        .line("version 1", 400, "GET / HTTP/1"),
        .line("version 1.10", 400, "GET / HTTP/1.10"),
        .line("version 1.1 with sign", 400, "GET / HTTP/+1.1"),
        .line("CONNECT", 501, "CONNECT a:443 HTTP/1.1"),
        .line("asterisk", 400, "OPTIONS * HTTP/1.1"),
        .line("authority as target", 400, "GET a:80 HTTP/1.1"),
        .line("relative target", 400, "GET a/b HTTP/1.1"),
        .line("other scheme", 400, "GET ftp://a/ HTTP/1.1"),
        .line("scheme without authority", 400, "GET http:///x HTTP/1.1"),
        .line("half a scheme", 400, "GET http:/a HTTP/1.1"),
        .line("absolute with user", 400, "GET http://u@a/ HTTP/1.1"),
        .line("absolute with other host", 400, "GET http://b/ HTTP/1.1"),
        .line("fragment", 400, "GET /a#b HTTP/1.1"),
        .line("backslash", 400, "GET /a\\b HTTP/1.1"),
        .line("angle bracket", 400, "GET /<a> HTTP/1.1"),
        .line("target not ASCII", 400, "GET /é HTTP/1.1"),
        .line("NUL in target", 400, "GET /\u{0} HTTP/1.1"),
        .line("half a percent-encoding", 400, "GET /%a HTTP/1.1"),
        .line("percent at the end", 400, "GET /% HTTP/1.1"),
        .line("bad percent-encoding", 400, "GET /%zz HTTP/1.1"),
        .line("method with bracket", 400, "GE(T / HTTP/1.1"),
        .line("endless method", 501, "\(String(repeating: "A", count: 33)) / HTTP/1.1"),
        .line("long request line", 414, "GET /\(String(repeating: "a", count: 16 << 10)) HTTP/1.1"),
        Case("two empty lines", 400, "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case("empty line of LF", 400, "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case("empty line of CR", 400, "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        .get("long head", 431, "Host: a\r\nX: \(String(repeating: "a", count: 64 << 10))"),
        .get("many fields", 431, "Host: a\r\n" + Array(repeating: "X: b", count: 256).joined(separator: "\r\n")),
    ]

    static let chunks: [Case] = [
        .chunks("sign", 400, "+5\r\nhello\r\n0\r\n\r\n"),
        .chunks("minus", 400, "-1\r\nhello\r\n0\r\n\r\n"),
        .chunks("prefix", 400, "0x5\r\nhello\r\n0\r\n\r\n"),
        .chunks("underscore", 400, "1_0\r\nhello\r\n0\r\n\r\n"),
        .chunks("space before", 400, " 5\r\nhello\r\n0\r\n\r\n"),
        .chunks("space after", 400, "5 \r\nhello\r\n0\r\n\r\n"),
        .chunks("no digits", 400, "\r\nhello\r\n0\r\n\r\n"),
        .chunks("extension without size", 400, ";a\r\nhello\r\n0\r\n\r\n"),
        .chunks("16 digits", 400, "0000000000000005\r\nhello\r\n0\r\n\r\n"),
        .chunks("2^64", 400, "10000000000000000\r\n"),
        .chunks("15 digits", 413, "fffffffffffffff\r\n"),
        .chunks("over the limit", 413, "2000001\r\n"),
        .chunks("over the limit in sum", 413, "1\r\na\r\n2000000\r\n"),
        .chunks("bare LF after size", 400, "5\nhello\r\n0\r\n\r\n"),
        .chunks("bare CR after size", 400, "5\rhello\r\n0\r\n\r\n"),
        .chunks("data too long", 400, "5\r\nhello!\r\n0\r\n\r\n"),
        .chunks("data without CRLF", 400, "5\r\nhello0\r\n\r\n"),
        .chunks("data with bare LF", 400, "5\r\nhello\n0\r\n\r\n"),
        .chunks("data with bare CR", 400, "5\r\nhello\r0\r\n\r\n"),
        .chunks("LF in extension", 400, "5;a\nhello\r\n0\r\n\r\n"),
        .chunks("NUL in extension", 400, "5;a\u{0}\r\nhello\r\n0\r\n\r\n"),
        .chunks("extension not ASCII", 400, "5;é\r\nhello\r\n0\r\n\r\n"),
        .chunks("CR in quoted extension", 400, "5;a=\"\rb\"\r\nhello\r\n0\r\n\r\n"),
        .chunks("long extension", 413, "5;\(String(repeating: "a", count: 4097))\r\nhello\r\n0\r\n\r\n"),
        .chunks("many extensions", 413, String(repeating: "1;\(String(repeating: "a", count: 100))\r\na\r\n", count: 41)),
        .chunks("trailer without colon", 400, "0\r\nX\r\n\r\n"),
        .chunks("trailer without name", 400, "0\r\n: a\r\n\r\n"),
        .chunks("trailer with space before colon", 400, "0\r\nX : a\r\n\r\n"),
        .chunks("folded trailer", 400, "0\r\nX: a\r\n b\r\n\r\n"),
        .chunks("NUL in trailer", 400, "0\r\nX: \u{0}\r\n\r\n"),
        .chunks("bare LF after trailer", 400, "0\r\nX: a\n\r\n"),
        .chunks("bare CR in trailer", 400, "0\r\nX: a\rb\r\n\r\n"),
        .chunks("bare LF at the end", 400, "0\r\n\n"),
        .chunks("bare CR at the end", 400, "0\r\n\rX"),
        .chunks("long trailers", 413, "0\r\n" + String(repeating: "X: \(String(repeating: "a", count: 100))\r\n", count: 90)),
    ]

    static let foreign: [Case] = [
        Case("TLS", 400, bytes: [0x16, 0x03, 0x01]),
        Case("NUL", 400, bytes: [0]),
        Case("HTTP/2 preface", 400, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        Case("PROXY header", 400, "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"),
        Case("PROXY header, version 2", 400, bytes: [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51]),
        Case("SSH", 400, "SSH-2.0-OpenSSH_9.2\r\n"),
        Case("SMTP", 400, "EHLO a.example\r\n"),
        Case("JSON", 400, "{\"model\":"),
        Case("a reply", 400, "HTTP/1.1 200 OK\r\n\r\n"),
    ]

    static let all = framing + lines + requestLines + chunks + foreign

    @Test(arguments: all) func isRefused(_ malformed: Case) throws {
        let outcome = RequestStream.run(malformed.bytes)
        let violation = try #require(outcome.violation)
        #expect(violation.status == malformed.status, "\(violation.reason)")
        #expect(!outcome.requests.contains { $0.path == "/smuggled" })
        #expect(outcome.requests.allSatisfy { $0.body == nil })
    }

    /// Nothing that the bytes cannot become may be waited for: the refusal comes with the first impossible byte.
    @Test(
        arguments: [
            ([0x16], 1), (Array("PRI *".utf8), 4), (Array("PROXY TCP4".utf8), 6), (Array("\u{0}\u{0}".utf8), 1),
            (Array("CONNECT a".utf8), 8),
            (Array("EHLO a".utf8), 6), (Array("\r\n\r\n".utf8), 3), (Array(" GET".utf8), 1), (Array("GET\r\n".utf8), 4),
        ] as [([UInt8], Int)])
    func isRefusedAtOnce(_ bytes: [UInt8], after count: Int) {
        #expect(RequestStream.run(Array(bytes.prefix(count - 1))).violation == nil)
        #expect(RequestStream.run(Array(bytes.prefix(count))).violation != nil)
    }

    /// A violation ends the connection: the same parser finds no request in whatever comes later.
    @Test func staysInvalid() {
        var parser = HTTPRequestParser()
        let good = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        for bytes in [[UInt8](arrayLiteral: 0x16), good, []] {
            guard case .invalid(.notHTTP) = parser.parseHead(bytes.span) else {
                Issue.record("the parser recovered")
                return
            }
        }
    }
}

extension HTTPViolation {
    static func ~= (pattern: HTTPViolation, value: HTTPViolation) -> Bool { pattern == value }
}
