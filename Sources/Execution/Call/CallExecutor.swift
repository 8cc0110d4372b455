public import Chat
public import EventLoop
internal import Policies
internal import Providers
internal import Upstream

/// Makes upstream calls on one loop. Belongs to that loop.
public final class CallExecutor {
    let loop: EventLoop
    let reader: JSONReader
    private let client: UpstreamClient
    private let calls: any CallStarting
    /// The tools of MCP servers that requests have been given.
    var toolSets = ToolSetCache()

    /// Makes an executor with connections of its own.
    /// - Parameter reader: the loop's JSON reader, shared with all other code that parses on the loop.
    public init(loop: EventLoop, reader: JSONReader) {
        self.loop = loop
        self.reader = reader
        client = UpstreamClient(loop: loop)
        calls = client
    }

    /// Makes one whose calls are begun by `calls`.
    init(loop: EventLoop, reader: JSONReader, calls: any CallStarting) {
        self.loop = loop
        self.reader = reader
        self.calls = calls
        client = UpstreamClient(loop: loop)
    }

    /// Calls in progress.
    public var activeCalls: Int { client.activeTransfers }

    /// Translates `request` into the provider API of `target`.
    /// - Parameters:
    ///   - outputLimit: the most output tokens per choice; `nil`: as the client said.
    ///   - refused: what the target has refused of the gateway's additions.
    /// - Throws: `invalid_request_error` when the provider's API cannot express the request.
    func translate(
        _ request: ChatRequest, for target: Target, outputLimit: Int64?, without refused: Additions
    ) throws(GatewayError) -> ProviderRequest {
        var model = target.providerModel
        model.refused = refused
        model.maxOutputTokens = outputLimit ?? model.maxOutputTokens
        return try ProviderRequest.make(request, api: target.api, model: model, reader: reader)
    }

    /// Sends `translated` to `target`.
    /// - Parameters:
    ///   - input: the estimate of its input.
    ///   - form: what becomes of the answer.
    ///   - planned: what is reserved for the call.
    /// - Throws: `upstream_error` when no call could be begun.
    func start(
        _ translated: ProviderRequest, _ input: InputTokens, as form: AnswerForm, planned: PlannedCall, on target: Target,
        _ permit: CallPermit
    ) throws(GatewayError) -> UpstreamCall {
        do {
            let sent = UpstreamRequest(
                .post, path: translated.path, headers: translated.headers, body: .whole(translated.body),
                deadlines: permit.window.deadlines, place: permit.place)
            let transfer = try calls.begin(sent, to: target.endpoint)
            return UpstreamCall(
                transfer, input: input, as: form, planned: planned, context: translated.context, target: target,
                ticket: permit.ticket, reader: reader)
        } catch {
            throw GatewayError(error)
        }
    }

    /// Called when per-client buffers must shrink (`true`) or may grow back (`false`).
    public func limitBuffers(_ isTight: Bool) { client.bufferLimit = isTight ? 16 * 1024 : .max }

    /// Drops the handles kept for providers that `policies` no longer name.
    public func adopt(_ policies: ServingPolicies) { client.keep(endpoints: policies.endpointNumbers) }
}
