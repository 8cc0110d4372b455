internal import Chat
internal import HTTPServer

/// The endpoints of the admin listener.
enum AdminEndpoint {
    case healthz
    case status
    case budgets
    case reload
    case refund

    /// Finds the endpoint that `head` asks for.
    /// - Throws: `not_found`.
    init(_ head: HTTPRequestHead) throws(GatewayError) {
        if head.pathEquals("/healthz") {
            self = .healthz
        } else if head.pathEquals("/admin/v1/status") {
            self = .status
        } else if head.pathEquals("/admin/v1/budgets") {
            self = .budgets
        } else if head.pathEquals("/admin/v1/reload") {
            self = .reload
        } else if head.pathEquals("/admin/v1/ledger/refund") {
            self = .refund
        } else {
            let path = String(decoding: head.path.prefix(120), as: UTF8.self)
            throw GatewayError(
                .notFound,
                "The admin listener has nothing at \(path). It has /healthz, /admin/v1/status, /admin/v1/budgets, /admin/v1/reload and /admin/v1/ledger/refund."
            )
        }
    }

    /// Whether only the holder of the admin key may use it.
    var needsKey: Bool { self != .healthz }

    /// The field `Allow`.
    var allowedMethods: String { isRead ? "GET, HEAD" : "POST" }

    private var isRead: Bool { self == .healthz || self == .status || self == .budgets }

    /// - Throws: `method_not_allowed`.
    func check(_ method: HTTPMethod) throws(GatewayError) {
        let fits = isRead ? method == .get || method == .head : method == .post
        if !fits { throw GatewayError(.methodNotAllowed, "This path takes \(allowedMethods) only.") }
    }
}
