public import Chat

/// What a failed call to a provider of OpenAI's dialect means.
public enum OpenAIFailure {
    /// Longest error body of a provider that is shown to the client, in bytes.
    public static let longestPassedBody = 64 * 1024

    /// Longest message of a provider that is shown to the client, in characters.
    private static let longestMessage = 4096

    /// Retry delays that are believed.
    private static let saneDelay: ClosedRange<Duration> = .seconds(1)...(.seconds(86_400))

    /// Classifies an answer whose status is not 200.
    ///
    /// Errors that the client caused carry the provider's own body in `passThrough`; the caller scrubs configured secrets from it. Of errors
    /// that concern the gateway's account nothing of the provider's text is shown, because it may quote the key.
    /// - Parameters:
    ///   - status: the HTTP status, whatever the provider sent.
    ///   - body: the body, possibly cut off.
    ///   - retryAfter: the provider's `retry-after`, if it sent one.
    public static func read(status: Int, body: [UInt8], retryAfter: Duration?, reader: JSONReader) -> GatewayError {
        if status == 429 { return rateLimited(hasNoQuota(body, reader), retryAfter) }
        return notOfTheClient(status, retryAfter) ?? clientCaused(status, body, reader)
    }

    /// Classifies what a provider of another dialect answered or reported.
    /// - Parameter error: what it said about it, if that could be read.
    static func read(status: Int, error: ProviderError?, retryAfter: Duration?) -> GatewayError {
        if error?.hasNoQuota == true { return rateLimited(true, nil) }
        if status == 429 { return rateLimited(false, retryAfter) }
        if var failure = notOfTheClient(status, retryAfter) {
            if let error { failure.detail = "provider status \(status), \(error.type ?? "no type"): \(error.message.prefix(1024))" }
            return failure
        }
        return error.map { clientCaused(status, $0) } ?? refusedWithoutReason(status)
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
    private static func clientCaused(_ status: Int, _ said: ProviderError) -> GatewayError {
        let code = GatewayError.Code(said.code ?? GatewayError.Code.invalidRequest.name, status, GatewayError.Code.invalidRequest.type)
        var error = GatewayError(code, String(said.message.prefix(longestMessage)), source: .client, detail: said.type)
        var body: [UInt8] = []
        error.appendOpenAIBody(to: &body)
        error.publicMessage = "The provider refused the request (status \(status))."
        error.passThrough = (status, body)
        // What is too long for one model need not be for another.
        error.retry = said.isTooLong ? .nextTarget : retry(after: status)
        return error
    }

    /// The error for an answer that is not what was asked for.
    static func unusable(_ detail: String) -> GatewayError {
        GatewayError(.upstreamError, "The provider gave an unusable answer.", source: .upstream, retry: .nextTarget, detail: detail)
    }

    /// Classifies an `error` that came in an answer with status 200. Some aggregators put the status they mean into `error.code`.
    /// - Parameter text: the object that has it as its member `error`, if there is one.
    static func embedded(_ error: JSONValue, in text: UnsafeRawBufferPointer?) -> GatewayError {
        let status = error["code"]?.int64
        let detail = error["message"]?.string ?? error.string
        switch status {
        case 429?: return rateLimited(false, nil)
        case 400?, 413?, 422?:
            guard let status, let text, text.count <= longestPassedBody else { break }
            return refused(Int(status), body: [UInt8](text), name: nil, type: error["type"]?.string)
        default: break
        }
        return GatewayError(
            .upstreamError, "The provider reported an error.", source: .upstream, retry: .nextTarget,
            detail: detail.map { String($0.prefix(1024)) })
    }

    private static func rateLimited(_ hasNoQuota: Bool, _ retryAfter: Duration?) -> GatewayError {
        // An account without quota stays so for longer than any delay: that is not a matter of rate.
        if hasNoQuota { return upstream(429, "The provider refused the gateway's own credentials or account.", .nextTarget) }
        let delay = min(max(retryAfter ?? saneDelay.lowerBound, saneDelay.lowerBound), saneDelay.upperBound)
        return GatewayError(.upstreamRateLimited, "The provider's rate limit is reached.", source: .upstream, retry: .after(delay))
    }

    private static func upstream(_ status: Int, _ message: String, _ retry: GatewayError.Retry) -> GatewayError {
        GatewayError(.upstreamError, message, source: .upstream, retry: retry, detail: "provider status \(status)")
    }

    private static func hasNoQuota(_ body: [UInt8], _ reader: JSONReader) -> Bool {
        let answer = try? reader.read(body) { (root) throws(GatewayError) in root["error"]?["code"]?.isString("insufficient_quota") }
        return answer.flatMap(\.self) == true
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

    private static func clientCaused(_ status: Int, _ body: [UInt8], _ reader: JSONReader) -> GatewayError {
        guard body.count <= longestPassedBody else { return refusedWithoutReason(status) }
        do {
            return try reader.read(body) { (root) throws(GatewayError) in
                guard let error = root["error"], !error.isNull else { return refusedWithoutReason(status) }
                return refused(
                    status, body: completed(body, root), name: name(error["code"]?.string), type: error["type"]?.string)
            }
        } catch { return refusedWithoutReason(status) }
    }

    /// The body with the members that OpenAI's clients read in every `error`, where the provider left some out.
    private static func completed(_ body: [UInt8], _ root: JSONValue) -> [UInt8] {
        guard let member = root.rawMembers?.first(where: { $0.name.isString("error") }), member.value.kind == .object,
            !member.value.isEmptyContainer
        else { return body }
        var missing: [UInt8] = []
        if member["message"] == nil { missing.append(",\"message\":\"The provider refused the request.\"") }
        if member["type"] == nil { missing.append(",\"type\":\"invalid_request_error\"") }
        if member["param"] == nil { missing.append(",\"param\":null") }
        if member["code"] == nil { missing.append(",\"code\":null") }
        let end = member.valueRange.upperBound - 1
        return missing.isEmpty ? body : Array(body[..<end]) + missing + Array(body[end...])
    }

    private static func refused(_ status: Int, body: [UInt8], name: String?, type: String?) -> GatewayError {
        let code = GatewayError.Code(name ?? GatewayError.Code.invalidRequest.name, status, type ?? GatewayError.Code.invalidRequest.type)
        return GatewayError(
            code, "The provider refused the request (status \(status)).", source: .client, retry: retry(after: status),
            passThrough: (status, body))
    }

    private static func refusedWithoutReason(_ status: Int) -> GatewayError {
        // Without OpenAI's shape a missing path says more about the configured address than about the request.
        if [404, 405, 410].contains(status) { return upstream(status, "The provider has no such endpoint.", .nextTarget) }
        let code = GatewayError.Code(GatewayError.Code.invalidRequest.name, status, GatewayError.Code.invalidRequest.type)
        return GatewayError(code, "The provider refused the request (status \(status)).", source: .client, retry: retry(after: status))
    }

    /// A model that one provider lacks, and a limit that one provider has, need not be another's.
    private static func retry(after status: Int) -> GatewayError.Retry {
        [404, 405, 410, 413].contains(status) ? .nextTarget : .never
    }
}
