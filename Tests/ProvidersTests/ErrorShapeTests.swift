import Chat
import Providers
import Testing

/// What a client finds in an error body.
struct SeenError: Equatable {
    var status = 0
    var message = ""
    var type = ""
    var param: String?
    var code = ""
}

private func read(_ status: Int, _ body: String, api: ProviderAPI = .openai) -> GatewayError {
    ProviderFailure.read(api: api, status: status, body: Array(body.utf8), retryAfter: nil, reader: JSONReader())
}

/// What the client sees of an error; fails the test when a member is missing or of the wrong type.
private func seen(_ error: GatewayError) throws -> SeenError {
    var body: [UInt8] = []
    error.appendOpenAIBody(to: &body)
    return try JSONReader().read(body) { root in
        let shown = root["error"]
        #expect(shown?["param"].map { $0.isNull || $0.kind == .string } == true, "param is neither a text nor null")
        return SeenError(
            status: error.passThrough?.status ?? error.code.status, message: shown?["message"]?.string ?? "no text",
            type: shown?["type"]?.string ?? "no text",
            param: shown?["param"]?.string, code: shown?["code"]?.string ?? "no text")
    }
}

@Suite struct ErrorShapeTests {
    private static let invalid = "invalid_request_error"

    /// Bodies of servers, and the message, type, param and code that a client must find.
    private static let bodies: [(String, SeenError)] = [
        (
            #"{"error":{"message":"m","type":"t","param":"p","code":"c"}}"#,
            SeenError(status: 400, message: "m", type: "t", param: "p", code: "c")
        ),
        (#"{"error":{"message":"m","type":"t","param":null,"code":400}}"#, SeenError(status: 400, message: "m", type: "t", code: "400")),
        (
            #"{"error":{"message":"m","type":7,"param":3,"code":null}}"#,
            SeenError(status: 400, message: "m", type: "invalid_request_error", param: "3", code: invalid)
        ),
        (#"{"error":{"message":"m"}}"#, SeenError(status: 400, message: "m", type: invalid, code: invalid)),
        (#"{"error":{"message":{"detail":"deep"},"code":{}}}"#, SeenError(status: 400, message: "deep", type: invalid, code: invalid)),
        (#"{"error":"text","error_type":"validation"}"#, SeenError(status: 400, message: "text", type: invalid, code: invalid)),
        (#"{"error":["first","second"]}"#, SeenError(status: 400, message: "first; second", type: invalid, code: invalid)),
        (
            #"{"errors":[{"code":7003,"message":"no route"}],"success":false}"#,
            SeenError(status: 400, message: "no route", type: invalid, code: "invalid_request_error")
        ),
        (#"{"detail":"d"}"#, SeenError(status: 400, message: "d", type: invalid, code: invalid)),
        (
            #"{"detail":[{"type":"missing","loc":["body","messages",0,"role"],"msg":"Field required"}]}"#,
            SeenError(status: 400, message: "Field required", type: invalid, param: "messages.0.role", code: invalid)
        ),
        (#"{"message":"m"}"#, SeenError(status: 400, message: "m", type: invalid, code: invalid)),
        (
            #"{"object":"error","message":"m","type":"BadRequestError","param":null,"code":400}"#,
            SeenError(status: 400, message: "m", type: invalid, code: invalid)
        ),
        (
            #"{"object":"error","message":{"detail":[{"msg":"inner"}]}}"#,
            SeenError(status: 400, message: "inner", type: invalid, code: invalid)
        ),
        (
            #"[{"error":{"code":400,"message":"listed","status":"INVALID_ARGUMENT"}}]"#,
            SeenError(status: 400, message: "listed", type: invalid, code: invalid)
        ),
        (#""only text""#, SeenError(status: 400, message: "only text", type: invalid, code: invalid)),
        (
            #"{"error":{"message":"{\"error\":{\"message\":\"inside\",\"code\":\"c2\"}}"}}"#,
            SeenError(status: 400, message: "inside", type: invalid, code: "c2")
        ),
        (
            #"{"error":"Bad Request","message":"the reason","status":400}"#,
            SeenError(status: 400, message: "the reason", type: invalid, code: invalid)
        ),
        ("plain\nwords", SeenError(status: 400, message: "plain words", type: invalid, code: invalid)),
        (
            "<html><head><title>400 Bad\nRequest</title></head></html>",
            SeenError(status: 400, message: "400 Bad Request", type: invalid, code: invalid)
        ),
    ]

    @Test(arguments: bodies) func anyBody_isShownInOpenAIsShape(body: String, expected: SeenError) throws {
        #expect(try seen(read(400, body)) == expected)
    }

    @Test(arguments: ProviderAPI.allCases) func aBodyOfAProxy_isReadOnEveryWire(api: ProviderAPI) throws {
        #expect(try seen(read(422, #"{"detail":"from a proxy"}"#, api: api)).message == "from a proxy")
        #expect(try seen(read(400, "", api: api)).code == Self.invalid)
    }

    @Test func otherMembersOfTheErrorStay() throws {
        let error = read(400, #"{"error":{"message":"m","code":1,"innererror":{"a":[1]}},"request_id":"r"}"#)
        let body = error.passThrough.map { String(decoding: $0.body, as: UTF8.self) } ?? ""
        #expect(
            body
                == #"{"error":{"message":"m","code":"1","innererror":{"a":[1]},"type":"invalid_request_error","param":null},"request_id":"r"}"#
        )
    }

    @Test(arguments: ["404 page not found", #"{"detail":"Not Found"}"#, #"{"message":"no Route matched with those values"}"#])
    func aMissingPathIsNotTheClientsMistake(body: String) {
        #expect(read(404, body).code == .upstreamError)
    }
}

@Suite struct ContextLengthTests {
    /// What servers say, in their own shapes and with their own status.
    private static let bodies: [(Int, String)] = [
        (
            400,
            #"{"error":{"message":"This model's maximum context length is 4097 tokens. However, your messages resulted in 5000 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#
        ),
        (
            400,
            #"{"error":{"message":"Your input exceeds the context window of this model.","type":"invalid_request_error","param":"input","code":null}}"#
        ),
        (400, #"{"error":{"message":"Input tokens exceed the configured limit of 272000 tokens.","code":"x"}}"#),
        (
            400,
            #"{"object":"error","message":"This model's maximum context length is 4096 tokens. However, you requested 5000 tokens","type":"BadRequestError","param":null,"code":400}"#
        ),
        (
            400,
            #"{"error":{"message":"The decoder prompt (length 5000) is longer than the maximum model length of 4096.","type":"BadRequestError","code":400}}"#
        ),
        (
            400,
            #"{"object":"error","message":"The input (61709 tokens) is longer than the model's context length (40960 tokens).","type":"BadRequestError","param":null,"code":400}"#
        ),
        (400, #"{"object":"error","message":"Requested token count exceeds the model's maximum context length of 202752 tokens."}"#),
        (400, #"{"message":"Input length (160062 tokens) exceeds the maximum allowed length (59862 tokens)."}"#),
        (
            500,
            #"{"error":{"code":500,"message":"the request exceeds the available context size. try increasing the context size","type":"exceed_context_size_error","n_prompt_tokens":1407,"n_ctx":256}}"#
        ),
        (
            400,
            #"{"error":{"code":400,"message":"request (9000 tokens) exceeds the available context size (4096 tokens), try increasing it","type":"exceed_context_size_error"}}"#
        ),
        (500, #"{"error":{"code":500,"message":"input is too large to process. increase the physical batch size","type":"server_error"}}"#),
        (400, #"{"error":"prompt too long; exceeded max context length by 400 tokens"}"#),
        (500, #"{"error":"the input length exceeds the context length"}"#),
        (
            422,
            #"{"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 1244 `inputs` tokens and 1000 `max_new_tokens`","error_type":"validation"}"#
        ),
        (422, #"{"error":"Input validation error: `inputs` must have less than 1024 tokens. Given: 1168","error_type":"validation"}"#),
        (
            400,
            #"{"object":"error","message":"Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length","type":"invalid_request_error","param":null,"code":"3051"}"#
        ),
        (
            413,
            #"{"error":{"message":"Please reduce the length of the messages or completion.","type":"invalid_request_error","code":"context_length_exceeded"}}"#
        ),
        (
            400,
            #"{"error":{"message":"This endpoint's maximum context length is 131072 tokens. However, you requested about 140000 tokens","code":400}}"#
        ),
        (
            400,
            #"{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"{\"error\":{\"message\":\"prompt is too long: 5 tokens > 4 maximum\"}}"}}}"#
        ),
        (
            400,
            #"{"error":{"message":"litellm.ContextWindowExceededError: litellm.BadRequestError: …","type":null,"param":null,"code":"400"}}"#
        ),
        (400, #"{"error":{"message":"This model's maximum prompt length is 131072 but the request contains 537812 tokens."}}"#),
        (400, #"{"error":{"message":"Invalid request: Your request exceeded model token limit: 8192","type":"invalid_request_error"}}"#),
        (400, "prompt is too long"),
        (400, #"{"detail":"This model's maximum context length is 10 tokens"}"#),
    ]

    @Test(arguments: bodies) func whatServersSay_isContextLengthExceeded(status: Int, body: String) throws {
        let error = read(status, body)
        #expect(error.code.name == "context_length_exceeded" && error.retry == .nextTarget && error.source == .client)
        let shown = try seen(error)
        #expect(shown.status == 400 && shown.code == "context_length_exceeded" && !shown.message.isEmpty)
    }

    private static let others: [(ProviderAPI, String)] = [
        (
            .anthropic,
            #"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}"#
        ),
        (
            .anthropic,
            #"{"type":"error","error":{"type":"invalid_request_error","message":"input length and `max_tokens` exceed context limit: 1 + 2 > 2"}}"#
        ),
        (.anthropic, #"{"detail":"maximum context length is 5"}"#),
        (
            .gemini,
            #"{"error":{"code":400,"message":"The input token count (3) exceeds the maximum number of tokens allowed (2).","status":"INVALID_ARGUMENT"}}"#
        ),
        (.bedrock, #"{"message":"Input is too long for requested model."}"#),
        (.bedrock, #"{"message":"The model returned the following errors: Input Tokens Exceeded: 9 > 8"}"#),
        (.azure, #"{"error":{"code":"BadRequest","message":"This model's maximum context length is 16385 tokens"}}"#),
    ]

    @Test(arguments: others) func whatTheOtherWiresSay_isContextLengthExceeded(api: ProviderAPI, body: String) throws {
        let error = read(400, body, api: api)
        #expect(error.code.name == "context_length_exceeded" && error.retry == .nextTarget)
        #expect(try seen(error).code == "context_length_exceeded")
    }

    @Test(arguments: [
        "max_tokens is too large: 9000. This model supports at most 4096 completion tokens", "messages: text is too short",
        "context is missing",
    ])
    func otherMistakes_areNot(message: String) {
        #expect(read(400, #"{"error":{"message":"\#(message)"}}"#).code.name == "invalid_request_error")
    }

    @Test func nothingOfTheAccountIsShown() {
        let error = read(401, #"{"error":{"message":"maximum context length of key sk-secret"}}"#)
        #expect(error.code == .upstreamError && error.passThrough == nil)
    }
}

@Suite struct EmbeddedErrorTests {
    private func embedded(_ body: String) -> GatewayError? {
        #expect(throws: GatewayError.self) { try OpenAIAnswer.read(body: Array(body.utf8), reader: JSONReader()) }
    }

    /// Errors inside an answer with status 200, whose code may be a number, a text or a name.
    @Test(arguments: [
        (#"{"error":{"code":429,"message":"slow"}}"#, "rate_limit_exceeded", 429),
        (#"{"error":{"code":"429","message":"slow"}}"#, "rate_limit_exceeded", 429),
        (#"{"error":{"type":"rate_limit_error","message":"slow"}}"#, "rate_limit_exceeded", 429),
        (#"{"error":{"code":400,"message":"bad"}}"#, "invalid_request_error", 400),
        (#"{"error":{"code":"400","message":"bad"}}"#, "invalid_request_error", 400),
        (#"{"error":{"type":"BadRequestError","message":"bad"}}"#, "invalid_request_error", 400),
        (#"{"error":{"code":"context_length_exceeded","message":"long"}}"#, "context_length_exceeded", 400),
        (#"{"error":{"code":500,"message":"maximum context length is 5"}}"#, "context_length_exceeded", 400),
        (#"{"error":"maximum context length is 5"}"#, "context_length_exceeded", 400),
        (#"{"error":{"code":500,"message":"broke"}}"#, "upstream_error", 502),
        (#"{"error":{"code":"insufficient_quota","message":"money"}}"#, "upstream_error", 429),
        (#"{"error":{"code":401,"message":"sk-secret"}}"#, "upstream_error", 502),
        (#"{"error":{"message":"who knows"}}"#, "upstream_error", 502),
    ])
    func insideAn200_countsByWhatItSays(body: String, code: String, status: Int) throws {
        let error = try #require(embedded(body))
        #expect(error.code.name == code)
        #expect(try seen(error).message.contains("secret") == false)
        if code != "upstream_error" { #expect((error.passThrough?.status ?? error.code.status) == status) }
    }
}
