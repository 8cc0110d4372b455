import Chat
import Core
import Dialects
import Testing

@testable import Providers

/// What the golden files of Gemini cannot show: how answers and the requests after them belong together.
@Suite struct GeminiTests {
    private let reader = JSONReader()

    private func upstream(_ json: String, model: String = "gemini-3.1-pro-preview") throws -> ProviderRequest {
        let request = try ChatRequest(decoding: Array(json.utf8), reader: reader)
        return try ProviderRequest.make(request, api: .gemini, model: ProviderModel(name: "m", upstreamName: model), reader: reader)
    }

    private func answer(_ json: String, _ context: AnswerContext) throws -> String {
        let body = Array(json.utf8)
        let answer = try ProviderAnswer.read(body: body, context: context, reader: reader)
        return String(decoding: ClientDialect.chatCompletions.body(answer.billed(body, cost: .zero, estimate: TokenUsage())), as: UTF8.self)
    }

    /// The member at `path` as compact JSON.
    private func member(_ path: [StaticString], of json: some Sequence<UInt8>) throws -> String {
        try reader.read(Array(json)) { root in
            var value: JSONValue? = root
            for name in path { value = name.description == "0" ? value?.elements.first { _ in true } : value?[name] }
            var bytes: [UInt8] = []
            if let value { bytes.appendJSON(value) }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    private static let calls = """
        {"candidates":[{"content":{"role":"model","parts":[\
        {"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"c2lnMQ=="},{"functionCall":{"name":"f","args":{"a":2}}}]},\
        "finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":9}}
        """

    /// A client that sends the message back as it got it gives every signature and result to the call that it belongs to.
    @Test func signaturesComeBackToTheirCalls() throws {
        let first = try upstream(#"{"model":"m","messages":[{"role":"user","content":"go"}]}"#)
        let message = try member(["choices", "0", "message"], of: answer(Self.calls, first.context).utf8)
        let ids = message.matches(of: /"id":"(call_[0-9a-z_]+)","type"/).map { String($0.1) }
        try #require(ids.count == 2)
        let results = ids.reversed().map { #"{"role":"tool","tool_call_id":"\#($0)","content":"result of \#($0)"}"# }.joined(separator: ",")
        let second = try upstream(#"{"model":"m","messages":[{"role":"user","content":"go"},\#(message),\#(results)]}"#)
        let contents = try member(["contents"], of: second.body)
        #expect(
            contents
                == #"[{"role":"user","parts":[{"text":"go"}]},{"role":"model","parts":["#
                + #"{"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"c2lnMQ=="},{"functionCall":{"name":"f","args":{"a":2}}}]},"#
                + #"{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"result of \#(ids[0])"}}},"#
                + #"{"functionResponse":{"name":"f","response":{"output":"result of \#(ids[1])"}}}]}]"#)
    }

    /// Otherwise the results of a later turn would be taken for those of an earlier one.
    @Test func madeUpIDsOfDifferentAnswersDiffer() throws {
        let ids = try (0..<50).map { _ in
            let context = try upstream(#"{"model":"m","messages":[{"role":"user","content":"go"}]}"#).context
            return try member(["choices", "0", "message", "tool_calls", "0", "id"], of: answer(Self.calls, context).utf8)
        }
        #expect(Set(ids).count == 50)
        // OpenAI takes ids of at most 40 characters; a conversation may go on there.
        #expect(ids.allSatisfy { $0.utf8.count <= 42 })
    }

    @Test(arguments: [
        ("gemini-2.0-flash", "high", ""),
        ("gemini-2.5-flash", "none", #"{"thinkingBudget":0}"#),
        ("gemini-2.5-flash", "low", #"{"thinkingBudget":2048,"includeThoughts":true}"#),
        ("gemini-2.5-flash-lite", "xhigh", #"{"thinkingBudget":24576,"includeThoughts":true}"#),
        ("gemini-2.5-pro", "none", #"{"thinkingBudget":128}"#),
        ("gemini-2.5-pro", "xhigh", #"{"thinkingBudget":32768,"includeThoughts":true}"#),
        ("gemini-3.1-pro-preview", "none", #"{"thinkingLevel":"low"}"#),
        ("gemini-3.1-pro-preview", "minimal", #"{"thinkingLevel":"low","includeThoughts":true}"#),
        ("gemini-3.8-flash", "minimal", #"{"thinkingLevel":"low","includeThoughts":true}"#),
        ("gemini-4-argon", "medium", #"{"thinkingLevel":"medium","includeThoughts":true}"#),
        ("gemini-12-x", "xhigh", #"{"thinkingLevel":"high","includeThoughts":true}"#),
        ("models/gemini-flash-latest", "high", #"{"thinkingLevel":"high","includeThoughts":true}"#),
        ("gemma-3-27b-it", "high", ""), ("gemini-99999999999999999999", "high", #"{"thinkingLevel":"high","includeThoughts":true}"#),
        ("tunedModels/x", "high", ""),
    ])
    func effortBecomesWhatTheModelKnows(_ model: String, _ effort: String, _ expected: String) throws {
        let body = try upstream(#"{"model":"m","messages":[{"role":"user","content":"?"}],"reasoning_effort":"\#(effort)"}"#, model: model)
            .body
        #expect(try member(["generationConfig", "thinkingConfig"], of: body) == expected)
    }

    @Test(
        arguments: [
            // Text that nothing was made of is not believed.
            (#"{"promptTokenCount":10}"#, nil), (#"{"promptTokenCount":10,"totalTokenCount":30,"candidatesTokenCount":5}"#, nil),
            (#"{"promptTokenCount":10,"candidatesTokenCount":5,"thoughtsTokenCount":7}"#, TokenUsage(input: 10, output: 12, reasoning: 7)),
            (
                #"{"promptTokenCount":10,"cachedContentTokenCount":8,"toolUsePromptTokenCount":3,"candidatesTokenCount":1}"#,
                TokenUsage(input: 13, cachedInput: 8, output: 1)
            ),
            (#"{"promptTokenCount":10,"candidatesTokenCount":null}"#, nil),
            (#"{"candidatesTokenCount":5}"#, nil), (#"{"promptTokenCount":-1}"#, nil), (#"{"promptTokenCount":1.5}"#, nil),
            (#"{"promptTokenCount":10,"cachedContentTokenCount":11}"#, nil),
            (#"{"promptTokenCount":9223372036854775807,"toolUsePromptTokenCount":1}"#, nil),
            (#"[]"#, nil), ("7", nil),
        ] as [(String, TokenUsage?)])
    func usageIsCountedOnce(_ metadata: String, _ expected: TokenUsage?) throws {
        let context = try upstream(#"{"model":"m","messages":[{"role":"user","content":"go"}]}"#).context
        let body = Array(#"{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}],"usageMetadata":\#(metadata)}"#.utf8)
        #expect(try ProviderAnswer.read(body: body, context: context, reader: reader).usage == expected)
    }

    /// A stream that the client leaves, or that breaks off, is charged by estimate and not by a count that was not yet complete.
    @Test func usageOfAnUnfinishedStreamIsNotBelieved() throws {
        let context = try upstream(#"{"model":"m","stream":true,"messages":[{"role":"user","content":"go"}]}"#).context
        var stream = ProviderStream(context, as: ClientDialect.chatCompletions.form, pricing: prices)
        var out: [UInt8] = []
        let begun = #"data: {"candidates":[{"content":{"parts":[{"text":"x"}]}}],"usageMetadata":{"promptTokenCount":10}}"# + "\n\n"
        _ = stream.feed(Array(begun.utf8), reader: reader, into: &out)
        #expect(stream.usage == nil && stream.contentEvents == 1)
        let ended =
            #"data: {"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":2}}"# + "\n\n"
        _ = stream.feed(Array(ended.utf8), reader: reader, into: &out)
        #expect(stream.usage == TokenUsage(input: 10, output: 2))
    }

    /// However much a provider sends, only what was asked for is kept.
    @Test func candidatesBeyondThoseAskedForAreIgnored() throws {
        let context = try upstream(#"{"model":"m","stream":true,"messages":[{"role":"user","content":"go"}]}"#).context
        var stream = ProviderStream(context, as: ClientDialect.chatCompletions.form, pricing: prices)
        var out: [UInt8] = []
        for index in ["1", "-1", "9223372036854775807", "1e3"] {
            let event = #"data: {"candidates":[{"index":\#(index),"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}]}"# + "\n\n"
            _ = stream.feed(Array(event.utf8), reader: reader, into: &out)
        }
        #expect(!String(decoding: out, as: UTF8.self).contains("\"index\":1"))
    }

    @Test func theKeyStandsInAHeader() {
        #expect(ProviderAPI.gemini.authorizationHeader(key: Secret("k")) == "x-goog-api-key: k")
        #expect(ProviderAPI.azure.authorizationHeader(key: Secret("k")) == "api-key: k")
    }
}
