import Testing

@testable import Chat

@Suite struct RequestEditTests {
    private let reader = JSONReader()

    private func edited(_ text: String, _ change: (inout RequestEdit) -> Void) throws -> ChatRequest {
        var edit = RequestEdit()
        change(&edit)
        return try ChatRequest(decoding: Array(text.utf8), reader: reader).edited(edit, reader: reader)
    }

    private func body(_ request: ChatRequest) -> String {
        String(decoding: request.upstreamBody(model: Array("\"m\"".utf8)), as: UTF8.self)
    }

    private let plain = #"{"model":"m","messages": [{"role":"user","content":"hi"}],"temperature":0}"#

    @Test func nothingChanged_isTheSameRequest() throws {
        #expect(body(try edited(plain) { _ in }) == plain)
    }

    @Test func messagesAndASystemsText_standAroundTheConversation() throws {
        let request = try edited(plain) {
            $0.system = "be \"brief\""
            $0.messages = [Array(#"{"role":"assistant","content":"a"}"#.utf8), Array(#"{"role":"user","content":"b"}"#.utf8)]
        }
        let messages =
            #"[{"role":"system","content":"be \"brief\""},{"role":"user","content":"hi"},{"role":"assistant","content":"a"},"#
            + #"{"role":"user","content":"b"}]"#
        #expect(body(request) == #"{"model":"m","messages":\#(messages),"temperature":0}"#)
        #expect(request.messageCount == 4)
    }

    @Test func aConversation_takesThePlaceOfTheClients() throws {
        let request = try edited(plain) { $0.conversation = [Array(#"{"role":"user","content":"else"}"#.utf8)] }
        #expect(body(request) == #"{"model":"m","messages":[{"role":"user","content":"else"}],"temperature":0}"#)
    }

    @Test func tools_areAddedToTheClients() throws {
        let tool = #"{"type":"function","function":{"name":"t"}}"#
        let own = #"{"type":"function","function":{"name":"own"}}"#
        let first = try edited(plain) { $0.tools = [Array(tool.utf8)] }
        #expect(first.facts.hasTools && body(first).contains(#""tools":[\#(tool)]"#))
        let both = try edited(#"{"tools":[\#(own)],"model":"m","messages":[{"role":"user","content":"hi"}]}"#) {
            $0.tools = [Array(tool.utf8)]
        }
        #expect(body(both).hasPrefix(#"{"tools":[\#(own),\#(tool)],"#))
    }

    @Test(arguments: [true, false]) func whetherItStreams_isTheGatewaysChoice(streams: Bool) throws {
        let text = #"{"stream":true,"stream_options":{"include_usage":true},"model":"m","messages":[{"role":"user","content":"hi"}]}"#
        let request = try edited(text) { $0.streams = streams }
        #expect(request.facts.stream == streams && body(request).contains("stream_options") == streams)
        #expect(try edited(plain) { $0.streams = streams }.facts.stream == streams)
    }

    @Test func settings_replaceMembersAndWhatIsInvalidIsToldSo() throws {
        let request = try edited(plain) { $0.settings = Array(#"{"temperature":1}"#.utf8) }
        #expect(body(request) == #"{"model":"m","messages": [{"role":"user","content":"hi"}],"temperature":1}"#)
        let error = #expect(throws: GatewayError.self) { try edited(plain) { $0.messages = [Array(#"{"role":7}"#.utf8)] } }
        #expect(error?.code == .invalidRequest && error?.param == "messages.1.role")
    }

    @Test func tagsFromBesideTheBody_areKept() throws {
        var request = try ChatRequest(decoding: Array(plain.utf8), reader: reader)
        try request.addMetadata(Array(#"{"team":"x"}"#.utf8), reader: reader)
        #expect(try request.edited(RequestEdit(streams: true), reader: reader).facts.metadata == ["team": "x"])
    }
}
