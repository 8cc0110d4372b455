import Chat
import Core
import Testing

private func text(_ build: (inout [UInt8]) -> Void) -> String {
    var bytes: [UInt8] = []
    build(&bytes)
    return String(decoding: bytes, as: UTF8.self)
}

@Suite struct WritingTests {
    @Test(arguments: [
        ("", #""""#), ("plain é 🌀", #""plain é 🌀""#), ("a\"b\\c/d", #""a\"b\\c/d""#),
        ("\n\r\t\u{0}\u{1F}\u{8}", #""\n\r\t\u0000\u001f\u0008""#), ("\"", #""\"""#),
    ]) func strings(value: String, expected: String) throws {
        let written = text { $0.appendJSONString(value) }
        #expect(written == expected)
        #expect(try JSONReader().read(Array(written.utf8)) { $0.string } == value)
    }

    /// Bytes are looked at in groups of eight: what must be escaped is found wherever it stands, and nothing else is taken for it.
    @Test func everyCharacterAtEveryPlace() throws {
        let reader = JSONReader()
        for scalar in (0..<0x80).map({ UnicodeScalar(UInt8($0)) }) + ["é", "\u{7FF}", "\u{FFFF}", "🌀"] {
            for (before, after) in [(0, 0), (0, 9), (1, 7), (3, 4), (7, 0), (7, 8), (8, 1), (15, 2)] {
                for filler in ["!", "#", "[", "]", "é", " "] {
                    let value = String(repeating: filler, count: before) + String(scalar) + String(repeating: filler, count: after)
                    let written = text { $0.appendJSONString(value) }
                    let isEscaped = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
                    #expect(written.contains("\\") == isEscaped)
                    #expect(try reader.read(Array(written.utf8)) { $0.string } == value)
                }
            }
        }
    }

    @Test(arguments: [Int64.min, -1, 0, 7, 10, 1_000_000_007, .max]) func integers(value: Int64) {
        #expect(text { $0.appendJSONNumber(value) } == String(value))
    }

    @Test(arguments: [Int64.min, -1_500_000_000, -1, 0, 1, 150_000, 1_000_000_000, 12_000_000_000, 1_234_567_890, .max]) func amounts(
        nanos: Int64
    ) {
        let amount = NanoUSD(nanos: nanos)
        #expect(text { $0.appendJSONNumber(amount) } == amount.decimalString)
    }

    @Test func errorBodies() throws {
        let error = GatewayError(.invalidRequest, "no \"role\"\n", param: "messages.0.role")
        let facts = #""type":"invalid_request_error","param":"messages.0.role","code":"invalid_request_error""#
        #expect(text { error.appendOpenAIBody(to: &$0) } == #"{"error":{"message":"no \"role\"\n",\#(facts)},\#(facts)}"#)
        let plain = text { GatewayError(.overloaded, "x", source: .gateway).appendOpenAIBody(to: &$0) }
        try JSONReader().read(Array(plain.utf8)) { root in
            #expect(root["error"]?["param"]?.isNull == true)
            #expect(root["param"]?.isNull == true)
            #expect(root["code"]?.string == "overloaded")
            #expect(root["error"]?["message"]?.string == "x")
        }
    }

    @Test func aProvidersBodyPassesAsItCame() {
        let error = GatewayError(.invalidRequest, "ours", passThrough: (422, Array("{\n\"error\": \"theirs\"\r\n}".utf8)))
        #expect(text { error.appendOpenAIBody(to: &$0) } == "{\n\"error\": \"theirs\"\r\n}")
        #expect(text { SSE.appendError(error, to: &$0) } == "event: error\ndata: { \"error\": \"theirs\"  }\n\n")
    }

    @Test func events() {
        #expect(text { SSE.appendKeepAlive(to: &$0) } == ": keep-alive\n\n")
        #expect(text { SSE.appendDone(to: &$0) } == "data: [DONE]\n\n")
    }
}

@Suite struct SSEEventFinderTests {
    private func events(_ pieces: [String]) -> [String] {
        var finder = SSEEventFinder()
        var buffer: [UInt8] = []
        var found: [String] = []
        for piece in pieces {
            let bytes = Array(piece.utf8)
            bytes.withUnsafeBytes { finder.willSearch($0) }
            buffer += bytes
            var start = 0
            buffer.withUnsafeBytes {
                while let event = finder.next(in: $0) {
                    found.append(String(decoding: $0[start..<event.end], as: UTF8.self))
                    start = event.end
                }
            }
            buffer.removeFirst(start)
            finder.didConsume(start)
        }
        return found
    }

    @Test(arguments: ["\n", "\r\n", "\r"]) func lineEnds(end: String) {
        let text = ["data: a", "", "event: b", "data: c", "", "", "data: d", ""].map { $0 + end }.joined() + "rest"
        let expected = [["data: a", ""], ["event: b", "data: c", ""], [""], ["data: d", ""]].map { $0.map { $0 + end }.joined() }
        #expect(events([text]) == expected)
        #expect(events(text.unicodeScalars.map { String($0) }) == expected)
    }

    @Test func mixedLineEnds() {
        #expect(events(["a\r\n\nb\n\r\nc\r\rd\n\re"]) == ["a\r\n\n", "b\n\r\n", "c\r\r", "d\n\r"])
    }

    @Test func fields() {
        let bytes = Array(": hi\nevent:x\nevent: error\ndata: a\ndata\ndata:  b\nid: 7\n\n".utf8)
        bytes.withUnsafeBytes { buffer in
            var finder = SSEEventFinder()
            finder.willSearch(buffer)
            guard let event = finder.next(in: buffer) else { return #expect(Bool(false), "there is an event") }
            let block = SSEEventBlock(event, startingAt: 0, in: buffer)
            #expect(block.onlyData == nil)
            #expect(block.fields().name == Array("error".utf8))
            #expect(block.fields().data == Array("a\n\n b".utf8))
        }
    }
}
