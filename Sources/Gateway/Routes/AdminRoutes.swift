internal import Chat
internal import HTTPServer

/// Who may do what on the admin listener, under one of its own host names.
enum AdminPermission: Equatable {
    /// Whoever reaches the listener.
    case anyone(OpenAdminEndpoint)
    /// Whoever has the admin key.
    case adminKey(AdminEndpoint)
}

/// What needs no key.
enum OpenAdminEndpoint { case health }

/// What needs the admin key.
enum AdminEndpoint { case status, budgets, reload, refund }

/// The route table of the admin listener.
enum AdminRoutes {
    static let table = RouteTable<AdminPermission>(
        [
            Route(.get, .exactly("/healthz"), .anyone(.health)),
            Route(.get, .exactly("/admin/v1/status"), .adminKey(.status)),
            Route(.get, .exactly("/admin/v1/budgets"), .adminKey(.budgets)),
            Route(.post, .exactly("/admin/v1/reload"), .adminKey(.reload)),
            Route(.post, .exactly("/admin/v1/ledger/refund"), .adminKey(.refund)),
        ], forgivesSlashes: false)

    /// The row of a request, whatever its method: that is told to holders of the key only.
    /// - Throws: `not_found`.
    static func find(_ head: HTTPRequestHead) throws(GatewayError) -> RouteTable<AdminPermission>.Match {
        if let match = table.find(head) { return match }
        let path = String(decoding: head.path.prefix(120), as: UTF8.self)
        let all = table.paths.dropLast().joined(separator: ", ") + " and " + (table.paths.last ?? "")
        throw GatewayError(.notFound, "The admin listener has nothing at \(path). It has \(all).")
    }
}
