import Chat
import Core
import Providers
import Testing

func usd(_ text: String) -> NanoUSD { NanoUSD(decimal: text) ?? .zero }

private let completion =
    #"{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi","refusal":null},"logprobs":null,"finish_reason":"stop"}]"#

/// One choice, and nothing else to change.
private let choices = #""choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}]"#

private func answer(_ text: String) throws -> (answer: OpenAIAnswer, body: [UInt8]) {
    let body = Array(text.utf8)
    return (try OpenAIAnswer.read(body: body, reader: JSONReader()), body)
}

@Suite struct OpenAIAnswerTests {
    @Test func usageIsRead() throws {
        let usage =
            #"{"prompt_tokens":20,"completion_tokens":10,"total_tokens":30,"prompt_tokens_details":{"cached_tokens":5,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":4}}"#
        let (read, body) = try answer(#"\#(completion),"usage":\#(usage)}"#)
        #expect(read.usage == TokenUsage(input: 20, cachedInput: 5, output: 10, reasoning: 4))
        #expect(read.finishReasons == [.stop])
        let rendered = read.rendering(body, cost: usd("0.00015"), estimate: TokenUsage())
        #expect(String(decoding: rendered, as: UTF8.self) == #"\#(completion),"usage":\#(usage.dropLast()),"cost":0.00015}}"#)
    }

    @Test(arguments: ["null", "{}", #"{"cached_tokens":null}"#]) func detailsMayBeMissing(details: String) throws {
        let (read, _) = try answer(
            #"\#(completion),"usage":{"prompt_tokens":2,"completion_tokens":1,"prompt_tokens_details":\#(details),"completion_tokens_details":null}}"#
        )
        #expect(read.usage == TokenUsage(input: 2, output: 1))
    }

    @Test func deepSeeksCacheIsRead() throws {
        let (read, _) = try answer(#"\#(completion),"usage":{"prompt_tokens":9,"completion_tokens":1,"prompt_cache_hit_tokens":4}}"#)
        #expect(read.usage == TokenUsage(input: 9, cachedInput: 4, output: 1))
    }

    @Test func aStatedCostIsReplaced() throws {
        let (read, body) = try answer(#"{"usage":{ "cost" : 99.5, "prompt_tokens":2,"completion_tokens":1 } ,\#(choices)}"#)
        #expect(read.finishReasons == [.stop])
        let rendered = read.rendering(body, cost: usd("3"), estimate: TokenUsage())
        #expect(
            String(decoding: rendered, as: UTF8.self) == #"{"usage":{ "cost" : 3, "prompt_tokens":2,"completion_tokens":1 } ,\#(choices)}"#
        )
    }

    private static let unbelievable = [
        "null", "{}", "[]", "5", #"{"prompt_tokens":-1,"completion_tokens":1}"#,
        #"{"prompt_tokens":1,"completion_tokens":9223372036854775808}"#,
        #"{"prompt_tokens":1,"completion_tokens":123456789012345678901234567890}"#, #"{"prompt_tokens":1.5,"completion_tokens":1}"#,
        #"{"prompt_tokens":1,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":2}}"#, #"{"prompt_tokens":1}"#,
        #"{"prompt_tokens":1,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":"1"}}"#,
        #"{"prompt_tokens":"1","completion_tokens":1}"#,
        #"{"prompt_tokens":1000000001,"completion_tokens":1}"#,
    ]

    @Test(arguments: unbelievable) func unbelievableUsageIsNone(usage: String) throws {
        let (read, body) = try answer(#"{"usage":\#(usage),\#(choices)}"#)
        #expect(read.usage == nil)
        let rendered = read.rendering(body, cost: usd("0.5"), estimate: TokenUsage(input: 7, cachedInput: 2, output: 3, reasoning: 1))
        #expect(
            String(decoding: rendered, as: UTF8.self)
                == #"{"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10,"prompt_tokens_details":{"cached_tokens":2},"completion_tokens_details":{"reasoning_tokens":1},"cost":0.5},\#(choices)}"#
        )
    }

    @Test func missingUsageIsAdded() throws {
        let (read, body) = try answer(
            #"{"choices":[{"message":{},"finish_reason":"length"},{"message":{},"finish_reason":null},{"message":{},"finish_reason":"odd"}]"#
                + " \n}\n")
        #expect(read.usage == nil)
        #expect(read.finishReasons == [.length, .missing, .other])
        let rendered = read.rendering(body, cost: .zero, estimate: TokenUsage(input: 1, output: 1))
        try JSONReader().read(rendered) { root in
            #expect(root["usage"]?["prompt_tokens"]?.int64 == 1)
            #expect(root["usage"]?["cost"]?.int64 == 0)
            #expect(root["choices"]?.elements.map(\.kind) == [.object, .object, .object])
        }
    }

    @Test(arguments: [
        "", "x", "[]", "{}", #"{"choices":[]}"#, #"{"choices":null}"#, #"{"choices":[{"index":0,"finish_reason":"stop"}]}"#,
        #"{"choices":[{"message":null}]}"#, #"{"choices":[{"message":{"content":"half"},"finish_reason":"error"}]}"#, #"{"choices":{}}"#,
        #"{"choices":[1]}"#, #"{"choices":[]"#, "<html>",
        #"{"choices":[],"error":{"message":"m"}}"#, #"{"error":"secret"}"#,
        #"{"choices":[],"choices":[]}"#,
    ]) func whatIsNoAnswer(text: String) {
        let error = #expect(throws: GatewayError.self) { try answer(text) }
        #expect(error?.code == .upstreamError)
        #expect(error?.source == .upstream)
        #expect(error?.retry == (text.contains("half") ? .sameTarget : .nextTarget))
        #expect(error?.publicMessage.contains("secret") == false)
    }

    @Test func errorsThatNameAStatus() throws {
        let limited = #expect(throws: GatewayError.self) { try answer(#"{"error":{"code":429,"message":"slow"}}"#) }
        #expect(limited?.code == .upstreamRateLimited)
        let refused = #expect(throws: GatewayError.self) { try answer(#"{"error":{"code":400,"message":"bad"}}"#) }
        #expect(refused?.passThrough?.status == 400)
        #expect(refused?.retry == .never)
    }
}

@Suite struct OpenAIFailureTests {
    private func failure(_ status: Int, _ body: String = "", retryAfter: Duration? = nil) -> GatewayError {
        OpenAIFailure.read(status: status, body: Array(body.utf8), retryAfter: retryAfter, reader: JSONReader())
    }

    private let shaped = #"{"error":{"message":"m","type":"t","param":"p","code":"c"}}"#

    @Test(arguments: [400, 404, 409, 413, 415, 422, 451]) func clientCaused(status: Int) {
        let error = failure(status, shaped)
        #expect(error.source == .client)
        #expect(error.code == GatewayError.Code("c", status, "t"))
        #expect(error.passThrough?.status == status)
        #expect(error.passThrough?.body == Array(shaped.utf8))
        #expect(error.retry == ([404, 413].contains(status) ? .nextTarget : .never))
    }

    @Test(arguments: ["", "<html></html>", "[1]", "{", #"{"error":null}"#, #"{"error":{"a":1,"a":2}}"#])
    func clientCausedWithoutShape(body: String) {
        let error = failure(400, body)
        #expect(error.code == .invalidRequest)
        #expect(error.passThrough == nil)
        #expect(failure(404, body).code == .upstreamError)
    }

    @Test func longBodiesAreNotPassedOn() {
        let error = failure(400, #"{"error":"\#(String(repeating: "x", count: OpenAIFailure.longestPassedBody))"}"#)
        #expect(error.code.status == 400)
        #expect(error.passThrough == nil)
    }

    @Test(arguments: [401, 402, 403, 407]) func ourOwnCredentials(status: Int) {
        let error = failure(status, #"{"error":{"message":"Incorrect API key provided: sk-secret"}}"#)
        #expect(error.code == .upstreamError)
        #expect(error.passThrough == nil)
        #expect(!error.publicMessage.contains("sk-"))
        #expect(error.detail?.contains("sk-") == false)
        #expect(error.retry == .nextTarget)
    }

    @Test func rateLimits() {
        #expect(failure(429, shaped, retryAfter: .seconds(7)).retry == .after(.seconds(7)))
        #expect(failure(429).retry == .after(.seconds(1)))
        #expect(failure(429, retryAfter: .seconds(-5)).retry == .after(.milliseconds(100)))
        #expect(failure(429, retryAfter: .seconds(1_000_000)).retry == .after(.seconds(3_600)))
        #expect(failure(503, retryAfter: .seconds(3)).code == .upstreamRateLimited)
        #expect(failure(429).code == .upstreamRateLimited)
        #expect(failure(429, #"{"error":{"code":"insufficient_quota"}}"#).code == .upstreamError)
    }

    @Test(arguments: [
        (408, true), (500, true), (502, true), (503, true), (504, true), (529, true), (501, false), (0, false), (100, false), (101, false),
        (204, false), (301, false), (302, false), (599, false), (600, false), (999, false), (-1, false),
    ])
    func theirFault(status: Int, again: Bool) {
        let error = failure(status, shaped)
        #expect(error.code == .upstreamError)
        #expect(error.retry == (again ? .sameTarget : .nextTarget))
        #expect(error.passThrough == nil)
    }
}
