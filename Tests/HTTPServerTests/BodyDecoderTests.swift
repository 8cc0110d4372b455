import Testing

@testable import HTTPServer

@Suite struct BodyDecoderTests {
    private func decode(_ framing: HTTPFraming, _ text: String, limits: HTTPLimits = HTTPLimits()) -> (HTTPBodyDecoder.BodyResult, String) {
        var decoder = HTTPBodyDecoder(framing: framing, limits: limits)
        var body: [UInt8] = []
        let input = Array(text.utf8)
        let result = decoder.decode(input.span, into: &body)
        return (result, String(decoding: body, as: UTF8.self))
    }

    @Test func noBody() {
        #expect(decode(.none, "GET /") == (.complete(consumed: 0), ""))
    }

    @Test func declaredLength() {
        #expect(decode(.length(5), "hello") == (.complete(consumed: 5), "hello"))
        #expect(decode(.length(5), "helloGET /") == (.complete(consumed: 5), "hello"))
        #expect(decode(.length(5), "hel") == (.incomplete(consumed: 3), "hel"))
        #expect(decode(.length(5), "") == (.incomplete(consumed: 0), ""))
        #expect(decode(.length(6), "hello!", limits: HTTPLimits(body: 5)) == (.invalid(.bodyTooLarge), ""))
    }

    @Test(arguments: [
        ("5\r\nhello\r\n0\r\n\r\n", "hello"),
        ("5\r\nhello\r\n1\r\n!\r\n000\r\n\r\n", "hello!"),
        ("0\r\n\r\n", ""),
        ("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"),
        ("000000000000005\r\nhello\r\n0\r\n\r\n", "hello"),
        ("5;name=value;x=\"a b\"\r\nhello\r\n0;last\r\n\r\n", "hello"),
        ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n"),
        ("1\r\na\r\n0\r\nX-Sum: 1\r\nContent-Length: 5\r\nY:\r\n\r\n", "a"),
    ])
    func chunks(_ framed: String, _ body: String) {
        #expect(decode(.chunked, framed) == (.complete(consumed: framed.utf8.count), body))
        #expect(decode(.chunked, framed + "GET /") == (.complete(consumed: framed.utf8.count), body))
    }

    @Test func limitsAreExact() {
        let limits = HTTPLimits(body: 5, trailers: 6, chunkExtensions: 2)
        #expect(decode(.chunked, "2;a\r\nhe\r\n3;\r\nllo\r\n0;b\r\nX: a\r\n\r\n", limits: limits) == (.complete(consumed: 31), "hello"))
        #expect(decode(.chunked, "2\r\nhe\r\n4\r\n", limits: limits) == (.invalid(.bodyTooLarge), "he"))
        #expect(decode(.chunked, "1;a\r\na\r\n1;bc\r\n", limits: limits).0 == .invalid(.chunkExtensionsTooLarge))
        #expect(decode(.chunked, "0\r\nX: ab\r\n\r\n", limits: limits).0 == .invalid(.trailersTooLarge))
    }

    /// The limit holds over all pieces, also for a caller that takes the bytes away between them.
    @Test func limitOutlastsTheBuffer() {
        var decoder = HTTPBodyDecoder(framing: .chunked, limits: HTTPLimits(body: 10))
        let piece = Array("5\r\nhello\r\n".utf8)
        for expected in [.incomplete(consumed: 10), .incomplete(consumed: 10), .invalid(.bodyTooLarge), .invalid(.bodyTooLarge)]
            as [HTTPBodyDecoder.BodyResult]
        {
            var body: [UInt8] = []
            let result = decoder.decode(piece.span, into: &body)
            #expect(result == expected)
        }
    }

    @Test func doneStaysDone() {
        var decoder = HTTPBodyDecoder(framing: .chunked)
        var body: [UInt8] = []
        let framed = Array("0\r\n\r\n".utf8)
        let results = [decoder.decode(framed.span, into: &body), decoder.decode(framed.span, into: &body)]
        #expect(results == [.complete(consumed: 5), .complete(consumed: 0)])
    }

    @Test func declaredSizeReservesLittle() {
        var decoder = HTTPBodyDecoder(framing: .length(32 << 20))
        var body: [UInt8] = []
        let input: [UInt8] = [1]
        _ = decoder.decode(input.span, into: &body)
        #expect(body.capacity < 1 << 20)
    }
}
