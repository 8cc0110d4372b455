internal import Chat
internal import EventLoop
internal import Policies

extension TargetHealth.Verdict {
    /// What a failed call says about its target.
    init(_ error: GatewayError) {
        self =
            switch (error.code, error.source, error.retry) {
            // A failure that is due to its own request says nothing about health.
            case _ where error.isOfOneRequest: .none
            case (.clientClosedRequest, _, _), (_, .gateway, _), (_, .client, _): .none
            case (.upstreamRateLimited, _, .after(let delay)): .busy(for: delay)
            case (_, .upstream, _): .failure
            }
    }
}

extension TargetHealth.Unavailability {
    var reason: String {
        switch self {
        case .open: "its circuit breaker is open"
        case .cooling: "it asked to be left alone"
        }
    }

    func error(_ model: ModelEntry, at now: MonotonicTime) -> GatewayError {
        switch self {
        case .open(let until):
            GatewayError(
                .noHealthyUpstream, "\(model.name) has failed too often just now; its circuit breaker is open.", source: .upstream,
                retry: .after(until - now))
        case .cooling(let until):
            GatewayError(
                .upstreamRateLimited, "The provider of \(model.name) asked to be left alone.", source: .upstream, retry: .after(until - now)
            )
        }
    }
}
