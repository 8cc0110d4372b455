internal import Chat
internal import Core
public import EventLoop
public import HTTPServer
internal import Ledger
internal import Logging

/// Answers the requests of the admin listener. Belongs to its loop.
public final class AdminHandler: HTTPHandler {
    let gateway: Gateway
    let reader = JSONReader()
    private let access: AdminAccess
    private var identifiers: IdentifierSource

    /// The largest body, in bytes.
    public static let limits = HTTPLimits(body: 64 * 1024)

    /// Makes the handler of a listener on `loop`.
    public init(_ gateway: Gateway, access: AdminAccess, loop: EventLoop) {
        self.gateway = gateway
        self.access = access
        identifiers = IdentifierSource(seconds: WallTime.now.microseconds / 1_000_000, loop: loop.index)
    }

    /// Answers one request: host first, then path, key and method.
    public func handle(_ exchange: HTTPExchange) async {
        let call = AdminCall(exchange: exchange, requestID: identifiers.next("req_"))
        do throws(GatewayError) {
            try access.checkHost(exchange.head)
            let route = try AdminRoutes.find(exchange.head)
            if case .adminKey = route.access { try access.checkKey(exchange.head) }
            try route.methods.check(exchange.head.method)
            switch route.access {
            case .anyone(.health): call.answer(200, Array("{\"status\":\"ok\"}".utf8))
            case .adminKey(.status): showStatus(call)
            case .adminKey(.budgets): try await listBudgets(call)
            case .adminKey(.reload): try await reload(call)
            case .adminKey(.refund): try await refund(call)
            }
        } catch {
            answer(call, error)
        }
    }

    private func answer(_ call: AdminCall, _ error: GatewayError) {
        if error.source != .client {
            gateway.log.warning(
                "admin request failed",
                metadata: [
                    "request_id": "\(call.requestID)", "code": "\(error.code.name)", "detail": "\(error.detail ?? error.publicMessage)",
                ])
        }
        let answer = ErrorAnswer(error)
        call.exchange.respond(answer.status, body: answer.body) { fields in
            answer.appendFields(to: &fields)
            call.appendFields(to: &fields)
            if error.code == .methodNotAllowed { fields.appendField("allow", value: AdminRoutes.table.allowedMethods(call.exchange.head)) }
        }
    }

    /// Answers a request that is not valid HTTP.
    public func refuse(_ violation: HTTPViolation, _ refusal: HTTPRefusal) {
        let answer = ErrorAnswer(GatewayError(violation))
        refusal.respond(violation.status, body: answer.body) { answer.appendFields(to: &$0) }
    }

    /// All connections of the admin listener are in use. Its clients are on this machine or trusted, so each refusal is logged.
    public func turnedAway() { gateway.log.warning("admin connection turned away at the limit on their number") }
}

/// One request to the admin listener.
struct AdminCall {
    let exchange: HTTPExchange
    let requestID: String

    /// Sends a JSON document.
    func answer(_ status: Int, _ body: [UInt8]) {
        exchange.respond(status, body: body) { fields in
            fields.contentType = "application/json"
            appendFields(to: &fields)
        }
    }

    func appendFields(to fields: inout HTTPResponseHead) {
        fields.appendField("x-request-id", value: requestID)
        fields.appendField("cache-control", value: "no-store")
    }

    /// The whole body, which must not be compressed.
    /// - Throws: errors of the HTTP layer, and 415.
    func body() async throws(GatewayError) -> [UInt8] {
        if exchange.head.hasContentEncoding {
            throw GatewayError(.unsupportedMediaType, "Compressed request bodies are not taken; send the JSON as it is.")
        }
        do throws(HTTPViolation) { return try await exchange.body(padding: JSONReader.padding) } catch { throw GatewayError(error) }
    }
}
