public import Chat

/// What a failed call to a provider of OpenAI's dialect means.
public enum OpenAIFailure {
    /// Longest error body of a provider that is shown to the client, in bytes.
    public static let longestPassedBody = 64 * 1024

    /// Longest message of a provider that is shown to the client, in characters.
    private static let longestMessage = 4096

    /// The range to which retry delays are limited.
    private static let saneDelay: ClosedRange<Duration> = .milliseconds(100)...(.seconds(3_600))

    /// The cooldown when the provider names no time.
    private static let unnamedDelay = Duration.seconds(1)

    /// Classifies an answer whose status is not 200.
    ///
    /// Errors that the client caused carry the provider's own body in `passThrough`; the caller scrubs configured secrets from it. Of errors
    /// that concern the gateway's account nothing of the provider's text is shown, because it may quote the key.
    /// - Parameters:
    ///   - status: the HTTP status, whatever the provider sent.
    ///   - body: the body, possibly cut off.
    ///   - retryAfter: the provider's `retry-after`, if it sent one.
    public static func read(status: Int, body: [UInt8], retryAfter: Duration?, reader: JSONReader) -> GatewayError {
        let said = ErrorWords.read(body, reader)
        if let said, tellsTooLong(said, status) { return refused(status, said, body, reader) }
        if status == 429 { return rateLimited(said, retryAfter) }
        if status == 403, let said, said.saysModerated { return refused(status, said, body, reader) }
        if let failure = notOfTheClient(status, retryAfter) { return failure }
        return said.map { refused(status, $0, body, reader) } ?? refusedWithoutReason(status)
    }

    /// Classifies what a provider of another dialect answered or reported.
    /// - Parameter error: what it said about it, if that could be read.
    static func read(status: Int, error: ProviderError?, retryAfter: Duration?) -> GatewayError {
        if error?.hasNoQuota == true { return rateLimited(true, nil) }
        if let error, tellsTooLong(error, status) { return clientCaused(status, error) }
        if status == 429 { return rateLimited(error, retryAfter) }
        if var failure = notOfTheClient(status, retryAfter) {
            if let error { failure.detail = "provider status \(status), \(error.type ?? "no type"): \(error.message.prefix(1024))" }
            return failure
        }
        return error.map { clientCaused(status, $0) } ?? refusedWithoutReason(status)
    }

    /// Whether the conversation is too long, whatever status says so. What concerns the account is never shown.
    private static func tellsTooLong(_ said: ProviderError, _ status: Int) -> Bool {
        ![401, 402, 403, 407].contains(status) && said.saysTooLong
    }

    private static func notOfTheClient(_ status: Int, _ retryAfter: Duration?) -> GatewayError? {
        switch status {
        case 503 where retryAfter != nil: rateLimited(false, retryAfter)
        case 401, 402, 403, 407: upstream(status, "The provider refused the gateway's own credentials or account.", .nextTarget)
        case 408, 500, 502, 503, 504, 529: upstream(status, "The provider failed to answer (status \(status)).", .sameTarget)
        case 400..<500: nil
        default: upstream(status, "The provider gave an unusable answer (status \(status)).", .nextTarget)
        }
    }

    /// The provider's words in OpenAI's shape.
    /// - Parameter original: the provider's own body in OpenAI's shape, whose other members the client may see too.
    private static func clientCaused(_ status: Int, _ said: ProviderError, original: [UInt8]? = nil) -> GatewayError {
        guard said.isShaped || ![404, 405, 410].contains(status) || said.saysTooLong else { return refusedWithoutReason(status) }
        let isTooLong = said.saysTooLong
        let status = isTooLong ? 400 : status
        let name = isTooLong ? contextLengthExceeded : name(said.code) ?? GatewayError.Code.invalidRequest.name
        // OpenAI's clients do not know the error types of other dialects.
        let type = original == nil ? nil : said.type
        let code = GatewayError.Code(name, status, type ?? GatewayError.Code.invalidRequest.type)
        var error = GatewayError(code, String(said.message.prefix(longestMessage)), source: .client, param: said.param, detail: said.type)
        var body: [UInt8] = []
        if let original { body = original } else { error.appendOpenAIBody(to: &body) }
        error.publicMessage = "The provider refused the request (status \(status))."
        error.passThrough = (status, body)
        // A conversation that is too long for one model may fit another.
        error.retry = isTooLong ? .nextTarget : retry(after: status)
        return error
    }

