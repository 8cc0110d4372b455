import Chat
import Testing

@testable import Providers

/// A provider's refusal of something that the gateway added is retried once without it.
@Suite struct RefusedAdditionsTests {
    private let reader = JSONReader()

    struct Refusal: CustomStringConvertible, Sendable {
        let api: ProviderAPI
        let status: Int
        let body: String
        let added: Additions
        let refused: Additions
        var description: String { "\(api) \(body.prefix(160))" }

        init(_ api: ProviderAPI, _ status: Int, _ body: String, _ added: Additions, _ refused: Additions) {
            (self.api, self.status, self.body, self.added, self.refused) = (api, status, body, added, refused)
        }
    }

    private static let plain: Additions = [.streamOptions, .maxTokens]
    private static let budget: Additions = [.thinkingBudget, .thinking, .cacheMarks, .nativeFormat]
    private static let effort: Additions = [.adaptiveThinking, .thinking, .prefill, .forcedFormat]
    private static let off: Additions = [.thinkingOff, .thinking]

    private static func anthropic(_ message: String) -> String {
        #"{"type":"error","error":{"type":"invalid_request_error","message":"\#(message)"}}"#
    }

    private static func google(_ message: String) -> String {
        #"{"error":{"code":400,"message":"\#(message)","status":"INVALID_ARGUMENT"}}"#
    }

    private static func openAI(_ message: String, param: String = "null", code: String = "null") -> String {
        #"{"error":{"message":"\#(message)","type":"invalid_request_error","param":\#(param),"code":\#(code)}}"#
    }

