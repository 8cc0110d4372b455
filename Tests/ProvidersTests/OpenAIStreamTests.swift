import Chat
import Core
import Providers
import Testing

/// What came out of a stream.
struct Outcome: Equatable {
    var text = ""
    var end = ""
    var usage: TokenUsage?
    var contentEvents = 0
    var lacksUsage = false
}

/// Prices that make costs easy to see: one dollar per input token, ten per output token.
let prices = Pricing.listed(PriceList(input: million("1000000"), output: million("10000000")))

private func million(_ text: String) -> PricePerMillion {
    guard let price = PricePerMillion(decimal: text) else { preconditionFailure("a test's own price") }
    return price
}

/// Feeds the pieces one after another.
func run(_ pieces: [[UInt8]], wantsUsage: Bool = false, choices: Int = 1) -> Outcome {
    var stream = OpenAIStream(
        clientWantsUsage: wantsUsage, pricing: prices, choices: choices,
        standIn: StreamIdentity.StandIn(id: "made-up", created: 7, model: "m"))
    let reader = JSONReader()
    var out: [UInt8] = []
    for piece in pieces { _ = stream.feed(piece, reader: reader, into: &out) }
    let end =
        switch stream.end(reader: reader, into: &out) {
        case .complete: "complete"
        case .truncated: "truncated"
        case .failed(let error): "failed \(error.code.name)"
        }
    return Outcome(
        text: String(decoding: out, as: UTF8.self), end: end, usage: stream.usage, contentEvents: stream.contentEvents,
        lacksUsage: stream.lacksUsage)
}

func run(_ text: String, wantsUsage: Bool = false, choices: Int = 1) -> Outcome {
    run([Array(text.utf8)], wantsUsage: wantsUsage, choices: choices)
}

enum Chunk {
    static let head = #"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","system_fingerprint":"fp","choices":["#
    static let role =
        "data: \(head)"
        + #"{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null}"#
        + "\n\n"
    static func content(_ text: String) -> String {
        "data: \(head)" + #"{"index":0,"delta":{"content":"\#(text)"},"logprobs":null,"finish_reason":null}],"usage":null}"# + "\n\n"
    }
    static func stop(_ index: Int = 0) -> String {
        "data: \(head)" + #"{"index":\#(index),"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null}"# + "\n\n"
    }
    static let usage = "data: \(head)" + #"],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}"# + "\n\n"
    static let priced = "data: \(head)" + #"],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"cost":23}}"# + "\n\n"
    static let done = "data: [DONE]\n\n"
}

@Suite struct OpenAIStreamTests {
    private let whole = Chunk.role + Chunk.content("Hel") + Chunk.content("lo: \\\"usage\\\":{") + Chunk.stop()
    private let tokens = TokenUsage(input: 3, output: 2)

    @Test func usageIsWithheldFromWhoDidNotAsk() {
        #expect(run(whole + Chunk.usage + Chunk.done) == Outcome(text: whole, end: "complete", usage: tokens, contentEvents: 2))
    }

    @Test func usageIsPricedForWhoAsked() {
        let outcome = run(whole + Chunk.usage + Chunk.done, wantsUsage: true)
        #expect(outcome == Outcome(text: whole + Chunk.priced, end: "complete", usage: tokens, contentEvents: 2))
    }

