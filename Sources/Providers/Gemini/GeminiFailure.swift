internal import Chat

/// What Google's errors mean: https://ai.google.dev/gemini-api/docs/troubleshooting.
enum GeminiFailure {
    /// The `error` of an answer, which some endpoints wrap into a list.
    static func said(by root: JSONValue) -> ProviderError? {
        guard let error = errorMember(of: root) else { return nil }
        let status = error["status"]
        let message = error["message"]?.string ?? ""
        var said = ProviderError(type: status?.string, message: message)
        if status?.isString("NOT_FOUND") == true { said.code = "model_not_found" }
        if message.contains("input token count") {
            said.code = "context_length_exceeded"
            said.isTooLong = true
        }
        if concernsKey(error, message) {
            // A bad key is answered with 400, as if the client's request were at fault.
            said.status = 401
        } else if status?.isString("FAILED_PRECONDITION") == true {
            // Billing is not set up, or the API is not offered where the gateway stands.
            said.status = 403
        }
        for detail in details(of: error) {
            if let delay = detail["retryDelay"]?.string { said.retryAfter = seconds(delay) }
            // A quota of nothing: this account has no access, however long one waits.
            if detail["violations"]?.elements.contains(where: { $0["quotaValue"]?.isString("0") == true }) == true {
                said.hasNoQuota = true
            }
        }
        return said
    }

    /// The error that came in the place of an answer, or in a stream; `nil` when there is none.
    static func reported(by root: JSONValue) -> GatewayError? {
        guard let error = errorMember(of: root), let said = said(by: root) else { return nil }
        let code = error["code"]?.int64.flatMap { (400...599).contains($0) ? Int($0) : nil } ?? 500
        return OpenAIFailure.read(status: said.status ?? code, error: said, retryAfter: said.retryAfter)
    }

    /// The error for an answer that has no candidate: the prompt was blocked, or no reason is given.
    static func noCandidate(_ root: JSONValue) -> GatewayError {
        guard let reason = root["promptFeedback"]?["blockReason"]?.string else {
            return OpenAIFailure.unusable("the answer has no candidates")
        }
        let code = GatewayError.Code("content_filter", 400, GatewayError.Code.invalidRequest.type)
        return GatewayError(code, "The provider blocked the prompt (\(reason.prefix(64))).", source: .client)
    }

    private static func errorMember(of root: JSONValue) -> JSONValue? {
        let holder = root.kind == .array ? root.elements.first { $0["error"] != nil } : root
        return holder?["error"].flatMap { $0.kind == .object ? $0 : nil }
    }

    private static func details(of error: JSONValue) -> [JSONValue] { error["details"].map { Array($0.elements.prefix(16)) } ?? [] }

    private static func concernsKey(_ error: JSONValue, _ message: String) -> Bool {
        if details(of: error).contains(where: { $0["reason"]?.isString("API_KEY_INVALID") == true }) { return true }
        return message.hasPrefix("API key not valid") || message.hasPrefix("API Key not found") || message.hasPrefix("API key expired")
    }

    /// A duration such as `37s` or `37.826s`, rounded up.
    private static func seconds(_ text: String) -> Duration? {
        guard text.last == "s", let value = Double(text.dropLast()), value >= 0, value <= 86_400 else { return nil }
        return .seconds(Int64(value.rounded(.up)))
    }
}
