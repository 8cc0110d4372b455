import Chat
import Core
import Dialects
import Foundation
import Testing

@testable import Providers

/// What a client puts together of a chat completion stream or reads in a completion, choice by choice.
private struct Assembled: Equatable {
    var content: [Int: String] = [:]
    var reasoning: [Int: String] = [:]
    var refusal: [Int: String] = [:]
    var calls: [Int: [String]] = [:]
    var details: [Int: Int] = [:]
    var finish: [Int: String] = [:]

    init() {}

    init(_ answer: CapturedAnswer) {
        for (index, choice) in answer.choices.enumerated() {
            Self.add(&content, index, choice.content)
            Self.add(&reasoning, index, choice.reasoning)
            Self.add(&refusal, index, choice.refusal)
            for call in choice.toolCalls {
                calls[index, default: []].append(
                    [call.id, call.name, call.arguments].map { String(decoding: $0, as: UTF8.self) }.joined(separator: " "))
            }
            if !choice.details.isEmpty { details[index] = choice.details.count }
            if choice.finish.reason != .missing { finish[index] = "\(choice.finish.reason.json)" }
        }
    }

    /// Reads a stream as OpenAI's libraries do, with Foundation's JSON.
    init(stream: String) throws {
        var calls: [Int: [Int: [String]]] = [:]
        for event in stream.components(separatedBy: "\n\n") where event.hasPrefix("data: {") {
            let chunk = try #require(try JSONSerialization.jsonObject(with: Data(event.dropFirst(6).utf8)) as? [String: Any])
            for choice in chunk["choices"] as? [[String: Any]] ?? [] {
                let index = choice["index"] as? Int ?? 0
                let delta = choice["delta"] as? [String: Any] ?? [:]
                Self.add(&content, index, delta["content"])
                Self.add(&reasoning, index, delta["reasoning_content"])
                Self.add(&refusal, index, delta["refusal"])
                if let list = delta["reasoning_details"] as? [Any] { details[index, default: 0] += list.count }
                for call in delta["tool_calls"] as? [[String: Any]] ?? [] {
                    let position = call["index"] as? Int ?? 0
                    let function = call["function"] as? [String: Any] ?? [:]
                    var parts = calls[index]?[position] ?? [call["id"] as? String ?? "", function["name"] as? String ?? "", ""]
                    parts[2] += function["arguments"] as? String ?? ""
                    calls[index, default: [:]][position] = parts
                }
                if let word = choice["finish_reason"] as? String { finish[index] = "\"\(word)\"" }
            }
        }
        for (index, list) in calls { self.calls[index] = list.sorted { $0.key < $1.key }.map { $0.value.joined(separator: " ") } }
    }

    private static func add(_ texts: inout [Int: String], _ index: Int, _ text: Any?) {
        let text = (text as? String) ?? (text as? [UInt8]).map { String(decoding: $0, as: UTF8.self) }
        if let text, !text.isEmpty { texts[index, default: ""] += text }
    }
}

@Suite struct CapturedAnswerTests {
    private let reader = JSONReader()

    /// Every provider's stream, whoever writes it down, is the same answer: to a client that puts chunks together, and captured.
    @Test(arguments: GoldenCase.streams) func aCapturedStream_isWhatAClientPutsTogether(example: GoldenCase) throws {
        let context = try example.request(reader).1
        let bytes = try #require(example.streamBytes)
        let (text, _, end) = feed([bytes], context, ClientDialect.chatCompletions.form)
        guard case .complete = end else { return }
        for pieces in [[bytes], bytes.map { [$0] }] {
            let (_, captured, _) = feed(pieces, context, .captured)
            #expect(Assembled(try #require(captured)) == (try Assembled(stream: text)))
        }
    }

    private func feed(_ pieces: [[UInt8]], _ context: AnswerContext, _ form: AnswerForm) -> (String, CapturedAnswer?, ProviderStream.End) {
        var stream = ProviderStream(context, as: form, pricing: prices)
        var out: [UInt8] = []
        for piece in pieces { _ = stream.feed(piece, reader: reader, into: &out) }
        let end = stream.end(reader: reader, into: &out)
        return (String(decoding: out, as: UTF8.self), (stream.writer as? AnswerCapture)?.answer, end)
    }

    // MARK: OpenAI's dialect

    private func context(choices: Int = 1, wantsUsage: Bool = false) throws -> AnswerContext {
        let options = wantsUsage ? #","stream_options":{"include_usage":true}"# : ""
        let body = #"{"model":"m","messages":[{"role":"user","content":"hi"}],"n":\#(choices),"stream":true\#(options)}"#
        let request = try ChatRequest(decoding: Array(body.utf8), reader: reader)
        return try ProviderRequest.make(request, api: .openai, model: ProviderModel(name: "p/m", upstreamName: "m"), reader: reader).context
    }

