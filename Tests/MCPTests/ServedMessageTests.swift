import Chat
import Testing

@testable import MCP

@Suite struct ServedMessageTests {
    private let reader = JSONReader()

    private func message(
        _ json: String, _ mirrors: ServedMessage.Mirrors = ServedMessage.Mirrors()
    ) throws(ServedFailure) -> ServedMessage {
        try ServedMessage(Array(json.utf8), mirrors, reader)
    }

    private static let meta =
        #""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#

    @Test func parts_areReadWithoutMeta() throws {
        let read = try message(
            #"{"jsonrpc":"2.0","id":"a\"1","method":"tools/call","params":{"name":"add","arguments":{"a":1.0},"_meta":{"x":1}}}"#)
        #expect(read.id == Array(#""a\"1""#.utf8))
        #expect(read.name == "add")
        #expect(read.arguments == Array(#"{"a":1.0}"#.utf8))
        #expect(read.members == Array(#""name":"add","arguments":{"a":1.0}"#.utf8))
        #expect(!read.isModern)
    }

    @Test func whatWantsNoAnswer_hasNoID() throws {
        #expect(try message(#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#).id == nil)
        #expect(try message(#"{"jsonrpc":"2.0","id":3,"error":{"code":1,"message":"x"}}"#).id == nil)
    }

    @Test(arguments: [
        ("", -32_700), ("{", -32_700), ("[]", -32_600), ("{}", -32_600), (#"{"id":1,"method":"ping"}"#, -32_600),
        (#"{"jsonrpc":"2.0","id":1,"method":7}"#, -32_600), (#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#, -32_600),
        (#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32_600), (#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, -32_600),
        (#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":7}}"#, -32_602),
    ]) func whatIsNoMessage_isRefused(json: String, code: Int64) {
        #expect { try message(json) } throws: { ($0 as? ServedFailure)?.code == code }
    }

    @Test(
        arguments: [
            ("2026-07-28", "tools/call", "add", nil), ("2026-07-28", "tools/call", "=?base64?YWRk?=", nil),
            ("2026-07-28", "tools/call", "sub", -32_020), ("2026-07-28", "ping", "add", -32_020), (nil, "tools/call", "add", -32_020),
            ("2026-07-28", "tools/call", nil, -32_020), ("2025-06-18", "tools/call", "add", -32_020),
        ] as [(String?, String?, String?, Int64?)]) func headers_sayWhatTheBodySays(
            revision: String?, method: String?, name: String?, code: Int64?
        ) throws
    {
        let json = #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add",\#(Self.meta)}}"#
        do throws(ServedFailure) {
            let read = try message(json, ServedMessage.Mirrors(revision: revision, method: method, name: name))
            #expect(code == nil)
            #expect(read.isModern)
        } catch { #expect(error.code == code) }
    }

    @Test func revisions_thatAreNotSpokenAreNamed() {
        let mirrors = ServedMessage.Mirrors(revision: "2031-01-01")
        #expect { try message(#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, mirrors) } throws: { error in
            guard let failure = error as? ServedFailure else { return false }
            let body = String(decoding: failure.body, as: UTF8.self)
            return failure.status == 400 && body.contains(#""supported":["2026-07-28","2025-11-25""#)
        }
    }

    @Test(arguments: [("{}", "{"), ("{ }", "{ "), (#"{"a":[1,2,3,4,5,6,7,8]}"#, #"{"a":[1,2,3,4,5,6,7,8],"#)])
    func results_ofAnySizeStayJSON(result: String, start: String) throws {
        let message = try message(
            #"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{\#(Self.meta)}}"#,
            ServedMessage.Mirrors(revision: "2026-07-28", method: "tools/call"))
        let answer = String(decoding: message.answer(Array(result.utf8), JSONReader(mostValues: 5)), as: UTF8.self)
        #expect(answer == #"{"jsonrpc":"2.0","id":2,"result":\#(start)"resultType":"complete"}}"#)
    }

    @Test func results_haveWhatTheirEraWants() throws {
        let old = try message(#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#)
        #expect(String(decoding: old.answer(Array("{}".utf8), reader), as: UTF8.self) == #"{"jsonrpc":"2.0","id":1,"result":{}}"#)
        let modern = try message(
            #"{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{\#(Self.meta)}}"#,
            ServedMessage.Mirrors(revision: "2026-07-28", method: "tools/list"))
        #expect(
            String(decoding: modern.answer(Array(#"{"ttlMs":5}"#.utf8), isList: true, reader), as: UTF8.self)
                == #"{"jsonrpc":"2.0","id":2,"result":{"ttlMs":5,"resultType":"complete","cacheScope":"private"}}"#)
    }
}
