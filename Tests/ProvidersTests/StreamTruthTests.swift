import Chat
import Dialects
import Foundation
import Providers
import Testing

/// What reaches the client is JSON, whatever the provider writes, and nothing reaches it before there is content.
@Suite struct StreamTruthTests {
    private let reader = JSONReader()

    private func event(_ choice: String, _ more: String = "") -> String {
        "data: " + #"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[\#(choice)]\#(more)}"# + "\n\n"
    }

    /// The chunks of a text, each of them read as JSON.
    private func expectJSON(_ text: String) -> Bool {
        text.components(separatedBy: "\n\n").filter { $0.hasPrefix("data: ") }.allSatisfy { event in
            (try? reader.read(Array(event.dropFirst(6).utf8)) { _ in true }) == true
        }
    }

    @Test(arguments: [
        #"{"index":0,"delta":{"role":"assistant"}}"#, #"{"index":0,"delta":{"content":""}}"#, #"{"index":0,"delta":{"content":null}}"#,
        #"{"index":0,"delta":{"content":[]}}"#, #"{"index":0,"delta":{"tool_calls":[]}}"#, #"{"index":0,"delta":{},"finish_reason":""}"#,
        #"{"index":0,"delta":{},"content_filter_results":{"hate":{"filtered":false}}}"#, #"{"index":0}"#, #"{"index":0,"delta":null}"#, "",
    ]) func nothing_comesBeforeContent(choice: String) {
        let start = event(choice) + ": ping\n\n"
        #expect(run(start).text.isEmpty && run(start + Chunk.done).end == "failed upstream_error")
        let outcome = run(start + Chunk.content("a") + Chunk.stop())
        #expect(outcome.end == "complete" && outcome.text.contains("\"a\"") && expectJSON(outcome.text))
    }

