internal import Chat
internal import Core
internal import Dialects
internal import HTTPServer
internal import Logging

/// The one place where an error becomes an HTTP response.
struct ErrorAnswer {
    private let error: GatewayError

    init(_ error: GatewayError) { self.error = error }

    var status: Int { error.passThrough?.status ?? error.code.status }

    /// The body in OpenAI's shape, or the provider's own if that may be shown.
    var body: [UInt8] {
        var body: [UInt8] = []
        error.appendOpenAIBody(to: &body)
        return body
    }

    func appendFields(to fields: inout HTTPResponseHead) {
        fields.contentType = "application/json"
        if status == 401 { fields.appendField("www-authenticate", value: "Bearer") }
        if case .after(let duration) = error.retry { appendRetry(duration, to: &fields) }
        // Clients retry 408, 409, 429 and 5xx by themselves; if that cannot help, `x-should-retry` says so. The same holds for 402.
        let cannotHelp =
            error.retry.isFinal && (status >= 500 || [402, 409, 429].contains(status)) || status == 429 && error.isOfOneRequest
        if cannotHelp { fields.appendField("x-should-retry", value: "false") }
    }

    /// Both fields: whole seconds for HTTP, milliseconds for the SDKs that read them.
    private func appendRetry(_ duration: Duration, to fields: inout HTTPResponseHead) {
        let milliseconds = min(max(1, duration.microseconds / 1_000), 86_400_000)
        fields.appendField("retry-after", value: Int((milliseconds + 999) / 1_000))
        fields.appendField("retry-after-ms", value: Int(milliseconds))
    }
}

extension GatewayError {
    /// The API's error for a violation of HTTP.
    init(_ violation: HTTPViolation) {
        let code: Code =
            switch violation.status {
            case 408: .requestTimeout
            case 413: .bodyTooLarge
            case 499: .clientClosedRequest
            default: Code("invalid_request_error", violation.status, "invalid_request_error")
            }
        self.init(code, violation.reason.description)
    }
}

extension IncomingRequest {
    /// Answers with an error, unless the client has left.
    /// - Parameter more: appends further fields; not called if a stream has begun.
    func answer(_ error: GatewayError, _ more: (inout HTTPResponseHead) -> Void = { _ in }) {
        if reply.hasBegun { return endStream(with: error) }
        log(error)
        if error.isCounted, case .client(let exchange) = reply { exchange.dropArrivedBody() }
        let answer = ErrorAnswer(error)
        reply.respond(answer.status, body: answer.body) { fields in
            answer.appendFields(to: &fields)
            fields.appendField("x-request-id", value: requestID)
            more(&fields)
            if error.code == .unsupportedMediaType { fields.appendField("accept-encoding", value: HTTPContentCoding.accepted) }
            if error.code == .methodNotAllowed { fields.appendField("allow", value: PublicRoutes.table.allowedMethods(reply.head)) }
        }
    }

    /// Writes an error into a stream that has begun, and ends it without `[DONE]`.
    func endStream(with error: GatewayError) {
        log(error)
        var event: [UInt8] = []
        dialect.appendFailure(error, &event)
        reply.write(event)
        reply.end(.failed)
    }

    private func log(_ error: GatewayError) {
        guard error.source != .client, !error.isCounted else { return }
        loop.log.warning(
            "request failed",
            metadata: [
                "request_id": "\(requestID)", "code": "\(error.code.name)", "source": "\(error.source.rawValue)",
                "message": "\(error.publicMessage)", "detail": "\(error.detail ?? "")",
            ])
    }
}