    private static func chunk(_ choices: String, _ rest: String = "") -> String {
        #"data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[\#(choices)]\#(rest)}"# + "\n\n"
    }

    private static func delta(_ delta: String, _ index: Int = 0, finish: String = "null") -> String {
        chunk(#"{"index":\#(index),"delta":{\#(delta)},"finish_reason":\#(finish)}"#)
    }

    static let streams: [(Int, String)] = [
        (1, delta(#""role":"assistant","content":"he""#) + delta(#""content":"llo \"x\"""#) + delta("", finish: #""stop""#)),
        (
            2,
            delta(#""role":"assistant","content":"a""#) + delta(#""role":"assistant","content":"b""#, 1)
                + delta(#""content":"c""#, 7) + delta("", 0, finish: #""length""#) + delta("", 1, finish: #""stop""#)
        ),
        (
            1,
            delta(#""reasoning":"why","reasoning_details":[{"type":"reasoning.text","text":"why","index":0}]"#)
                + delta(#""tool_calls":[{"index":0,"id":"t0","type":"function","function":{"name":"f","arguments":""}}]"#)
                + delta(#""tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}}]"#)
                + delta(#""tool_calls":[{"index":0,"function":{"arguments":":1}"}}]"#)
                + delta(#""tool_calls":[{"index":3,"id":"t3","type":"function","function":{"name":"g","arguments":{"b":2}}}]"#)
                + delta("", finish: #""tool_calls""#)
        ),
        (1, delta(#""refusal":"no""#) + delta("", finish: #""eos""#)),
        (1, delta(#""content":[{"type":"text","text":"parts"},{"type":"thinking","thinking":"hm"}]"#) + delta("", finish: #""stop""#)),
    ]

    @Test(arguments: streams) func aStreamOfOpenAIs_feedsAnyWriter(choices: Int, text: String) throws {
        let context = try context(choices: choices)
        let retold = AnswerForm(passesChatCompletions: false, makeWriter: ClientDialect.chatCompletions.form.makeWriter)
        let all = Array((text + "data: [DONE]\n\n").utf8)
        for pieces in [[all], all.map { [$0] }] {
            let (passed, none, _) = feed(pieces, context, ClientDialect.chatCompletions.form)
            let (written, _, _) = feed(pieces, context, retold)
            let (empty, captured, end) = feed(pieces, context, .captured)
            guard case .complete = end else {
                Issue.record("\(end)")
                return
            }
            let answer = Assembled(try #require(captured))
            #expect(none == nil && empty.isEmpty && captured?.identity.id == "c")
            #expect(try Assembled(stream: written) == answer)
            // A call's index is its place; a server's may have gaps.
            #expect(
                try Assembled(stream: passed.replacing(#""index":7"#, with: #""index":7"#)).content.filter { $0.key < choices }
                    == answer.content)
            #expect(answer.finish.count == choices)
        }
    }

    @Test func aRetoldStream_tellsTheUsageLast() throws {
        let usage = #","usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}"#
        let text = Self.delta(#""content":"hi""#) + Self.delta("", finish: #""stop""#) + Self.chunk("", usage) + "data: [DONE]\n\n"
        let retold = AnswerForm(passesChatCompletions: false, makeWriter: ClientDialect.chatCompletions.form.makeWriter)
        let (written, _, _) = feed([Array(text.utf8)], try context(wantsUsage: true), retold)
        #expect(written.hasSuffix("\"cost\":\(try cost(3, 2))}}\n\n") && written.components(separatedBy: "\"usage\"").count == 2)
        let (silent, _, _) = feed([Array(text.utf8)], try context(), retold)
        #expect(!silent.contains("usage"))
    }

    private func cost(_ input: Int64, _ output: Int64) throws -> String {
        prices.cost(of: TokenUsage(input: input, output: output)).decimalString
    }

    /// A whole answer of OpenAI's dialect, captured and written again, says the same.
    @Test func aWholeAnswer_isCaptured() throws {
        let message =
            #"{"role":"assistant","content":null,"tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}]}"#
        let body =
            #"{"id":"w","object":"chat.completion","created":5,"model":"m","choices":[{"index":0,"message":\#(message),"#
            + #""finish_reason":"tool_calls"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}"#
        let bytes = Array(body.utf8)
        let context = try context()
        let read = try ProviderAnswer.read(body: bytes, context: context, reader: reader)
        let captured = read.captured(bytes, context, cost: NanoUSD(nanos: 7), estimate: TokenUsage(), reader: reader)
        #expect(captured.identity.id == "w" && captured.usage == TokenUsage(input: 3, output: 2) && captured.cost == NanoUSD(nanos: 7))
        #expect(captured.choices.count == 1 && captured.choices[0].toolCalls.first?.name == Array("f".utf8))
        #expect(captured.choices[0].finish.reason == .toolCalls)
    }
}
