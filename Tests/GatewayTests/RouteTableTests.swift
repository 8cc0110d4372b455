import Chat
import HTTPServer
import Testing

@testable import Gateway

@Suite struct RouteTableTests {
    private func head(_ method: String, _ path: String) throws -> HTTPRequestHead {
        var parser = HTTPRequestParser()
        let bytes = Array("\(method) \(path) HTTP/1.1\r\nHost: h\r\n\r\n".utf8)
        guard case .head(let head, _) = parser.parseHead(bytes.span) else { throw NoHead() }
        return head
    }

    private struct NoHead: Error {}

    private func found(_ method: String, _ path: String) throws -> String {
        do {
            let match = try PublicRoutes.match(try head(method, path))
            return match.name.isEmpty ? "\(match.access)" : "\(match.access) \(match.name)"
        } catch let error as GatewayError {
            return "\(error.code.status) \(error.publicMessage)"
        }
    }

    @Test(arguments: [
        ("POST", "/v1/chat/completions", "clientKey(Gateway.ClientEndpoint.chatCompletions)"),
        ("POST", "/chat/completions?x=1", "clientKey(Gateway.ClientEndpoint.chatCompletions)"),
        ("POST", "//v1/chat//completions/", "clientKey(Gateway.ClientEndpoint.chatCompletions)"),
        ("GET", "/chat/completions", "405 This path takes POST only."),
        ("GET", "/v1/models", "clientKey(Gateway.ClientEndpoint.models)"),
        ("HEAD", "/models/", "clientKey(Gateway.ClientEndpoint.models)"),
        ("POST", "/v1/models", "405 This path takes GET, HEAD only."),
        ("GET", "/v1/models/a%2Fb", "clientKey(Gateway.ClientEndpoint.model) a/b"),
        ("GET", "/models/openai/gpt", "clientKey(Gateway.ClientEndpoint.model) openai/gpt"),
        ("DELETE", "/v1/models/a", "405 This path takes GET, HEAD only."),
        ("GET", "/v1/models/%ff", "404 There is nothing at /v1/models/%ff. Chat is at /v1/chat/completions."),
        ("GET", "/healthz", "anyone(Gateway.OpenEndpoint.health)"),
        ("HEAD", "/readyz", "anyone(Gateway.OpenEndpoint.readiness)"),
        ("GET", "/v1/healthz", "404 There is nothing at /v1/healthz. Chat is at /v1/chat/completions."),
        ("GET", "/v1/modelsX", "404 There is nothing at /v1/modelsX. Chat is at /v1/chat/completions."),
        ("POST", "/", "404 There is nothing at /. Chat is at /v1/chat/completions."),
    ])
    func thePublicTable(_ method: String, _ path: String, _ expected: String) throws {
        #expect(try found(method, path) == expected)
    }

    @Test(arguments: [
        ("/healthz", "GET, HEAD"), ("/admin/v1/status", "GET, HEAD"), ("/admin/v1/budgets", "GET, HEAD"), ("/admin/v1/reload", "POST"),
        ("/admin/v1/ledger/refund", "POST"), ("/admin/v1/reload/", ""), ("//healthz", ""),
    ])
    func theAdminTable(_ path: String, _ methods: String) throws {
        #expect(AdminRoutes.table.allowedMethods(try head("GET", path)) == methods)
    }

    /// Whoever has no key learns nothing of the methods: they are checked after it.
    @Test func onlyHealthIsOpenOnTheAdminListener() throws {
        for path in AdminRoutes.table.paths {
            let route = try AdminRoutes.find(try head("PATCH", path))
            #expect((route.access == .anyone(.health)) == (path == "/healthz"))
        }
        do {
            _ = try AdminRoutes.find(try head("GET", "/x"))
            Issue.record("found")
        } catch let error as GatewayError {
            #expect(
                error.publicMessage
                    == "The admin listener has nothing at /x. It has /healthz, /admin/v1/status, /admin/v1/budgets, /admin/v1/reload and /admin/v1/ledger/refund."
            )
        }
    }

    @Test(arguments: [("a%20b", "a b"), ("%c3%A9", "é"), ("%", nil), ("%4", nil), ("%ff", nil), ("", "")] as [(String, String?)])
    func escapesAreDecoded(_ text: String, _ decoded: String?) { #expect(PercentCoding.decode(text) == decoded) }
}
