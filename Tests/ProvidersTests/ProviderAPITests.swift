import Chat
import Core
import Dialects
import Providers
import Testing

@Suite struct ProviderAPITests {
    @Test(arguments: [
        (ProviderAPI.openai, "Authorization: Bearer KEY"), (.azure, "api-key: KEY"), (.anthropic, "x-api-key: KEY"),
        (.gemini, "x-goog-api-key: KEY"),
        (.bedrock, "Authorization: Bearer KEY"),
    ])
    func eachWireShowsItsKeyInItsOwnHeader(api: ProviderAPI, line: String) {
        #expect(api.authorizationHeader(key: Secret("KEY")) == line)
    }

    @Test func anthropicsVersionIsFixed() {
        #expect(ProviderAPI.anthropic.fixedHeaders == ["anthropic-version: 2023-06-01"])
        #expect(ProviderAPI.allCases.filter { !$0.fixedHeaders.isEmpty } == [.anthropic])
    }

    @Test func streamsComeInTheirMediaType() {
        for api in ProviderAPI.allCases {
            #expect(api.streams(as: "text/event-stream") == (api != .bedrock))
            #expect(api.streams(as: "application/vnd.amazon.eventstream") == (api == .bedrock))
            #expect(!api.streams(as: "application/json"))
        }
    }

    @Test func openAIsBodiesPassThrough() throws {
        let reader = JSONReader()
        let body = Array(#"{"messages":[{"role":"user","content":"x"}],"n":2,"logprobs":true,"model":"m","unknown":{}}"#.utf8)
        let request = try ChatRequest(decoding: body, reader: reader)
        let model = ProviderModel(name: "m", upstreamName: #"up"stream"#)
        let made = try ProviderRequest.make(request, api: .openai, model: model, reader: reader)
        #expect(made.path == "/chat/completions")
        #expect(made.headers.isEmpty)
        #expect(made.body == request.upstreamBody(model: Array(#""up\"stream""#.utf8)))
        #expect(made.context.choices == 2)
    }

    @Test func madeUpIdsDiffer() throws {
        let reader = JSONReader()
        let body = Array(#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#.utf8)
        let request = try ChatRequest(decoding: body, reader: reader)
        let model = ProviderModel(name: "m", upstreamName: "m")
        let contexts = try (0..<50).map { _ in try ProviderRequest.make(request, api: .bedrock, model: model, reader: reader).context }
        #expect(Set(contexts.map(\.id)).count == 50)
        #expect(contexts.allSatisfy { $0.id.hasPrefix("chatcmpl-") && $0.created > 1_700_000_000 })
    }

    /// The same stream through the wire and without it.
    @Test func openAIsStreamsPassThrough() throws {
        let reader = JSONReader()
        let body = Array(
            #"{"model":"m","messages":[{"role":"user","content":"x"}],"stream":true,"stream_options":{"include_usage":true}}"#.utf8)
        let context = try ProviderRequest.make(
            ChatRequest(decoding: body, reader: reader), api: .openai, model: ProviderModel(name: "m", upstreamName: "m"), reader: reader
        ).context
        let text = Chunk.role + Chunk.content("a") + Chunk.stop() + Chunk.usage + Chunk.done
        var stream = ProviderStream(context, as: ClientDialect.chatCompletions.form, pricing: prices)
        var out: [UInt8] = []
        guard case .done = stream.feed(Array(text.utf8), reader: reader, into: &out) else {
            Issue.record("not done")
            return
        }
        let direct = run(text, wantsUsage: true)
        #expect(String(decoding: out, as: UTF8.self) == direct.text)
        #expect(stream.usage == direct.usage && stream.contentEvents == direct.contentEvents && !stream.lacksUsage)
    }
}