    /// OpenAI's code for a conversation that is too long for the model.
    static let contextLengthExceeded = "context_length_exceeded"

    /// The error for an answer that is not what was asked for.
    static func unusable(_ detail: String) -> GatewayError {
        GatewayError(.upstreamError, ProviderFailure.unusableMessage, source: .upstream, retry: .nextTarget, detail: detail)
    }

    /// The error for a choice that ended with a word for a failure.
    static func failedToFinish(_ word: String?) -> GatewayError {
        GatewayError(
            .upstreamError, "The provider broke its answer off.", source: .upstream, retry: .sameTarget,
            detail: "finish_reason \(word?.prefix(64) ?? "")")
    }

    /// Whether an answer with status 200, or an event of a stream, is an error.
    static func isReported(in root: JSONValue) -> Bool {
        var isAnswer = false
        var hasWords = false
        for (name, value) in root.members {
            switch name.name {
            case "choices", "usage": isAnswer = true
            case "error": if !value.isNull, value.bool != false, value.stringBytes?.isEmpty != true { return true }
            case "object", "type": if value.isString("error") { return true }
            // MiniMax.
            case "base_resp": if let status = value["status_code"]?.int64, status != 0 { return true }
            case "message", "detail", "errors", "msg": if !value.isNull { hasWords = true }
            default: break
            }
        }
        return hasWords && !isAnswer
    }

    /// Classifies an error that came in an answer with status 200, or in a stream. The status that is meant may stand in its code, as a number
    /// or a text, or is told by its code or type.
    /// - Parameters:
    ///   - error: the error itself, or what has it as its member `error`.
    ///   - text: the JSON text that `error` is the outermost value of, if it is; shown to the client when the request is at fault.
    static func embedded(_ error: JSONValue, in text: UnsafeRawBufferPointer?) -> GatewayError {
        let said = ErrorWords.error(in: error)
        let status = said.flatMap(meantStatus)
        switch status {
        case 429?: return rateLimited(said, nil)
        case 401?, 402?: return accountRefused
        case 403? where said?.saysModerated != true: return accountRefused
        case let status? where (400..<500).contains(status) && status != 408:
            guard let said, let text, text.count <= longestPassedBody else { break }
            return clientCaused(status, said, original: OpenAIErrorBody.completed(error, text, said))
        default: break
        }
        return GatewayError(
            .upstreamError, "The provider reported an error.", source: .upstream, retry: .nextTarget,
            detail: said.map { String($0.message.prefix(1024)) })
    }

    private static let accountRefused = upstream(200, "The provider refused the gateway's own credentials or account.", .nextTarget)

    /// The status that an error without one means; `nil` when nothing tells.
    private static func meantStatus(_ said: ProviderError) -> Int? {
        if said.saysTooLong { return 400 }
        if said.saysNoQuota { return 429 }
        if let status = said.namedStatus { return status }
        let words = [said.code, said.type].compactMap { $0?.lowercased() }
        return meanings.first { meaning in words.contains { $0.hasPhrase(meaning.word) } }?.status
    }

