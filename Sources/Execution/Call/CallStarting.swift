internal import EventLoop
internal import Upstream

/// Sends requests to providers: through libcurl (``UpstreamClient``), or by a script of a test.
protocol CallStarting: AnyObject {
    /// Sends `request` to `endpoint`.
    /// - Throws: `UpstreamFailure` when nothing could be begun.
    func begin(_ request: UpstreamRequest, to endpoint: UpstreamEndpoint) throws(UpstreamFailure) -> any CallTransfer
}

/// One request under way and its answer, as ``UpstreamTransfer`` describes it.
protocol CallTransfer: AnyObject {
    var startTime: MonotonicTime { get }
    /// When the first byte of the answer's body arrived; `nil` before.
    var firstByteTime: MonotonicTime? { get }
    /// The status of the answer; 0 before its head.
    var status: Int { get }
    /// Whether the request was sent at all; before that nothing can be billed.
    var wasSent: Bool { get }
    /// Whether it stood still for a noticeable time because its consumer did not read.
    var waitedForConsumer: Bool { get }

    func head() async throws(UpstreamFailure) -> UpstreamHead
    func nextBytes(_ bytes: inout [UInt8]) async throws(UpstreamFailure) -> Bool
    func countOnlyProgress()
    func madeProgress()
    func cancel()
    func release()
}

extension UpstreamTransfer: CallTransfer {}

extension UpstreamClient: CallStarting {
    func begin(_ request: UpstreamRequest, to endpoint: UpstreamEndpoint) throws(UpstreamFailure) -> any CallTransfer {
        try send(request, to: endpoint)
    }
}
