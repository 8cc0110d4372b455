internal import Chat
internal import Core
internal import HTTPServer

extension AdminHandler {
    /// `POST /admin/v1/reload`: reloads the policy files, all or none. If they are refused, the response (422) has the reasons. With
    /// `{"force": true}`, or `?force=true`, policies that remove something in use are accepted.
    func reload(_ call: AdminCall) async throws(GatewayError) {
        let body = try await call.body()
        let (inQuery, inBody) = (try Self.isForced(query: call.exchange.head.query), try isForced(body: body))
        let isForced = inQuery || inBody
        let gateway = gateway
        // Reading and compiling files must not block the loop.
        let problems = await Task.detached { gateway.reloadPolicies(isForced: isForced) }.value
        var json: [UInt8] = []
        json.append(problems.isEmpty ? "{\"reloaded\":true" : "{\"reloaded\":false")
        json.append(",\"errors\":[")
        for (index, problem) in problems.enumerated() {
            if index > 0 { json.append(",") }
            json.appendJSONString(problem)
        }
        json.append("]}")
        call.answer(problems.isEmpty ? 200 : 422, json)
    }

    private static func isForced(query: ArraySlice<UInt8>?) throws(GatewayError) -> Bool {
        switch String(decoding: query ?? [], as: UTF8.self) {
        case "": return false
        case "force=true", "force=1", "force": return true
        case "force=false", "force=0": return false
        default: throw GatewayError(.invalidRequest, "The query may be ?force=true only.", param: "force")
        }
    }

    private func isForced(body: [UInt8]) throws(GatewayError) -> Bool {
        let text = body.drop { [0x20, 0x09, 0x0A, 0x0D, 0].contains($0) }
        if text.isEmpty { return false }
        return try reader.read(body) { (root) throws(GatewayError) in
            guard root.kind == .object else { throw GatewayError(.invalidRequest, "The body must be a JSON object: {\"force\": true}.") }
            var isForced = false
            for (name, value) in root.members {
                guard name.isString("force"), let flag = value.bool else {
                    throw GatewayError(
                        .invalidRequest, "The body takes {\"force\": true} only.", param: name.string.map { String($0.prefix(64)) })
                }
                isForced = flag
            }
            return isForced
        }
    }

    /// `GET /admin/v1/status`: what `/readyz` reports, with the reasons.
    func showStatus(_ call: AdminCall) { call.answer(200, Readiness(gateway).json(withDetails: true)) }
}
