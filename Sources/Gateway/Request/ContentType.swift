internal import Chat
internal import HTTPServer

extension IncomingRequest {
    /// Refuses bodies that are not JSON, or are coded in a way that cannot be unpacked. A request without a content type is taken at its word: many scripts send none,
    /// and curl's default for `-d` says form.
    /// - Throws: `unsupported_media_type`.
    func requireJSON() throws(GatewayError) {
        let head = reply.head
        if head.contentCoding == .unknown {
            throw GatewayError(
                .unsupportedMediaType,
                "The content coding of the request body is not taken. Send the JSON as it is, or in one of these codings: \(HTTPContentCoding.accepted).",
                param: "content-encoding")
        }
        guard head.contentType != nil, !head.hasMediaType("application/json"), !head.hasMediaType("application/x-www-form-urlencoded")
        else { return }
        throw GatewayError(.unsupportedMediaType, "The content type must be application/json.", param: "content-type")
    }
}
