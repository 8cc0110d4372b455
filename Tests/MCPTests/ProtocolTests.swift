import Chat
import Core
import EventLoop
import Testing

@testable import MCP

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

@Suite struct LineBufferTests {
    @Test func linesAreCutWhereverTheBytesAre() throws {
        let text = "{\"a\":1}\n\r\n{\"b\":2}\r\n{\"c\""
        for split in 0...text.utf8.count {
            var buffer = LineBuffer(longest: 100)
            let all = bytes(text)
            let lines = try buffer.feed(Array(all[..<split])) + buffer.feed(Array(all[split...])) + buffer.feed(bytes(":3}\n"))
            #expect(lines.map { String(decoding: $0, as: UTF8.self) } == ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"])
        }
    }

    @Test func aLineThatNeverEnds_isRefused() throws {
        var buffer = LineBuffer(longest: 10)
        #expect(try buffer.feed(bytes("0123456789")).isEmpty)
        #expect(throws: MCPFailure.tooLarge(10)) { try buffer.feed(bytes("x")) }
    }
}

@Suite struct IncomingMessageTests {
    private func read(_ text: String) -> IncomingMessage? { IncomingMessage.read(bytes(text), JSONReader()) }

    @Test func answers() throws {
        guard case .answer(id: 7, .success(let result))? = read(#"{"jsonrpc":"2.0","id":7,"result":{"n":1.50}}"#) else {
            Issue.record("no answer")
            return
        }
        #expect(String(decoding: result, as: UTF8.self) == #"{"n":1.50}"#, "as it was written")
        guard
            case .answer(id: 8, .failure(.refused(code: -32_601, message: "no")))? = read(
                #"{"id":"8","error":{"code":-32601,"message":"no"}}"#)
        else {
            Issue.record("no error")
            return
        }
    }

    @Test func requestsAndNotifications() {
        guard case .request(id: let id, method: "ping", params: _)? = read(#"{"id":"x","method":"ping"}"#) else {
            Issue.record("no request")
            return
        }
        #expect(id == bytes("\"x\""))
        guard
            case .notification(method: "notifications/tools/list_changed", params: _)? = read(
                #"{"method":"notifications/tools/list_changed"}"#)
        else {
            Issue.record("no notification")
            return
        }
    }

    @Test(arguments: ["", "rubbish", "[]", "{}", "7", #"{"id":null,"result":{}}"#, #"{"id":1}"#, #"{"result":{}}"#])
    func noise_isNoMessage(text: String) { #expect(read(text) == nil) }

    @Test func anAnswerThatSaysNothing_isToldAtOnce() {
        guard case .answer(id: 1, .failure(.malformed))? = read(#"{"jsonrpc":"2.0","id":1}"#) else {
            Issue.record("not understood")
            return
        }
    }

    @Test func textInAnotherCoding_isUnderstoodInPart() {
        let line = bytes(#"{"jsonrpc":"2.0","id":1,"result":{"t":""#) + [0xE9, 0xFF] + bytes(#""}}"#)
        guard case .answer(id: 1, .success(let result))? = IncomingMessage.read(line, JSONReader()) else {
            Issue.record("not understood")
            return
        }
        #expect(String(decoding: result, as: UTF8.self) == "{\"t\":\"\u{FFFD}\u{FFFD}\"}")
    }
}

@Suite struct AnswerReaderTests {
    @Test func aJSONBody_isOneMessage() throws {
        var reader = AnswerReader(id: 1, isStream: false, most: 100)
        #expect(try reader.feed(bytes("{\"id\"")).isEmpty)
        #expect(try reader.feed(bytes(":1}")).isEmpty)
        #expect(try reader.feed(nil) == [bytes("{\"id\":1}")])
        #expect(throws: MCPFailure.tooLarge(100)) {
            var reader = AnswerReader(id: 1, isStream: false, most: 100)
            _ = try reader.feed([UInt8](repeating: 0x20, count: 101))
        }
    }

    @Test func events_areMessages() throws {
        let text = ": hello\n\nevent: message\ndata: {\"method\":\"a\"}\n\ndata: {\"id\":1,\ndata: \"result\":{}}\n\n"
        for split in 0...text.utf8.count {
            var reader = AnswerReader(id: 1, isStream: true, most: 1_000)
            let all = bytes(text)
            let found = try reader.feed(Array(all[..<split])) + reader.feed(Array(all[split...])) + reader.feed(nil)
            #expect(found.map { String(decoding: $0, as: UTF8.self) } == ["{\"method\":\"a\"}", "{\"id\":1,\n\"result\":{}}"])
        }
    }
}

@Suite struct StartBackoffTests {
    private let start = MonotonicTime(nanoseconds: 1_000_000_000_000)

    @Test func theFirstFailure_isTriedAgainAtOnce_thenLaterAndLater() {
        var backoff = StartBackoff()
        #expect(backoff.refusal(at: start) == nil)
        backoff.failed(.lost("x"), at: start)
        #expect(backoff.refusal(at: start) == nil)
        var waits: [Duration] = []
        var now = start
        for _ in 0..<12 {
            backoff.failed(.lost("x"), at: now)
            var wait = Duration.zero
            while backoff.refusal(at: now + wait) != nil { wait += .milliseconds(50) }
            waits.append(wait)
            now = now + wait
        }
        #expect(waits[0] == .milliseconds(250) && waits[1] == .milliseconds(500) && waits.max() == .seconds(30))
    }

    @Test func whatWorkedForLong_beginsAnew() {
        var backoff = StartBackoff()
        for _ in 0..<5 { backoff.failed(.lost("x"), at: start) }
        #expect(backoff.refusal(at: start + .milliseconds(1)) == .lost("x"))
        backoff.failed(.lost("y"), at: start + .seconds(100))
        #expect(backoff.refusal(at: start + .seconds(100)) == nil)
    }
}

@Suite struct ToolResultTests {
    private func read(_ text: String) throws -> MCPToolResult { try MCPToolResult(bytes(text), JSONReader()) }

    @Test func everyKindOfContent_isSomethingToRead() throws {
        let text = #"""
            {"content":[{"type":"text","text":"a"},{"type":"image","data":"AA==","mimeType":"image/png"},{"type":"audio","data":"AA==","mimeType":"audio/wav"},
            {"type":"resource_link","name":"n","uri":"file:///x"},{"type":"resource","resource":{"uri":"u","text":"inside"}},
            {"type":"resource","resource":{"uri":"u","blob":"AA=="}},{"type":"hologram"}]}
            """#
        #expect(
            try read(text).text
                == "a\n[image, image/png]\n[audio, audio/wav]\n[n](file:///x)\ninside\n[resource u]\n[a part of an unknown kind]")
    }

    @Test func structuredContent_standsInForNone() throws {
        #expect(try read(#"{"content":[],"structuredContent":{"a":1}}"#).text == #"{"a":1}"#)
        #expect(try read(#"{"isError":true,"content":[{"type":"text","text":"no"}]}"#).isError)
        #expect(try read(#"{"resultType":"input_required","inputRequests":{}}"#).isError)
        #expect(throws: MCPFailure.self) { try read("[]") }
    }
}

@Suite struct HeaderValueTests {
    @Test(arguments: [
        ("plain", "plain"), ("with space", "with space"), (" x", "=?base64?IHg=?="), ("é", "=?base64?w6k=?="), ("a\nb", "=?base64?YQpi?="),
    ])
    func whatIsNotPlain_isPutIntoBase64(name: String, value: String) { #expect(StreamableHTTPConnection.fieldValue(name) == value) }
}
