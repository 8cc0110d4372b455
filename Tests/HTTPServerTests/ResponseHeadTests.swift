import Testing

@testable import HTTPServer

@Suite struct ResponseHeadTests {
    private func text(_ head: HTTPResponseHead, date: String? = nil) -> String {
        var output: [UInt8] = []
        HTTP1Writer.append(head, date: date.map { Array($0.utf8) }, to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    @Test func whole() {
        var head = HTTPResponseHead(status: 200, contentType: "application/json", framing: .length(850))
        head.appendField("x-request-id", value: "abc")
        head.appendField("x-purser-attempts", value: 12)
        head.appendField("x-bytes", value: Array("1\t2é".utf8)[...])
        #expect(
            text(head, date: "Sun, 06 Nov 1994 08:49:37 GMT")
                == "HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-type: application/json\r\ncontent-length: 850\r\n"
                + "x-request-id: abc\r\nx-purser-attempts: 12\r\nx-bytes: 1\t2é\r\n\r\n")
    }

    @Test func framings() {
        #expect(text(HTTPResponseHead(status: 200, framing: .chunked)) == "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        #expect(text(HTTPResponseHead(status: 200, framing: .untilClose)) == "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
        #expect(text(HTTPResponseHead(status: 204)) == "HTTP/1.1 204 No Content\r\n\r\n")
        #expect(text(HTTPResponseHead(status: 304, framing: .chunked)) == "HTTP/1.1 304 Not Modified\r\n\r\n")
        #expect(text(HTTPResponseHead(status: 599)) == "HTTP/1.1 599 \r\ncontent-length: 0\r\n\r\n")
        #expect(
            text(HTTPResponseHead(status: 431, closes: true))
                == "HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
    }

    @Test(arguments: ["a\r\nset-cookie: x", "a\nb", "a\rb", "a\u{0}", "\u{7F}", "0123456789abcde\u{1B}"])
    func injectionIsRefused(_ value: String) {
        var head = HTTPResponseHead(status: 200)
        let before = text(head)
        let isTextAppended = head.appendField("x-a", value: value)
        let areBytesAppended = head.appendField("x-a", value: Array(value.utf8)[...])
        #expect(!isTextAppended && !areBytesAppended)
        #expect(text(head) == before)
    }

    @Test func chunks() {
        var output: [UInt8] = []
        HTTP1Writer.appendChunk([], to: &output)
        HTTP1Writer.appendChunk(Array(repeating: 0x61, count: 26)[...], to: &output)
        HTTP1Writer.appendChunk(Array(repeating: 0x62, count: 256)[...], to: &output)
        HTTP1Writer.appendLastChunk(to: &output)
        let expected = "1a\r\n" + String(repeating: "a", count: 26) + "\r\n100\r\n" + String(repeating: "b", count: 256) + "\r\n0\r\n\r\n"
        #expect(String(decoding: output, as: UTF8.self) == expected)
        var decoder = HTTPBodyDecoder(framing: .chunked)
        var body: [UInt8] = []
        let result = decoder.decode(output.span, into: &body)
        #expect(result == .complete(consumed: output.count))
        #expect(body.count == 282)
    }

    @Test func interim() {
        var output: [UInt8] = []
        HTTP1Writer.appendContinue(to: &output)
        #expect(String(decoding: output, as: UTF8.self) == "HTTP/1.1 100 Continue\r\n\r\n")
    }

    /// The parser's refusals must all have a name on the wire.
    @Test func everyRefusalHasAReason() {
        for status in [400, 408, 413, 414, 417, 431, 501, 505] { #expect(HTTPResponseHead.reason(status).utf8CodeUnitCount > 0) }
    }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (951_868_799, "Tue, 29 Feb 2000 23:59:59 GMT"), (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        (-5, "Thu, 01 Jan 1970 00:00:00 GMT"), (.max, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ])
    func dates(_ seconds: Int, _ expected: String) {
        #expect(String(decoding: HTTPDate.bytes(secondsSince1970: seconds), as: UTF8.self) == expected)
    }

    @Test func numbers() {
        var output: [UInt8] = []
        for number in [0, 7, 10, -42, .max, .min] {
            output.append(decimal: number)
            output.append(" ")
        }
        output.append(hexadecimal: .max)
        #expect(String(decoding: output, as: UTF8.self) == "0 7 10 -42 \(Int.max) \(Int.min) 7fffffffffffffff")
    }
}