    @Test(arguments: [
        #"{"content":"a"}"#, #"{"reasoning_content":"a"}"#, #"{"refusal":"a"}"#, #"{"tool_calls":[{"index":0,"function":{"name":"f"}}]}"#,
        #"{"content":[{"type":"thinking","thinking":"a"}]}"#, #"{"audio":{"data":"AA"}}"#, #"{"images":[{"image_url":{"url":"x"}}]}"#,
    ]) func content_commits(delta: String) {
        let outcome = run(Chunk.role + event(#"{"index":0,"delta":\#(delta)}"#))
        #expect(outcome.end == "truncated" && outcome.text.hasPrefix(Chunk.role) && outcome.text.count > Chunk.role.count)
        #expect(expectJSON(outcome.text))
    }

    /// A chunk that is like those before it passes without being parsed: no damage may pass with it.
    @Test func damageInAChunkLikeTheOthers_neverPasses() {
        let start = Chunk.role + Chunk.content("one") + Chunk.content("two") + Chunk.content("th\\nree")
        let chunk = Array(Chunk.content("fo\\\"ur").utf8)
        for position in 6..<(chunk.count - 2) {
            for byte in Array("\"\\{,\u{1}9x".utf8) + [0xFF, 0xC3] {
                var damaged = chunk
                damaged[position] = byte
                let outcome = run([Array(start.utf8), damaged, Array((Chunk.content("five") + Chunk.stop()).utf8)])
                #expect(expectJSON(outcome.text), "byte \(byte) at \(position): \(outcome.text)")
            }
        }
    }

    @Test func chunksLikeTheOthers_passAsTheyAre() {
        let padded = (0..<5).map {
            event(#"{"index":0,"delta":{"content":"t\#($0)"}}"#, #","obfuscation":"\#(String(repeating: "x", count: $0))""#)
        }
        let text = Chunk.role + padded.joined() + Chunk.content("grüße") + Chunk.content("\\u00fc") + Chunk.stop()
        let outcome = run(text + Chunk.done)
        #expect(outcome.text == text && outcome.contentEvents == 7)
    }

    @Test(arguments: ["NaN", "-NaN", "Infinity", "-Infinity", "inf", "-inf", "+Infinity", "nan"]) func numbersThatJSONLacks_areMended(
        number: String
    ) {
        let choice =
            #"{"index":0,"delta":{"content":"NaN"},"logprobs":{"content":[{"token":"Infinity","logprob":\#(number)}],"mean":\#(number)}}"#
        let outcome = run(Chunk.role + event(choice) + Chunk.stop())
        #expect(
            outcome.text.contains(#"{"token":"Infinity","logprob":-9999.0}],"mean":null}"#) && outcome.text.contains(#""content":"NaN""#))
        #expect(outcome.end == "complete" && expectJSON(outcome.text))
    }

    @Test func otherWiresAreMendedToo() throws {
        let body = Array(#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#.utf8)
        let request = try ChatRequest(decoding: body, reader: reader)
        let context = try ProviderRequest.make(
            request, api: .gemini, model: ProviderModel(name: "m", upstreamName: "gemini-3-flash"), reader: reader
        ).context
        let answer = Array(#"{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP","avgLogprobs":NaN}]}"#.utf8)
        let read = try ProviderAnswer.read(body: answer, context: context, reader: reader)
        #expect(read.finishReasons == [.stop])
        var stream = ProviderStream(context, as: ClientDialect.chatCompletions.form, pricing: prices)
        var out: [UInt8] = []
        _ = stream.feed(Array("data: ".utf8) + answer + Array("\n\n".utf8), reader: reader, into: &out)
        guard case .complete = stream.end(reader: reader, into: &out) else {
            Issue.record("the stream is not complete")
            return
        }
    }

    @Test func namedEvents_areChunksOrNothing() {
        let text =
            "event: ping\ndata: {\"type\":\"ping\"}\n\n" + "event: message\n" + Chunk.content("a") + "event: chunk\n" + Chunk.content("b")
            + "event: x\ndata: y\n\n"
        let outcome = run(text + Chunk.stop())
        #expect(outcome.end == "complete" && outcome.contentEvents == 2 && !outcome.text.contains("ping"))
        #expect(run("event: oops\ndata: {\"error\":{\"message\":\"m\"}}\n\n").end == "failed upstream_error")
    }

    @Test(arguments: [
        #"{"object":"error","message":"maximum context length is 5","code":400}"#,
        #"{"error":{"code":"400","message":"maximum context length is 5"}}"#,
        #"{"message":"prompt is too long"}"#, #"{"detail":"prompt is too long"}"#,
        #"{"type":"error","error":{"message":"prompt is too long"}}"#,
    ]) func errorsOfEveryShape_areRecognisedInAStream(error: String) {
        #expect(run("data: \(error)\n\n").end == "failed context_length_exceeded")
        #expect(run(Chunk.role + Chunk.content("a") + "data: \(error)\n\n").end == "failed context_length_exceeded")
        #expect(run("event: error\ndata: \(error)\n\n").end == "failed context_length_exceeded")
    }

    /// Wherever the bytes end, and whatever is mended before: an event that was cut off is no answer, and brings nothing down.
    @Test(arguments: [#"\n\"\\"#, "NaN", "-", "\u{1}", "é"]) func eventsCutAnywhere_endTheStream(content: String) {
        let whole = Array(event(#"{"index":0,"delta":{"content":"\#(content)\\"},"x":[NaN,-Infinity,-1,"\#(content)"]}"#).utf8)
        for count in 1..<(whole.count - 3) {
            #expect(run([Array(Chunk.content("a").utf8), Array(whole[..<count])]).end == "truncated", "\(count)")
        }
    }

    @Test func argumentsThatAreNoText_becomeOne() {
        let call = #"{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":{"a":1}}}]}}"#
        #expect(run(Chunk.role + event(call) + Chunk.stop()).text.contains(#""arguments":"{\"a\":1}""#))
    }

    @Test func aWholeAnswerInAStream_becomesADelta() {
        let outcome = run(event(#"{"index":0,"message":{"role":"assistant","content":"all"},"finish_reason":"stop"}"#))
        #expect(
            outcome.end == "complete" && outcome.text.contains(#""delta":{"role":"assistant","content":"all"}"#)
                && outcome.contentEvents == 1)
    }
}
