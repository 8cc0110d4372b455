internal import Chat

extension UpstreamCall {
    static let notAStream = GatewayError(
        .upstreamError, "The provider did not answer with a stream although one was asked for.", source: .upstream, retry: .nextTarget)
    static let truncated = GatewayError(
        .upstreamError, "The provider's stream ended before its answer was complete.", source: .upstream, retry: .sameTarget)
}

/// Tokens counted by us where the provider told none. Rounded upward: a bill may be corrected downward later, never silently the other way.
enum TokenEstimate {
    /// Three bytes a token: English text has about four, code and other scripts fewer.
    static let bytesPerToken = 3

    /// The estimate for a call.
    /// - Parameters:
    ///   - input: what was sent.
    ///   - outputBytes: size of what came back: of a whole answer its body, of a stream its text.
    ///   - outputEvents: stream events with content; each carries at least one token.
    static func usage(_ input: InputTokens, outputBytes: Int, outputEvents: Int) -> TokenUsage {
        TokenUsage(input: Int64(max(tokens(input.upperBound), input.estimate)), output: Int64(max(tokens(outputBytes), outputEvents)))
    }

    private static func tokens(_ bytes: Int) -> Int { (bytes + bytesPerToken - 1) / bytesPerToken }
}
