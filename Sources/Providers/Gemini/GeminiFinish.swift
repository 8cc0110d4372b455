internal import Chat

/// Why a candidate ended: https://ai.google.dev/api/generate-content#FinishReason.
enum GeminiFinish {
    /// - Parameters:
    ///   - callsTools: whether the candidate has a function call.
    ///   - hasOutput: whether it has anything that a client sees.
    ///   - message: what Google says about the reason, for the log.
    /// - Throws: when the model failed to make an answer and there is nothing to show.
    static func note(
        _ reason: JSONValue?, callsTools: Bool, hasOutput: Bool, _ message: JSONValue?
    ) throws(GatewayError) -> FinishNote {
        // A whole answer that has no finish reason still counts as whole.
        guard let reason, let word = reason.stringBytes else { return FinishNote(callsTools ? .toolCalls : .stop) }
        if reason.isString("STOP") { return FinishNote(callsTools ? .toolCalls : .stop) }
        if reason.isString("MAX_TOKENS") { return FinishNote(.length) }
        if blocks.contains(where: { reason.isString($0) }) { return FinishNote(.contentFilter, native: word) }
        if slips.contains(where: { reason.isString($0) }), !hasOutput {
            let said = message?.string.map { ": " + $0.prefix(512) } ?? ""
            throw GatewayError(
                .upstreamError, "The model's answer could not be used by its provider. Try again.", source: .upstream, retry: .sameTarget,
                detail: String(decoding: word.prefix(64), as: UTF8.self) + said)
        }
        return FinishNote(.other, native: word)
    }

    /// The answer, or more of it, was held back.
    private static let blocks: [StaticString] = [
        "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION", "MODEL_ARMOR",
    ]

    /// The model produced no usable answer; another try usually produces one.
    private static let slips: [StaticString] = [
        "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MALFORMED_RESPONSE", "MISSING_THOUGHT_SIGNATURE",
        "NO_IMAGE", "IMAGE_OTHER",
    ]
}