    /// What codes and types say about the status, in lower case, the most telling first.
    private static let meanings: [(word: String, status: Int)] = [
        ("rate_limit", 429), ("ratelimit", 429), ("too_many_requests", 429), ("resource_exhausted", 429), ("throttling", 429),
        ("authentication", 401), ("unauthorized", 401), ("invalid_api_key", 401), ("permission", 403), ("model_not_found", 404),
        ("overloaded", 529), ("unavailable", 503), ("timeout", 504), ("server_error", 500), ("internal", 500),
        ("invalid_request", 400), ("badrequest", 400), ("bad_request", 400), ("invalid_argument", 400), ("validation", 400),
        ("unprocessable", 422), ("request_too_large", 413), ("tokens_limit_reached", 413), ("content_", 400), ("moderation", 400),
        ("invalid_", 400),
        ("unsupported_", 400), ("missing_required", 400), ("_max_length", 400), ("_min_length", 400), ("_max_value", 400),
        ("_min_value", 400),
    ]

    /// What a status 429 means: the account has no quota, this one request is too large for the limit, or the rate limit of the account is reached.
    private static func rateLimited(_ said: ProviderError?, _ retryAfter: Duration?) -> GatewayError {
        if let said, !said.saysNoQuota, RefusalWords.blameSize(said.message, namesDelay: retryAfter != nil) {
            return oversized(said.message)
        }
        return rateLimited(said?.saysNoQuota == true, retryAfter)
    }

    /// A rate limit that this one request exceeds by its size: sending it again does not help, and others are not affected.
    private static func oversized(_ words: String) -> GatewayError {
        let message = words.prefix(longestMessage).replacing(/org-[A-Za-z0-9]{4,}/, with: "org-***")
        var error = GatewayError(.upstreamRateLimited, String(message), source: .client, retry: .nextTarget)
        error.isOfOneRequest = true
        return error
    }

    private static func rateLimited(_ hasNoQuota: Bool, _ retryAfter: Duration?) -> GatewayError {
        // An account without quota stays so for longer than any delay: that is not a matter of rate.
        if hasNoQuota { return upstream(429, "The provider refused the gateway's own credentials or account.", .nextTarget) }
        let delay = min(max(retryAfter ?? unnamedDelay, saneDelay.lowerBound), saneDelay.upperBound)
        return GatewayError(.upstreamRateLimited, "The provider's rate limit is reached.", source: .upstream, retry: .after(delay))
    }

    private static func upstream(_ status: Int, _ message: String, _ retry: GatewayError.Retry) -> GatewayError {
        GatewayError(.upstreamError, message, source: .upstream, retry: retry, detail: "provider status \(status)")
    }

    /// A provider's code as a name that may go into records and statistics: short and plain, or none.
    private static func name(_ code: String?) -> String? {
        guard let code, (1...64).contains(code.utf8.count) else { return nil }
        // Azure repeats the status there.
        guard code.utf8.contains(where: { $0 > UInt8(ascii: "9") }) else { return nil }
        let isPlain = code.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
        return isPlain ? code : nil
    }

    private static func refused(_ status: Int, _ said: ProviderError, _ body: [UInt8], _ reader: JSONReader) -> GatewayError {
        let original = body.withUnsafeBytes { text in
            try? reader.read(text) { root in OpenAIErrorBody.completed(root, text, said) }
        }
        return clientCaused(status, said, original: original.flatMap(\.self))
    }

    private static func refusedWithoutReason(_ status: Int) -> GatewayError {
        // Without OpenAI's shape a missing path says more about the configured address than about the request.
        if [404, 405, 410].contains(status) { return upstream(status, "The provider has no such endpoint.", .nextTarget) }
        let code = GatewayError.Code(GatewayError.Code.invalidRequest.name, status, GatewayError.Code.invalidRequest.type)
        return GatewayError(code, "The provider refused the request (status \(status)).", source: .client, retry: retry(after: status))
    }

    /// Another provider may have a model that this one lacks, or lack a limit that this one has.
    private static func retry(after status: Int) -> GatewayError.Retry {
        [404, 405, 410, 413].contains(status) ? .nextTarget : .never
    }
}
