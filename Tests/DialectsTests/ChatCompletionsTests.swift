import Chat
import Core
import Testing

@testable import Dialects

/// A whole answer with everything that one can have.
private func fullAnswer() -> CapturedAnswer {
    var first = CapturedChoice()
    text("it \"is\"\n", of: .content, &first)
    text("I think", of: .reasoning, &first)
    Array("a thought".utf8).withUnsafeBytes { text in
        Array("proof".utf8).withUnsafeBytes { first.add(ReasoningDetail(.text(text, signature: $0), .anthropic)) }
    }
    first.finish = FinishNote(.stop)
    var second = CapturedChoice()
    call("call_1", "look", #"{"at":1}"#, signature: "g", &second)
    call("call_2", "wait", "{}", signature: nil, &second)
    second.finish = Array("max_turns".utf8).withUnsafeBytes { FinishNote(.length, native: $0) }
    var answer = CapturedAnswer(
        AnswerIdentity(id: "chatcmpl-1", created: 7, model: "m"), choices: [first, second], usage: TokenUsage(input: 3, output: 2))
    answer.cost = NanoUSD(nanos: 5_000)
    return answer
}

private func text(_ text: String, of kind: AnswerText, _ choice: inout CapturedChoice) {
    Array(text.utf8).withUnsafeBytes { choice.add(kind, $0) }
}

private func call(_ id: String, _ name: String, _ arguments: String, signature: String?, _ choice: inout CapturedChoice) {
    let call = CapturedToolCall(
        id: Array(id.utf8), name: Array(name.utf8), arguments: Array(arguments.utf8), signature: signature.map { Array($0.utf8) })
    call.withStart(at: choice.toolCalls.count) { choice.add($0) }
}

@Suite struct ChatCompletionsTests {
    @Test func aWholeAnswer_isACompletion() throws {
        let body = ClientDialect.chatCompletions.body(.captured(fullAnswer()))
        try JSONReader().read(body) { root in
            #expect(root["object"]?.string == "chat.completion" && root["id"]?.string == "chatcmpl-1" && root["created"]?.int64 == 7)
            let choices = root["choices"].map { Array($0.elements) } ?? []
            guard choices.count == 2 else {
                Issue.record("\(choices.count) choices")
                return
            }
            #expect(choices[0]["message"]?["content"]?.string == "it \"is\"\n")
            #expect(choices[0]["message"]?["reasoning_content"]?.string == "I think")
            #expect(choices[0]["finish_reason"]?.string == "stop")
            let calls = choices[1]["message"]?["tool_calls"].map { Array($0.elements) } ?? []
            #expect(calls.map { $0["function"]?["name"]?.string } == ["look", "wait"])
            #expect(calls.first.flatMap(googleSignature) == "g")
            #expect(choices[1]["message"]?["content"]?.isNull == true)
            #expect(choices[1]["native_finish_reason"]?.string == "max_turns" && choices[1]["finish_reason"]?.string == "length")
            #expect(root["usage"]?["total_tokens"]?.int64 == 5 && root["usage"]?["cost"]?.double == 0.000005)
        }
    }

    /// What is told to a writer and read back by a capture is the same answer.
    @Test func aReplay_isTheSameAnswer() {
        let answer = fullAnswer()
        let capture = AnswerCapture(answer.identity)
        answer.replay(to: capture, tellsUsage: true)
        let again = capture.answer
        #expect(ClientDialect.chatCompletions.body(.captured(again)) == ClientDialect.chatCompletions.body(.captured(answer)))
    }

    @Test func aReplay_isAStreamOfWholeChunks() throws {
        let writer = ClientDialect.chatCompletions.form.makeWriter(fullAnswer().identity)
        fullAnswer().replay(to: writer, tellsUsage: true)
        let events = String(decoding: writer.output, as: UTF8.self).split(separator: "\n\n")
        var (contents, roles, finishes) = ("", 0, 0)
        for event in events {
            #expect(event.hasPrefix("data: {\"id\":\"chatcmpl-1\""))
            try JSONReader().read(Array(event.dropFirst(6).utf8)) { root in
                #expect(root["object"]?.string == "chat.completion.chunk" && root["model"]?.string == "m")
                guard let choice = root["choices"]?.elements.first(where: { _ in true }) else { return }
                contents += choice["delta"]?["content"]?.string ?? ""
                if choice["delta"]?["role"] != nil { roles += 1 }
                if choice["finish_reason"]?.isNull == false { finishes += 1 }
            }
        }
        #expect(contents == "it \"is\"\n" && roles == 2 && finishes == 2)
        #expect(events.last?.contains("\"choices\":[],\"usage\":") == true)
    }

    @Test func theProvidersID_takesThePlaceOfOurs() {
        let writer = ClientDialect.chatCompletions.form.makeWriter(AnswerIdentity(id: "a", created: 1, model: "m"))
        Array("their\"s".utf8).withUnsafeBytes { writer.identify($0) }
        writer.finish(FinishNote(.stop), choice: 1)
        #expect(String(decoding: writer.output, as: UTF8.self).hasPrefix(#"data: {"id":"their\"s","#))
    }
}

private func googleSignature(_ call: JSONValue) -> String? { call["extra_content"]?["google"]?["thought_signature"]?.string }
