internal import Chat
internal import HTTPServer

/// The access that a row of the public listener's route table requires.
enum PublicAccess: Equatable {
    /// No key, and answered in any state: load balancers depend on it.
    case anyone(OpenEndpoint)
    /// A client key, and memory that is not exhausted.
    case clientKey(ClientEndpoint)
}

/// Endpoints without a key.
enum OpenEndpoint { case health, readiness }

/// Endpoints that need a client key.
enum ClientEndpoint { case chatCompletions, models, model, mcp }

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
            Route(.post, .exactly("/mcp"), .clientKey(.mcp)),
            Route(.post, .named(below: "/mcp/"), .clientKey(.mcp)),
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
