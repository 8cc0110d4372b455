public import Chat
public import EventLoop
internal import Policies
internal import Upstream

/// Makes upstream calls on one loop. Belongs to that loop.
public final class CallExecutor {
    private let reader: JSONReader
    private let client: UpstreamClient

    /// Makes an executor with connections of its own.
    /// - Parameter reader: the loop's JSON reader, shared with whoever else parses on the loop.
    public init(loop: EventLoop, reader: JSONReader) {
        self.reader = reader
        client = UpstreamClient(loop: loop)
    }

    /// Calls in progress.
    public var activeCalls: Int { client.activeTransfers }

    /// Sends `request` to `target`.
    /// - Parameter timeout: a limit of the caller's for the whole call; the provider's own `timeouts.total` stays in force.
    /// - Throws: `upstream_error` when no call could even be begun.
    public func start(_ request: ChatRequest, on target: Target, timeout: Duration?) throws(GatewayError) -> UpstreamCall {
        let body = request.upstreamBody(model: target.model.upstreamModelJSON)
        do {
            let transfer = try client.post(body, to: target.endpoint, timeout: timeout)
            return UpstreamCall(transfer, request: request, target: target, reader: reader)
        } catch {
            throw GatewayError(error)
        }
    }

    /// Drops what is kept for providers that `policies` no longer name.
    public func adopt(_ policies: ServingPolicies) { client.forget(endpointsExcept: policies.endpointIdentities) }
}
