internal import Chat

extension AdminHandler {
    /// `POST /admin/v1/reload`: takes up the policy files anew, all or none. Where they are refused, the answer (422) says why.
    func reload(_ call: AdminCall) async throws(GatewayError) {
        _ = try await call.body()
        let gateway = gateway
        // Reads files and compiles: not on the loop.
        let problems = await Task.detached { gateway.reloadPolicies() }.value
        var body: [UInt8] = []
        body.append(problems.isEmpty ? "{\"reloaded\":true" : "{\"reloaded\":false")
        body.append(",\"errors\":[")
        for (index, problem) in problems.enumerated() {
            if index > 0 { body.append(",") }
            body.appendJSONString(problem)
        }
        body.append("]}")
        call.answer(problems.isEmpty ? 200 : 422, body)
    }
}