    @Test func usageOnANormalChunk() {
        let stop = #"data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}],"usage":"#
        let stream = whole + stop + #"{"prompt_tokens":3,"completion_tokens":2}"# + "}\n\n" + Chunk.done
        let shown = whole + stop.replacing("{\"choices\"", with: #"{"id":"c","created":1,"model":"m","choices""#) + "null}\n\n"
        let own = #"data: {"id":"c","created":1,"model":"m","object":"chat.completion.chunk","choices":[],"usage":"#
        #expect(run(stream).text == shown)
        #expect(run(stream, wantsUsage: true).text == shown + own + #"{"prompt_tokens":3,"completion_tokens":2,"cost":23}}"# + "\n\n")
        #expect(run(stream).usage == tokens)
    }

    @Test func usageThatIsNotBelieved() {
        let forged = "data: \(Chunk.head)" + #"],"usage":{"prompt_tokens":3,"completion_tokens":-2}}"# + "\n\n"
        let outcome = run(whole + forged + Chunk.done, wantsUsage: true)
        #expect(outcome == Outcome(text: whole, end: "complete", usage: nil, contentEvents: 2, lacksUsage: true))
    }

    /// Many providers put several tokens into an event: what they are is told by the text, however much stands around it.
    @Test(arguments: [
        ("Hello", 5), (#"a\"b"#, 4), (#"\\"#, 2), (#"\\\""#, 4), ("", 0), (#"x: \"content\":\"y"#, 18),
        (String(repeating: "tok ", count: 100), 400),
    ])
    func textIsMeasured(_ text: String, _ bytes: Int) {
        var stream = OpenAIStream(clientWantsUsage: false, pricing: prices, choices: 1)
        var out: [UInt8] = []
        let delta = #"{"reasoning_content": "\#(text)","tool_calls":[{"function":{"arguments":"\#(text)"}}]}"#
        let other = #"data: {"choices":[{"delta":\#(delta)}]}"# + "\n\n"
        _ = stream.feed(Array((Chunk.role + Chunk.content(text) + other).utf8), reader: JSONReader(), into: &out)
        #expect(stream.textBytes == 3 * bytes && stream.contentEvents == (bytes > 0 ? 2 : 0))
    }

    @Test func aUsageOfOurOwn() throws {
        var stream = OpenAIStream(clientWantsUsage: true, pricing: prices, choices: 1)
        let reader = JSONReader()
        var out: [UInt8] = []
        _ = stream.feed(Array((whole + Chunk.done).utf8), reader: reader, into: &out)
        #expect(stream.lacksUsage)
        out = []
        stream.appendUsage(TokenUsage(input: 1, output: 1), to: &out)
        let text = String(decoding: out, as: UTF8.self)
        #expect(
            text.hasPrefix(
                #"data: {"id":"c","created":1,"model":"m","object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":1,"#))
        #expect(text.hasSuffix("\"cost\":11}}\n\n"))
        try reader.read(Array(text.dropFirst(6).dropLast(2).utf8)) { #expect($0["usage"]?["total_tokens"]?.int64 == 2) }
    }

    @Test func everySplitGivesTheSame() {
        let streams = [
            whole + Chunk.usage + Chunk.done, ": hi\n\n\u{FEFF}", "\u{FEFF}" + whole + Chunk.done,
            (whole + Chunk.usage + Chunk.done).replacing("\n", with: "\r\n"),
            (whole + Chunk.usage + Chunk.done).replacing("\n", with: "\r"),
            ": c\n\n" + whole + "data: {\"choices\":\ndata: []}\n\nid: 1\n\n" + Chunk.done + "rest",
            whole + "event: error\ndata: {\"error\":{\"message\":\"m\"}}\n\n",
            whole + Chunk.usage + "data: [DONE]", whole + #"data: {"id":"c","choi"#,
        ]
        for text in streams {
            let bytes = Array(text.utf8)
            for wantsUsage in [false, true] {
                let expected = run([bytes], wantsUsage: wantsUsage)
                #expect(run(bytes.map { [$0] }, wantsUsage: wantsUsage) == expected)
                for split in bytes.indices {
                    let outcome = run([Array(bytes[..<split]), Array(bytes[split...])], wantsUsage: wantsUsage)
                    if outcome != expected { #expect(outcome == expected, "split at \(split) of \(text.debugDescription)") }
                }
            }
        }
    }

    @Test(arguments: ["\r\n", "\r"]) func otherLineEnds(end: String) {
        let outcome = run((whole + Chunk.usage + Chunk.done).replacing("\n", with: end), wantsUsage: true)
        #expect(outcome.text.replacing(end, with: "\n") == whole + Chunk.priced)
        #expect(outcome.end == "complete")
    }

    @Test func formsOfData() {
        let bare = whole.replacing("data: ", with: "data:")
        let outcome = run(bare + "data:[DONE]\n\n")
        #expect(outcome.text.replacing("data: ", with: "data:") == bare && outcome.end == "complete" && outcome.contentEvents == 2)
        let spaced = whole + "data:   [DONE]  \n\n"
        #expect(run(spaced).end == "complete")
        #expect(run(": a\n\n\n\n: b\n\n" + whole + "event: ping\n\ndata:\n\nretry: 5\n\n" + Chunk.done).text == whole)
        let lines = whole + "data: {\"choices\":[],\ndata: \"usage\":{\"prompt_tokens\":3,\ndata: \"completion_tokens\":2}}\n\n"
        #expect(
            run(lines + Chunk.done, wantsUsage: true).text == whole
                + "data: {\"id\":\"c\",\"created\":1,\"model\":\"m\",\"choices\":[], \"usage\":{\"prompt_tokens\":3, \"completion_tokens\":2,\"cost\":23}}\n\n"
        )
        let commented = ": x\n" + Chunk.content("a")
        #expect(run(whole + commented + Chunk.done).text == whole + commented)
    }

    @Test func spaceBeforeAColon() {
        let odd = "data: {\"choices\" : [], \"usage\" : {\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n"
        #expect(run(whole + odd + Chunk.done).usage == tokens)
        #expect(run(whole + odd + Chunk.done).text == whole)
    }

    @Test func whatCounts() {
        let tools = #"{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a"}}]},"finish_reason":null}]}"#
        let reasoning = #"{"index":0,"delta":{"reasoning_content":"hm"},"finish_reason":null}]}"#
        let refusal = #"{"index":0,"delta":{"refusal":"no"},"finish_reason":null}]}"#
        let text = [tools, reasoning, refusal].map { "data: \(Chunk.head)\($0)\n\n" }.joined()
        #expect(run(Chunk.role + text + Chunk.stop() + Chunk.done).contentEvents == 3)
        // The text as it stands in the JSON: `{\"a`, `hm`, `no`.
        var stream = OpenAIStream(clientWantsUsage: false, pricing: .free, choices: 1)
        var out: [UInt8] = []
        _ = stream.feed(Array((Chunk.role + text).utf8), reader: JSONReader(), into: &out)
        #expect(stream.textBytes == 4 + 2 + 2)
        #expect(run(Chunk.role + Chunk.stop() + Chunk.done).contentEvents == 0)
    }
}

@Suite struct OpenAIStreamEnds {
    private let start = Chunk.role + Chunk.content("a")

    @Test func withoutDone() {
        #expect(run(start + Chunk.stop()).end == "complete")
        #expect(run(start).end == "truncated")
        #expect(run("").end == "truncated")
        #expect(run(": only a comment\n\n").end == "truncated")
        #expect(run(start + Chunk.stop() + Chunk.usage).usage != nil)
    }

    @Test func everyChoiceMustEnd() {
        #expect(run(start + Chunk.stop(0), choices: 2).end == "truncated")
        #expect(run(start + Chunk.stop(0) + Chunk.stop(0) + Chunk.stop(7), choices: 2).end == "truncated")
        #expect(run(start + Chunk.stop(1) + Chunk.stop(0), choices: 2).end == "complete")
        #expect(run(start + Chunk.done, choices: 2).end == "complete")
    }

    @Test func theLastEventMayLackItsBlankLine() {
        #expect(run(start + "data: [DONE]").end == "complete")
        #expect(run(start + "data: [DONE]\r\n").end == "complete")
        let last = String(Chunk.stop().dropLast(2))
        #expect(run(start + last) == Outcome(text: start + last + "\n\n", end: "complete", contentEvents: 1))
    }

    @Test func aCutEventIsNotForwarded() {
        for cut in 1..<(Chunk.content("b").utf8.count - 3) {
            let outcome = run(start + String(Chunk.content("b").prefix(cut)))
            #expect(outcome.text == start)
            #expect(outcome.end == "truncated")
        }
        #expect(run(start + "data: [DON").end == "truncated")
    }

    @Test func nothingAfterDone() {
        #expect(run(start + Chunk.done + Chunk.content("late") + "data: x\n\n").text == start)
    }

    @Test(arguments: [
        #"data: {"error":{"message":"secret","code":500}}"#, "event: error\ndata: {\"message\":\"secret\"}", "event: error\ndata: secret",
        "event: error", "data: secret",
        #"data: ["secret"]"#, #"data: {"choices":[{"finish_reason":"stop","secret"}]}"#, #"data: {"choices":{},"usage":{"secret":1}}"#,
        #"data: {"choices":[1],"error" :0}"#, "data: {\"error\" : \"secret\"}",
    ]) func faults(event: String) {
        let outcome = run(start + event + "\n\n" + Chunk.content("late") + Chunk.done)
        #expect(outcome.text == start)
        #expect(outcome.end == "failed upstream_error")
    }

    @Test(arguments: ["data: {}\n\n", "data: {\"x\":1}\n\n", "data: {]\n\n", #"data: {"error":{"message":"no"}}"# + "\n\n"])
    func aFirstEventThatIsNoChunk(event: String) {
        #expect(run(event + start + Chunk.done) == Outcome(text: "", end: "failed upstream_error"))
    }

    @Test func aNullErrorIsNone() {
        let odd = #"data: {"id":"c","created":1,"model":"m","choices":[],"error":null}"# + "\n\n"
        #expect(run(start + odd + Chunk.done) == Outcome(text: start + odd, end: "complete", contentEvents: 1))
    }

    @Test func endlessEventsAreCut() {
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 16)
        let outcome = run([Array((start + "data: {").utf8)] + Array(repeating: piece, count: 17))
        #expect(outcome.end == "failed upstream_error")
        let whole = run(
            start + "data: {\"choices\":[],\"x\":\"" + String(repeating: "y", count: OpenAIStream.longestEvent) + "\"}\n\n" + Chunk.done)
        #expect(whole.end == "failed upstream_error")
        #expect(whole.text == start)
    }
}
