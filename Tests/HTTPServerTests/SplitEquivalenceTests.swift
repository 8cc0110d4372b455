import Testing

@testable import HTTPServer

/// However TCP cuts the bytes, the requests found in them are the same. A difference would be a way to smuggle.
@Suite struct SplitEquivalenceTests {
    /// Small enough that short inputs reach every limit.
    static let tightLimits = HTTPLimits(requestLine: 40, head: 160, fieldCount: 5, body: 24, trailers: 20, chunkExtensions: 12)

    static let wellFormed: [[UInt8]] = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nPOST /v1/x?y HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 11\r\nX: \t \r\n\r\nhello\r\nyou!GET /2 HTTP/1.0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=\"y\"\r\nhello\r\n00\r\nX: a\r\nY:\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a:1/x HTTP/1.1\r\nHost: A:1\r\n\r\n\r\nDELETE /%20 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ].map { Array($0.utf8) }

    @Test func atEveryByte() {
        for bytes in Self.wellFormed + MalformedRequestTests.all.map(\.bytes) where bytes.count < 2000 {
            for limits in [HTTPLimits(), Self.tightLimits] {
                let whole = RequestStream.run(bytes, limits: limits)
                #expect(RequestStream.run(bytes, cuts: Array(1..<max(1, bytes.count)), limits: limits) == whole)
                for cut in 1..<max(2, bytes.count) {
                    let split = RequestStream.run(bytes, cuts: [min(cut, bytes.count)], limits: limits)
                    #expect(split == whole, "cut at \(cut) of \(String(decoding: bytes, as: UTF8.self).debugDescription)")
                }
            }
        }
    }

    @Test func wellFormedIsAccepted() {
        for (bytes, count) in zip(Self.wellFormed, [1, 2, 2, 2]) {
            let outcome = RequestStream.run(bytes)
            #expect(outcome.violation == nil)
            #expect(outcome.requests.count == count)
            #expect(outcome.requests.allSatisfy { $0.body != nil })
        }
    }

    @Test func pipelinedRequestsKeepTheirOrderAndBodies() {
        var bytes: [UInt8] = []
        for number in 0..<100 {
            let body = String(repeating: "b", count: number)
            bytes +=
                number.isMultiple(of: 2)
                ? Array("POST /\(number) HTTP/1.1\r\nHost: a\r\nContent-Length: \(number)\r\n\r\n\(body)".utf8)
                : Array(
                    "POST /\(number) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(String(number, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
                        .utf8)
        }
        let outcome = RequestStream.run(bytes, cuts: Array(stride(from: 7, to: bytes.count, by: 7)))
        #expect(outcome.requests.map(\.path) == (0..<100).map { "/\($0)" })
        #expect(outcome.requests.map { $0.body?.count } == Array(0..<100))
    }

    /// Heads near the limits, one for each loop that could start over with every byte.
    enum LargeHead: String, CaseIterable {
        case longTarget, longValue, manyFields, noEnd

        var bytes: [UInt8] {
            func letters(_ count: Int) -> String { String(repeating: "a", count: count) }
            let lines =
                switch self {
                case .longTarget: "GET /\(letters(15_000)) HTTP/1.1\r\nHost: a\r\n\r\n"
                case .longValue: "GET / HTTP/1.1\r\nHost: a\r\nX: \(letters(60_000))\r\n\r\n"
                case .manyFields: "GET / HTTP/1.1\r\nHost: a\r\n\(String(repeating: "X: \(letters(200))\r\n", count: 250))\r\n"
                case .noEnd: "GET / HTTP/1.1\r\nHost: a\r\nX: \(letters(100_000))"
                }
            return Array(lines.utf8)
        }
    }

    /// Byte by byte, a head may cost a small multiple of its size, whatever its shape: no line is searched or parsed twice.
    @Test(arguments: LargeHead.allCases) func drippingIsLinear(_ head: LargeHead) {
        let bytes = head.bytes
        var parser = HTTPRequestParser()
        for end in 1...bytes.count {
            guard case .incomplete = parser.parseHead(bytes.span.extracting(0..<end)) else { break }
        }
        #expect(parser.examined > min(bytes.count, 64 << 10) / 2)
        #expect(parser.examined <= 2 * bytes.count)
    }

    @Test func isWithinHead() {
        var parser = HTTPRequestParser()
        let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        #expect(!parser.isWithinHead)
        _ = parser.parseHead(bytes.span.extracting(0..<3))
        #expect(parser.isWithinHead)
        _ = parser.parseHead(bytes.span)
        #expect(!parser.isWithinHead)
    }
}
