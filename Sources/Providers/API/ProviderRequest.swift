public import Chat
internal import Core
internal import Glibc

/// What a provider API needs to know of the model that is called.
public struct ProviderModel: Sendable {
    /// The name that answers report to the client.
    public var name: String
    /// The provider's name of the model.
    public var upstreamName: String
    /// The same as a JSON string, quotes included.
    public var upstreamNameJSON: [UInt8]
    /// The most output tokens that may be asked for, 1 or more; `nil`: as many as the client wants.
    public var maxOutputTokens: Int64?
    /// Azure's `api-version`.
    public var apiVersion: String?
    /// What this model has refused of what the gateway adds to requests.
    public var refused: Additions = []

    /// Describes a model.
    public init(name: String, upstreamName: String, maxOutputTokens: Int64? = nil, apiVersion: String? = nil) {
        self.name = name
        self.upstreamName = upstreamName
        var json: [UInt8] = []
        json.appendJSONString(upstreamName)
        upstreamNameJSON = json
        self.maxOutputTokens = maxOutputTokens
        self.apiVersion = apiVersion
    }
}

/// What reading an answer needs to know of its request.
public struct AnswerContext: Sendable {
    /// The provider API of the call.
    public let api: ProviderAPI
    /// The name of the model that answers report.
    public let model: String
    /// Whether the client of a stream asked for the usage.
    public let wantsUsageChunk: Bool
    /// How many choices were asked for.
    public let choices: Int
    /// The tool whose arguments are the answer's content: it stands in for a `response_format` that the provider lacks.
    public internal(set) var formatTool: String?
    /// Whether its arguments hold the answer as their property `value`.
    var formatIsWrapped = false
    /// What of this request the gateway can leave out or say otherwise.
    public internal(set) var additions: Additions = []
    /// The client's spelling of the tools' names that the provider does not take, by the names that were sent instead.
    var toolSpellings: [[UInt8]: [UInt8]] = [:]
    /// What names the answer where the provider does not.
    public var identity: AnswerIdentity {
        // A provider that passes its answers on names them itself; told to another writer, one that does not needs a name all the same.
        AnswerIdentity(
            id: id.isEmpty ? "chatcmpl-" + String(UInt64.random(in: .min ... .max), radix: 16) : id,
            created: created == 0 ? Int64(time(nil)) : created, model: model)
    }
    /// The answer's `id` where the provider gives none.
    public var id: String
    /// The answer's `created` where the provider gives none, in seconds since 1970.
    public var created: Int64

    init(_ request: ChatRequest, api: ProviderAPI, model: String) {
        self.api = api
        self.model = model
        wantsUsageChunk = request.wantsUsageChunk
        choices = request.facts.choices
        // Where answers pass through, both are the provider's own.
        id = api.isOpenAI ? "" : "chatcmpl-" + String(UInt64.random(in: .min ... .max), radix: 16)
        created = api.isOpenAI ? 0 : Int64(time(nil))
    }
}

/// A chat request translated to a provider API.
public struct ProviderRequest: Sendable {
    /// The body to post.
    public let body: [UInt8]
    /// What follows the provider's base URL, with its query if there is one, percent-encoded: `/v1/messages`, `/model/ID/converse-stream`.
    public let path: String
    /// Header lines of this call beyond the endpoint's own; usually none.
    public let headers: [String]
    /// What reading the answer needs.
    public let context: AnswerContext
    /// The most input tokens that the provider can count for ``body``.
    public let inputBound: InputBound

    /// - Parameters:
    ///   - request: what `body` was made of.
    ///   - media: the media in `body`, which are not text.
    init(body: [UInt8], path: String, headers: [String] = [], context: AnswerContext, request: ChatRequest, media: MediaTally) {
        self.body = body
        self.path = path
        self.headers = headers
        self.context = context
        let additions = request.providerPrompt(isPassedOn: context.api.isOpenAI, hasFormatTool: context.formatTool != nil)
        inputBound = InputBound(bytes: body.count, media: media, additions: additions)
    }

    /// Translates `request`.
    /// - Throws: `invalid_request_error` naming the member that this provider cannot take. Another one may: `retry` says `nextTarget`.
    public static func make(
        _ request: ChatRequest, api: ProviderAPI, model: ProviderModel, reader: JSONReader
    ) throws(GatewayError) -> ProviderRequest {
        var context = AnswerContext(request, api: api, model: model.name)
        switch api {
        case .openai:
            let (body, additions) = OpenAIRequest.body(request, model, isDeployment: false)
            context.additions = additions
            return ProviderRequest(body: body, path: "/chat/completions", context: context, request: request, media: request.media)
        case .azure: return try Azure.request(request, model, context)
        case .anthropic: return try Anthropic.request(request, model, context, reader)
        case .gemini: return try Gemini.request(request, model, context, reader)
        case .bedrock: return try Bedrock.request(request, model, context, reader)
        }
    }
}
