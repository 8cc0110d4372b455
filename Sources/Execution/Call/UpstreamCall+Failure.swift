internal import Chat

extension UpstreamCall {
    static let notAStream = GatewayError(
        .upstreamError, "The provider did not answer with a stream although one was asked for.", source: .upstream, retry: .nextTarget)
    static let unrequestedStream = GatewayError(
        .upstreamError, "The provider answered with a stream although none was asked for.", source: .upstream, retry: .nextTarget)

    static let emptyStream = GatewayError(
        .upstreamError, "The provider's stream went on for \(longestSilence >> 20) MiB without anything of an answer.", source: .upstream,
        retry: .nextTarget)

    /// Bytes of comments, pings and blank lines that a stream may have in a row: each byte takes time, and none says anything.
    static let longestSilence = 8 << 20

    /// Whether a media type is that of a stream, of any provider API.
    static func isStream(_ contentType: String) -> Bool {
        contentType == "text/event-stream" || contentType == "application/vnd.amazon.eventstream"
    }

    /// The error for a body that cannot be a whole answer; `nil` if it can.
    static func wrongKind(_ body: [UInt8], _ contentType: String) -> GatewayError? {
        guard let first = body.first(where: { $0 > 0x20 }) else { return wrongKind("The provider answered with nothing.") }
        if first == UInt8(ascii: "<") || contentType == "text/html" {
            return wrongKind("The provider answered with a web page, not with JSON.")
        }
        let start = body.drop { $0 <= 0x20 }
        let isStream = start.starts(with: "data:".utf8) || start.starts(with: "event:".utf8) || first == UInt8(ascii: ":")
        return isStream ? unrequestedStream : nil
    }

    private static func wrongKind(_ message: String) -> GatewayError {
        GatewayError(.upstreamError, message, source: .upstream, retry: .nextTarget)
    }

    static let truncated = GatewayError(
        .upstreamError, "The provider's stream ended before its answer was complete.", source: .upstream, retry: .sameTarget)
}
