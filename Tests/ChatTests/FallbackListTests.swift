import Chat
import Core
import Testing

private let hello = #""messages":[{"role":"user","content":"hi"}]"#

private func decode(_ text: String) throws -> ChatRequest { try ChatRequest(decoding: Array(text.utf8), reader: JSONReader()) }

private func body(_ request: ChatRequest, _ limit: OutputLimit? = nil) -> String {
    String(decoding: request.upstreamBody(model: Array("\"up\"".utf8), outputLimit: limit), as: UTF8.self)
}

@Suite struct FallbackLists {
    @Test(arguments: [
        (#""model":["a","b"]"#, ["a", "b"]), (#""model":"a","models":["a","b"]"#, ["a", "b"]),
        (#""models":["a","b"],"model":"c""#, ["c", "a", "b"]),
        (#""models":["a"]"#, ["a"]), (#""model":"a","models":[]"#, ["a"]), (#""model":["a",{"model":"b"}],"models":null"#, ["a", "b"]),
    ])
    func names(members: String, expected: [String]) throws {
        let request = try decode("{\(members),\(hello)}")
        #expect(request.facts.models.map(\.name) == expected)
        let sent = try JSONReader().read(Array(body(request).utf8)) { root in (root["model"]?.string, root["models"] == nil) }
        #expect(sent.0 == "up" && sent.1)
    }

    @Test func settingsReplaceMembers() throws {
        let reader = JSONReader()
        let request = try decode(
            #"{"temperature":1,"model":[{"model":"a","settings":{"temperature":0.25,"max_tokens":9,"stop":["é\n"],"seed":12345678901234}},"b"],\#(hello)}"#
        )
        let settings = try #require(request.facts.models[0].settings)
        #expect(request.facts.models[1].settings == nil)
        let changed = try request.edited(RequestEdit(settings: settings), reader: reader)
        #expect(changed.facts.maxOutputTokens == 9)
        let expected = #"{"model":"up",\#(hello),"temperature":0.25,"max_tokens":9,"stop":["é\n"],"seed":12345678901234}"#
        #expect(body(changed) == expected)
    }

    @Test func aSettingMustBeValid() throws {
        let request = try decode(#"{"model":[{"model":"a","settings":{"temperature":"hot"}}],\#(hello)}"#)
        let settings = try #require(request.facts.models[0].settings)
        let error = #expect(throws: GatewayError.self) { try request.edited(RequestEdit(settings: settings), reader: JSONReader()) }
        #expect(error?.param == "temperature")
    }
}

@Suite struct OutputLimits {
    @Test(arguments: [
        (#""max_tokens":100"#, #""max_tokens":40"#), (#""max_tokens":40"#, #""max_tokens":40"#), (#""max_tokens":7"#, #""max_tokens":7"#),
        (#""max_completion_tokens":100,"max_tokens":90"#, #""max_completion_tokens":40"#),
    ])
    func lower(member: String, sent: String) throws {
        let request = try decode("{\"model\":\"m\",\(member),\(hello)}")
        #expect(body(request, OutputLimit(tokens: 40, upstreamModel: "gpt-4o")) == "{\"model\":\"up\",\(sent),\(hello)}")
    }

    @Test(arguments: [
        ("gpt-4o", "max_tokens"), ("o3-mini", "max_completion_tokens"), ("gpt-5", "max_completion_tokens"), ("smollm2", "max_tokens"),
    ])
    func added(model: String, member: String) throws {
        let request = try decode(#"{"model":"m",\#(hello),"stream":true}"#)
        let sent = body(request, OutputLimit(tokens: 40, upstreamModel: model))
        #expect(sent == #"{"model":"up",\#(hello),"stream":true,"stream_options":{"include_usage":true},"\#(member)":40}"#)
    }
}

@Suite struct MaxCost {
    @Test(arguments: [("0.05", 50_000_000), ("\"0.05\"", 50_000_000), ("0", 0), ("1e-9", 1), ("2", 2_000_000_000)])
    func amounts(text: String, nanos: Int64) throws {
        let request = try decode("{\"model\":\"m\",\"max_cost\":\(text),\(hello)}")
        #expect(request.facts.maxCost == NanoUSD(nanos: nanos))
        #expect(body(request) == "{\"model\":\"up\",\(hello)}")
    }
}

@Suite struct Conversations {
    private struct Facts: Equatable {
        var system = "", lastUser = ""
        var userTurns = 0
    }

    private func read(_ messages: String) throws -> Facts {
        try decode("{\"model\":\"m\",\"messages\":[\(messages)]}").readConversation(JSONReader()) { conversation in
            Facts(
                system: String(decoding: conversation.system, as: UTF8.self),
                lastUser: String(decoding: conversation.lastUser, as: UTF8.self),
                userTurns: conversation.userTurns)
        }
    }

    @Test func turns() throws {
        let facts = try read(
            #"{"role":"system","content":"Be\nbrief."},{"role":"developer","content":"No jokes."},{"role":"user","content":"one"},"#
                + #"{"role":"assistant","content":"two"},{"role":"user","content":"thr\u00e9e"},{"role":"tool","content":"x","tool_call_id":"1"}"#
        )
        #expect(facts == Facts(system: "Be\nbrief.\nNo jokes.", lastUser: "thrée", userTurns: 2))
    }

    @Test func parts() throws {
        let facts = try read(
            #"{"role":"user","content":[{"type":"text","text":"look"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},"#
                + #"{"type":"image_url","image_url":{"url":"https://a/b.png"}},{"type":"text","text":"closely"}]}"#)
        #expect(facts == Facts(lastUser: "look\nclosely", userTurns: 1))
    }

    @Test func imagesAreCountedAndAreNoText() throws {
        let text = #"{"type":"text","text":"look"}"#
        let image = #"{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}"#
        let bare = try decode(
            "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[\(text),{\"type\":\"image_url\",\"image_url\":{\"url\":\"\"}}]}]}"
        )
        let request = try decode("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[\(text),\(image)]}]}")
        #expect(request.media.images == 1 && request.messageCount == 1)
        #expect(request.promptBytes == bare.promptBytes)
    }

    @Test func nothing() throws {
        #expect(try read(#"{"role":"user","content":null},{"role":"assistant"}"#) == Facts(userTurns: 1))
    }
}
