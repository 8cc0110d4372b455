internal import Chat
internal import HTTPServer
internal import Ledger

extension GatewayLoop {
    /// `GET /healthz`: the process is alive. Says nothing else, and needs no key.
    func answerHealth(_ call: IncomingCall) {
        answerJSON(200, Array("{\"status\":\"ok\"}".utf8), call)
    }

    /// `GET /readyz`: whether this gateway should get traffic. A refused reload does not make it unready, since the old policies serve on,
    /// but it is shown.
    func answerReadiness(_ call: IncomingCall) {
        let memory = gateway.memory.state
        let isFull = gateway.isFull
        let isReady = gateway.ledger.isHealthy && !gateway.isDraining && memory != .exhausted && !isFull
        var body = Array("{\"status\":\"\(isReady ? "ready" : "not ready")\"".utf8)
        body.append(
            contentsOf: ",\"ledger\":\"\(gateway.ledger.isHealthy ? "ok" : "unavailable")\",\"draining\":\(gateway.isDraining)".utf8)
        body.append(contentsOf: ",\"memory\":\"\(memory.name)\",\"requests\":\"\(isFull ? "full" : "ok")\"".utf8)
        body.append(contentsOf: ",\"policies\":\"\(gateway.policies.lastError == nil ? "ok" : "refused")\"".utf8)
        if let error = gateway.policies.lastError {
            body.append(contentsOf: ",\"policies_error\":".utf8)
            body.appendJSONString(error)
        }
        body.append(UInt8(ascii: "}"))
        answerJSON(isReady ? 200 : 503, body, call)
    }
}
