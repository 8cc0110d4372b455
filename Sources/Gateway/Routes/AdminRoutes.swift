internal import Chat
internal import HTTPServer

/// The access that a row of the admin listener's route table requires, besides one of the listener's host names.
enum AdminPermission: Equatable {
    /// No key.
    case anyone(OpenAdminEndpoint)
    /// The admin key.
    case adminKey(AdminEndpoint)
}

/// Endpoints without a key.
enum OpenAdminEndpoint { case health }

/// Endpoints that need the admin key.
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