    static let namedRefusals: [Refusal] = [
        // OpenAI and Azure.
        Refusal(
            .openai, 400,
            openAI(
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
                param: #""max_tokens""#, code: #""unsupported_parameter""#),
            plain, .maxTokens),
        Refusal(
            .openai, 400, openAI("Unknown parameter: 'stream_options'.", param: #""stream_options""#, code: #""unknown_parameter""#), plain,
            .streamOptions),
        Refusal(
            .openai, 400, openAI("Unknown parameter: 'stream_options.include_usage'.", param: #""stream_options.include_usage""#), plain,
            .streamOptions),
        Refusal(.azure, 400, openAI("Unrecognized request argument supplied: stream_options"), plain, .streamOptions),
        Refusal(
            .azure, 400, openAI("Unrecognized request argument supplied: max_completion_tokens"), [.maxCompletionTokens],
            .maxCompletionTokens),
        Refusal(.azure, 400, openAI("Unrecognized request arguments supplied: max_tokens, stream_options"), plain, plain),
        // vLLM, SGLang, Mistral and other servers on FastAPI.
        Refusal(
            .openai, 400,
            #"{"object":"error","message":"[{'type': 'extra_forbidden', 'loc': ('body', 'stream_options'), 'msg': 'Extra inputs are not permitted', 'input': {'include_usage': True}}]","type":"BadRequestError","param":null,"code":400}"#,
            plain, .streamOptions),
        Refusal(
            .openai, 422,
            #"{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}"#, plain,
            .streamOptions),
        Refusal(
            .openai, 422,
            #"{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","max_completion_tokens"],"msg":"Extra inputs are not permitted","input":9}]},"type":"invalid_request_error"}"#,
            [.maxCompletionTokens, .streamOptions], .maxCompletionTokens),
        Refusal(
            .openai, 422, #"{"detail":[{"loc":["body","ChatRequest","max_completion_tokens"],"msg":"extra fields not permitted"}]}"#,
            [.maxCompletionTokens], .maxCompletionTokens),
        // Groq, llama.cpp, Ollama, Text Generation Inference, Databricks, JSON Schema.
        Refusal(.openai, 400, openAI("property 'stream_options' is unsupported, did you mean 'stream'?"), plain, .streamOptions),
        Refusal(
            .openai, 400, #"{"error":{"code":400,"message":"Unsupported param: stream_options","type":"invalid_request_error"}}"#, plain,
            .streamOptions),
        Refusal(.openai, 400, #"{"error":"json: unknown field \"stream_options\""}"#, plain, .streamOptions),
        Refusal(
            .openai, 422,
            "Failed to deserialize the JSON body into the target type: stream_options: unknown field `stream_options`, expected one of `model`, `messages`, `max_tokens` at line 1 column 90",
            plain, .streamOptions),
        Refusal(
            .openai, 400, #"{"error_code":"BAD_REQUEST","message":"Bad request: json: unknown field \"stream_options\"\n"}"#, plain,
            .streamOptions),
        Refusal(
            .openai, 400, openAI("Additional properties are not allowed ('max_completion_tokens' was unexpected)"), [.maxCompletionTokens],
            .maxCompletionTokens),
        // Anthropic.
        Refusal(
            .anthropic, 400,
            anthropic(
                "\\\"thinking.type.enabled\\\" is not supported for this model. Use \\\"thinking.type.adaptive\\\" and \\\"output_config.effort\\\" to control thinking behavior."
            ), budget, .thinkingBudget),
        Refusal(.anthropic, 400, anthropic("adaptive thinking is not supported on this model"), effort, .adaptiveThinking),
        Refusal(.anthropic, 400, anthropic("This model does not support the effort parameter."), effort, .adaptiveThinking),
        Refusal(.anthropic, 400, anthropic("\\\"thinking.type.disabled\\\" is not supported for this model."), off, .thinkingOff),
        Refusal(.anthropic, 400, anthropic("thinking: Extra inputs are not permitted"), budget, .thinking),
        Refusal(.anthropic, 400, anthropic("output_config.format: Extra inputs are not permitted"), budget, .nativeFormat),
        Refusal(
            .anthropic, 400, anthropic("output_config: Extra inputs are not permitted"), [.adaptiveThinking, .thinking, .nativeFormat],
            [.adaptiveThinking, .thinking, .nativeFormat]),
        Refusal(.anthropic, 400, anthropic("messages.0.content.0.text.cache_control: Extra inputs are not permitted"), budget, .cacheMarks),
        Refusal(
            .anthropic, 400,
            anthropic("This model does not support assistant message prefill. The conversation must end with a user message."), effort,
            .prefill),
        Refusal(.anthropic, 400, anthropic("tool_choice: type \\\"tool\\\" is not supported by this model."), effort, .forcedFormat),
        // Bedrock.
        Refusal(
            .bedrock, 400,
            #"{"message":"The model returned the following errors: #: extraneous key [thinking] is not permitted, please reformat your input and try again."}"#,
            budget, .thinking),
        Refusal(
            .bedrock, 400,
            #"{"message":"The model returned the following errors: \"thinking.type.enabled\" is not supported for this model."}"#, budget,
            .thinkingBudget),
        Refusal(
            .bedrock, 400,
            #"{"__type":"ValidationException","message":"This model doesn't support the cachePoint field. Remove cachePoint and try again."}"#,
            budget, .cacheMarks),
        Refusal(
            .bedrock, 400,
            #"{"message":"You invoked an unsupported model or your request did not allow prompt caching. See the documentation for more information."}"#,
            budget, .cacheMarks),
        Refusal(.bedrock, 400, #"{"message":"This model doesn't support the outputConfig.textFormat field."}"#, budget, .nativeFormat),
        Refusal(
            .bedrock, 400,
            #"{"message":"This model doesn't support the toolConfig.toolChoice.tool field. Remove toolConfig.toolChoice.tool and try again."}"#,
            effort, .forcedFormat),
        // Gemini.
        Refusal(
            .gemini, 400,
            google("Invalid JSON payload received. Unknown name \\\"thinkingConfig\\\" at 'generation_config': Cannot find field."), budget,
            .thinking),
        Refusal(
            .gemini, 400,
            google(
                "Invalid JSON payload received. Unknown name \\\"thinkingLevel\\\" at 'generation_config.thinking_config': Cannot find field."
            ), effort, .adaptiveThinking),
        Refusal(.gemini, 400, google("Thinking level is not supported for this model."), effort, .adaptiveThinking),
        Refusal(.gemini, 400, google("Budget 0 is invalid. This model only works in thinking mode."), off, .thinkingOff),
        Refusal(.gemini, 400, google("Thinking is not enabled for models/gemini-x"), off, .thinking),
        Refusal(
            .gemini, 400,
            google("Invalid JSON payload received. Unknown name \\\"responseJsonSchema\\\" at 'generation_config': Cannot find field."),
            budget, .nativeFormat),
        Refusal(.gemini, 400, google("JSON mode is not enabled for models/gemma-3"), budget, .nativeFormat),
    ]

    static let otherErrors: [Refusal] = [
        // What the client has asked for.
        Refusal(
            .openai, 400, openAI("Unsupported parameter: 'logit_bias' is not supported with this model.", param: #""logit_bias""#), plain,
            []),
        Refusal(.openai, 400, openAI("Unknown parameter: 'stream_options'.", param: #""stream_options""#), [.maxTokens], []),
        Refusal(.openai, 400, openAI("property 'reasoning_effort' is unsupported"), plain, []),
        Refusal(.anthropic, 400, anthropic("temperature: Extra inputs are not permitted"), budget, []),
        // A value, and not the member.
        Refusal(
            .openai, 400,
            openAI(
                "max_tokens is too large: 5000. This model supports at most 4096 completion tokens.", param: #""max_tokens""#,
                code: #""invalid_value""#), plain, []),
        Refusal(.openai, 400, openAI("Invalid 'max_tokens': integer below minimum value.", param: #""max_tokens""#), plain, []),
        Refusal(.anthropic, 400, anthropic("`max_tokens` must be greater than `thinking.budget_tokens`."), budget, []),
        // Named in a list of what is taken, in the client's text, as a part of another name, or far away.
        Refusal(.openai, 422, "unknown field `foo`, expected one of `model`, `stream_options`, `max_tokens` at line 1", plain, []),
        Refusal(.openai, 400, openAI("Unsupported value in messages: 'stream_options'", param: #""messages.0.content""#), plain, []),
        Refusal(.openai, 400, openAI("Unknown parameter: 'my_max_tokens'."), plain, []),
        Refusal(.openai, 400, openAI("Unknown parameter: 'max_tokens_total'."), plain, []),
        Refusal(
            .openai, 400, openAI("Unknown parameter: 'x'. " + String(repeating: "Lorem ipsum. ", count: 30) + "stream_options"), plain, []),
        // Another kind of failure.
        Refusal(
            .openai, 400,
            openAI(
                "This model's maximum context length is 4096 tokens; max_tokens is not supported beyond it.",
                code: #""context_length_exceeded""#), plain, []),
        Refusal(.openai, 401, openAI("stream_options is not supported"), plain, []),
        Refusal(.openai, 500, openAI("stream_options is not supported"), plain, []),
        Refusal(.openai, 404, openAI("stream_options is not supported"), plain, []),
        Refusal(.openai, 400, "", plain, []),
        Refusal(.gemini, 400, google("Request contains an invalid argument."), budget, []),
    ]

    @Test(arguments: namedRefusals + otherErrors) func words_tellWhichAdditionIsRefused(refusal: Refusal) {
        let error = ProviderFailure.read(
            api: refusal.api, status: refusal.status, body: Array(refusal.body.utf8), retryAfter: nil, reader: reader)
        #expect(RefusedAdditions.named(by: error, in: refusal.added, reader: reader) == refusal.refused)
    }

    @Test func reduction_leavesOutEachAdditionOnce_andNeverTheLimit() {
        #expect(Additions.reduction(after: .streamOptions, known: []) == .streamOptions)
        #expect(Additions.reduction(after: .streamOptions, known: .streamOptions) == nil)
        #expect(Additions.reduction(after: .maxTokens, known: .streamOptions) == [.maxTokens, .streamOptions])
        #expect(Additions.reduction(after: .maxCompletionTokens, known: .maxTokens) == nil)
        #expect(Additions.reduction(after: [], known: .thinking) == nil)
    }

    // MARK: Requests without an addition

    private func made(_ api: ProviderAPI, _ name: String, _ members: String, without refused: Additions = [], limit: Int64? = nil) throws
        -> ProviderRequest
    {
        let request = try ChatRequest(
            decoding: Array(#"{"model":"m","messages":[{"role":"user","content":"hi"}]\#(members)}"#.utf8), reader: reader)
        var model = ProviderModel(name: name, upstreamName: name, maxOutputTokens: limit)
        model.refused = refused
        return try ProviderRequest.make(request, api: api, model: model, reader: reader)
    }

    private func text(_ request: ProviderRequest) -> String { String(decoding: request.body, as: UTF8.self) }

    @Test(arguments: [ProviderAPI.openai, .azure]) func streamOptions_areLeftOutWhenTheyAreTheGateways(api: ProviderAPI) throws {
        let first = try made(api, "x", #","stream":true"#)
        #expect(text(first).contains("stream_options") && first.context.additions.contains(.streamOptions))
        let second = try made(api, "x", #","stream":true"#, without: .streamOptions, limit: 5)
        #expect(text(second).hasSuffix(#""stream":true,"max_tokens":5}"#))
        #expect(!second.context.additions.contains(.streamOptions))
        let own = try made(api, "x", #","stream":true,"stream_options":{"include_usage":true}"#)
        #expect(!own.context.additions.contains(.streamOptions))
        let kept = try made(api, "x", #","stream":true,"stream_options":{"include_usage":true}"#, without: .streamOptions)
        #expect(text(kept).contains(#""stream_options":{"include_usage":true}"#))
    }

    struct Renaming: Sendable {
        let model, members: String
        let refused: Additions
        let limit: Int64?
        let sent: String
    }

    @Test(arguments: [
        Renaming(model: "x", members: #","max_tokens":9"#, refused: .maxTokens, limit: nil, sent: #""max_completion_tokens":9"#),
        Renaming(model: "x", members: #","max_tokens":9"#, refused: .maxTokens, limit: 4, sent: #""max_completion_tokens":4"#),
        Renaming(model: "x", members: "", refused: .maxTokens, limit: 4, sent: #""max_completion_tokens":4"#),
        Renaming(model: "o3", members: "", refused: .maxCompletionTokens, limit: 4, sent: #""max_tokens":4"#),
        Renaming(model: "x", members: #","max_completion_tokens":9"#, refused: .maxCompletionTokens, limit: nil, sent: #""max_tokens":9"#),
        Renaming(
            model: "x", members: #","max_tokens":9"#, refused: [.maxTokens, .maxCompletionTokens], limit: nil, sent: #""max_tokens":9"#),
    ])
    func limitOfOutput_changesItsNameAndStays(renaming: Renaming) throws {
        for api in [ProviderAPI.openai, .azure] {
            let body = try text(made(api, renaming.model, renaming.members, without: renaming.refused, limit: renaming.limit))
            #expect(body.contains(renaming.sent) && body.components("max_").count == 2, "\(body)")
        }
    }

    @Test func thinking_isSaidAnotherWay_thenNotAtAll() throws {
        let wish = #","reasoning_effort":"high""#
        for api in [ProviderAPI.anthropic, .bedrock] {
            let name = "anthropic.claude-opus-4-8"
            let first = try made(api, name, wish)
            #expect(text(first).contains(#""adaptive""#) && first.context.additions.isSuperset(of: [.adaptiveThinking, .thinking]))
            #expect(try text(made(api, name, wish, without: .adaptiveThinking)).contains(#""budget_tokens":16384"#))
            #expect(try !text(made(api, name, wish, without: .thinking)).contains("thinking"))
        }
        for (model, member, other) in [
            ("gemini-3-flash", "thinkingLevel", "thinkingBudget"), ("gemini-2.5-flash", "thinkingBudget", "thinkingLevel"),
        ] {
            let first = try made(.gemini, model, wish)
            #expect(text(first).contains(member))
            let second = try made(.gemini, model, wish, without: first.context.additions.subtracting(.thinking))
            #expect(text(second).contains(other))
            #expect(try !text(made(.gemini, model, wish, without: .thinking)).contains("thinking"))
        }
    }

    @Test func wordForNoThinking_becomesTheLeast() throws {
        let off = #","reasoning_effort":"none""#
        #expect(try text(made(.anthropic, "claude-sonnet-5", off, without: .thinkingOff)).contains(#""output_config":{"effort":"low"}"#))
        #expect(try text(made(.gemini, "gemini-2.5-flash", off)).contains(#""thinkingBudget":0"#))
        #expect(try text(made(.gemini, "gemini-2.5-flash", off, without: .thinkingOff)).contains(#""thinkingBudget":128"#))
        #expect(try text(made(.gemini, "gemini-3-flash-preview", off, without: .thinkingOff)).contains(#""thinkingLevel":"low""#))
    }

    @Test(arguments: [
        (ProviderAPI.anthropic, "claude-sonnet-4-5"), (.bedrock, "us.anthropic.claude-haiku-4-5-20251001-v1:0"),
        (.gemini, "gemini-3-flash-preview"),
    ])
    func format_isHadAnotherWay(api: ProviderAPI, model: String) throws {
        let format =
            #","response_format":{"type":"json_schema","json_schema":{"name":"r","schema":{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}}}"#
        let first = try made(api, model, format)
        #expect(first.context.additions.contains(.nativeFormat))
        let second = try made(api, model, format, without: .nativeFormat)
        #expect(!second.context.additions.contains(.nativeFormat))
        #expect(text(second).contains("json_response") || text(second).contains("Answer with JSON that follows this JSON Schema"))
        let last = try made(api, model, format, without: [.nativeFormat, .forcedFormat])
        #expect(text(last).contains("Answer with JSON that follows this JSON Schema"))
    }

    @Test(arguments: [(ProviderAPI.anthropic, "claude-sonnet-4-5"), (.bedrock, "us.anthropic.claude-haiku-4-5-20251001-v1:0")])
    func cacheMarks_areLeftOut_andTheTextStays(api: ProviderAPI, model: String) throws {
        let body =
            #"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"long","cache_control":{"type":"ephemeral"}}]}]}"#
        let request = try ChatRequest(decoding: Array(body.utf8), reader: reader)
        var model = ProviderModel(name: model, upstreamName: model)
        let first = try ProviderRequest.make(request, api: api, model: model, reader: reader)
        #expect(first.context.additions.contains(.cacheMarks))
        model.refused = .cacheMarks
        let second = try ProviderRequest.make(request, api: api, model: model, reader: reader)
        #expect(!second.context.additions.contains(.cacheMarks) && !text(second).contains("cache") && text(second).contains("long"))
    }

    @Test(arguments: [(ProviderAPI.anthropic, "claude-sonnet-4-5"), (.bedrock, "amazon.nova-pro-v1:0"), (.gemini, "gemini-2.5-flash")])
    func answerBegunByTheClient_getsARequestToGoOn(api: ProviderAPI, model: String) throws {
        let body = #"{"model":"m","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"The answer"}]}"#
        let request = try ChatRequest(decoding: Array(body.utf8), reader: reader)
        var model = ProviderModel(name: model, upstreamName: model)
        let first = try ProviderRequest.make(request, api: api, model: model, reader: reader)
        #expect(first.context.additions.contains(.prefill))
        model.refused = .prefill
        let second = try ProviderRequest.make(request, api: api, model: model, reader: reader)
        #expect(!second.context.additions.contains(.prefill) && text(second).components("\"role\":\"user\"").count == 3)
    }

    @Test(arguments: [
        ("o1", false, true), ("o3-mini", false, true), ("o4-mini-2025-04-16", false, true), ("gpt-5", false, true),
        ("gpt-5.1-codex", false, true),
        ("gpt-6", false, true), ("ft:o4-mini:acme", false, true), ("gpt-4o", false, false), ("gpt-35-turbo", true, false),
        ("gpt-oss-120b", true, false),
        ("prod-gpt-5-mini", true, true), ("prod-gpt-5-mini", false, false), ("eu_o3mini", true, true), ("marco-o1", false, false),
        ("o1lama", true, false),
        ("olmo", false, false), ("foo1", true, false), ("gpt5-chat", true, true), ("gpt-50", true, false), ("", true, false),
    ])
    func reasoningModels_insistOnTheirNameOfTheLimit(model: String, isDeployment: Bool, insists: Bool) throws {
        #expect((OutputLimit.Name(insistedOnBy: model, isDeployment: isDeployment) == .completionTokens) == insists)
        guard insists else { return }
        let sent = try text(made(isDeployment ? .azure : .openai, model, #","max_tokens":9"#))
        #expect(sent.contains(#""max_completion_tokens":9"#) && !sent.contains("max_tokens"))
    }
}

extension String {
    fileprivate func components(_ separator: String) -> [Substring] { split(separator: separator, omittingEmptySubsequences: false) }
}
