internal import Chat
internal import HTTPServer

/// Who may do what on the public listener.
enum PublicAccess: Equatable {
    /// Whoever asks, in any case: the answer decides whether others are sent here.
    case anyone(OpenEndpoint)
    /// Whoever has a client key, while there is memory for it.
    case clientKey(ClientEndpoint)
}

/// What needs no key.
enum OpenEndpoint { case health, readiness }

/// What needs a client key.
enum ClientEndpoint { case chatCompletions, models, model }

/// The route table of the public listener. Browsers may use all of it or nothing, as the policies say (`cors`).
enum PublicRoutes {
    /// Paths work with and without `/v1`.
    static let table = RouteTable<PublicAccess>(
        [
            Route(.post, .exactly("/v1/chat/completions"), .clientKey(.chatCompletions)),
            Route(.post, .exactly("/chat/completions"), .clientKey(.chatCompletions)),
            Route(.get, .exactly("/healthz"), .anyone(.health)),
            Route(.get, .exactly("/readyz"), .anyone(.readiness)),
            Route(.get, .exactly("/v1/models"), .clientKey(.models)),
            Route(.get, .exactly("/models"), .clientKey(.models)),
            Route(.get, .named(below: "/v1/models/"), .clientKey(.model)),
            Route(.get, .named(below: "/models/"), .clientKey(.model)),
        ], forgivesSlashes: true)

    /// The row of a request.
    /// - Throws: `not_found`; `method_not_allowed` when the path exists.
    static func match(_ head: HTTPRequestHead) throws(GatewayError) -> RouteTable<PublicAccess>.Match {
        guard let match = table.find(head) else {
            let path = RouteTable<PublicAccess>.tidied(head.path)
            throw GatewayError(.notFound, "There is nothing at \(path.prefix(120)). Chat is at /v1/chat/completions.")
        }
        try match.methods.check(head.method)
        return match
    }
}
