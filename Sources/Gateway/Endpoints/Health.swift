internal import Chat
internal import Core
internal import Execution
internal import HTTPServer
internal import Ledger

extension GatewayLoop {
    /// `GET /healthz`: the process is alive. Reports nothing else, and needs no key.
    func answerHealth(_ call: IncomingRequest) {
        answerJSON(200, Array("{\"status\":\"ok\"}".utf8), call)
    }

    /// `GET /readyz`: whether this gateway should get traffic, without details, because it needs no key. A refused reload is shown but does
    /// not make it unready, since the old policies stay in force; the admin listener has the reasons.
    func answerReadiness(_ call: IncomingRequest) {
        let readiness = Readiness(gateway)
        answerJSON(readiness.isReady ? 200 : 503, readiness.json(withDetails: false), call)
    }
}

/// The state of the gateway.
struct Readiness {
    private let gateway: Gateway
    private let memory: MemoryState
    private let isFull: Bool
    private let ledgerIsHealthy: Bool
    private let policiesError: String?

    init(_ gateway: Gateway) {
        self.gateway = gateway
        memory = gateway.memory.state
        isFull = gateway.places.isFull
        ledgerIsHealthy = gateway.ledger.isHealthy
        policiesError = gateway.policies.lastError
    }

    /// Whether the gateway should get traffic.
    var isReady: Bool { ledgerIsHealthy && !gateway.isDraining && memory != .exhausted && !isFull }

    /// - Parameter withDetails: whether to add the reasons, which name files, teams and addresses.
    func json(withDetails: Bool) -> [UInt8] {
        var body = Array("{\"status\":\"\(isReady ? "ready" : "not ready")\"".utf8)
        body.append(contentsOf: ",\"ledger\":\"\(ledgerIsHealthy ? "ok" : "unavailable")\",\"draining\":\(gateway.isDraining)".utf8)
        body.append(contentsOf: ",\"memory\":\"\(memory.name)\",\"requests\":\"\(isFull ? "full" : "ok")\"".utf8)
        body.append(contentsOf: ",\"policies\":\"\(policiesError == nil ? "ok" : "refused")\"".utf8)
        body.append(contentsOf: ",\"keys\":\"\(gateway.keys.condition.rawValue)\"".utf8)
        if withDetails {
            body.append(contentsOf: ",\"policies_version\":\(gateway.policies.current.version)".utf8)
            if let policiesError {
                body.append(contentsOf: ",\"policies_error\":".utf8)
                body.appendJSONString(policiesError)
            }
        }
        body.append(UInt8(ascii: "}"))
        return body
    }
}
